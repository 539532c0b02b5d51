/** Thrown for a frame's part that is no command: the connection is closed 3501. */
export class MalformedCommand extends Error {
  override readonly name = 'MalformedCommand'
}

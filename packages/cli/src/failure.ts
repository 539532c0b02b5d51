/** What a script may rely on; described in docs/cli.md. */
export const exitCodes = {
  /** Something that nobody expected, or connections that did not end within `shutdown.timeout`. */
  failed: 1,
  /** An unknown command or flag, or one that lacks its value. */
  usage: 2,
  /** The configuration can't be parsed, its extension is unknown, it is not valid, or needs what the hub doesn't have. */
  config: 3,
  /** A file can't be read or written. */
  file: 4,
  /** The address or port can't be listened on. */
  listen: 5,
  /** A token is not valid, or can't be made with this configuration. */
  token: 6,
} as const

/** Ends the program with one clear line, or one for each thing that is wrong. Nobody's stack is shown. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exitCode: number

  constructor(kind: keyof typeof exitCodes, lines: string | readonly string[], cause?: unknown) {
    super(typeof lines === 'string' ? lines : lines.join('\n'), { cause })
    this.exitCode = exitCodes[kind]
  }
}

/** The text of an error that the system or a library gave; without the system's code, call and path. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/^E[A-Z]+: (.*), \w+(?: '.*')?$/, '$1')
}

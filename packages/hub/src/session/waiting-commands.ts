import type { Frame } from '../wires/wire.ts'

/** Commands that wait for one before them; above it the peer is not read from. */
const maxWaiting = 64

/** What a peer has sent and has not been run yet, in the order in which it came. */
export class WaitingCommands {
  readonly #commands: Frame[] = []
  /** Of the largest command; see `isFlooded`. */
  readonly #maxLength: number
  #length = 0

  /** @param maxLength of one command, in bytes; 0 where none comes but by a request of its own */
  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** Nothing more is to be read for now. */
  get isFull(): boolean {
    return this.#commands.length > maxWaiting
  }

  /** More wait than a transport that can't be paused may add to. */
  get isCongested(): boolean {
    return this.#commands.length > 2 * maxWaiting
  }

  /**
   * More waits than a peer can have sent until it was no longer read from, unless by compression: some kilobytes that
   * were read already may then hold a thousand times as much.
   */
  get isFlooded(): boolean {
    return this.#maxLength > 0 && this.#length > 2 * maxWaiting * this.#maxLength
  }

  push(command: Frame): void {
    this.#commands.push(command)
    this.#length += command.length
  }

  shift(): Frame | undefined {
    const command = this.#commands.shift()
    this.#length -= command?.length ?? 0
    // Gives the array's places back: kept, they would be 150 bytes for each connection that ever said anything.
    if (this.#commands.length === 0) this.#commands.length = 0
    return command
  }

  clear(): void {
    this.#commands.length = 0
    this.#length = 0
  }
}

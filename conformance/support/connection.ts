export interface Received {
  message: string
  binary: boolean
}

/** How long a script waits for a message or a close before it writes down that nothing came. */
export const patience = 8_000

/** What a script talks through, whatever carries it. Messages are in JSON's notation. */
export interface Connection {
  /** What the server has chosen or answered when the connection was opened. */
  readonly chosen: string
  /** How the connection ended, once it has. */
  readonly ended: string | undefined
  /** Sends; false when there is no way to. What an emulated command is answered with is told when it is not usual. */
  send(data: string | Buffer, binary: boolean): Promise<boolean | string>
  /** The next message; undefined when the connection has ended, or nothing came in time. */
  next(milliseconds?: number): Promise<Received | undefined>
  /** Closes from this side. */
  hangUp(): Promise<void>
  terminate(): void
}

/** What has been received and not been read yet, and a way to wait for more. */
export class Inbox {
  readonly #received: Received[] = []
  #ended: string | undefined
  #wake: (() => void) | undefined

  get ended(): string | undefined {
    return this.#ended
  }

  add(message: string, binary = false): void {
    this.#received.push({ message, binary })
    this.#wake?.()
  }

  end(how: string): void {
    this.#ended ??= how
    this.#wake?.()
  }

  async next(milliseconds: number): Promise<Received | undefined> {
    const deadline = Date.now() + milliseconds
    while (this.#received.length === 0 && this.#ended === undefined) {
      const left = deadline - Date.now()
      if (left <= 0) return undefined
      await this.#something(left)
    }
    return this.#received.shift()
  }

  #something(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

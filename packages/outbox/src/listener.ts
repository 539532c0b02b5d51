/** Keeps listening for notifications. They only save time: whoever misses one finds the row by polling. */
import type { OutboxDatabase } from './database.ts'
import type { Trouble } from './trouble.ts'

export class Listener {
  readonly #database: OutboxDatabase
  readonly #channel: string
  readonly #trouble: Trouble
  readonly #onNotify: (payload: string) => void
  /** What was written while nobody listened has to be looked for. */
  readonly #onListening: () => void
  #unlisten: (() => Promise<void>) | undefined
  #attempt: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(
    database: OutboxDatabase,
    channel: string,
    trouble: Trouble,
    events: { readonly onNotify: (payload: string) => void; readonly onListening: () => void },
  ) {
    this.#database = database
    this.#channel = channel
    this.#trouble = trouble
    this.#onNotify = events.onNotify
    this.#onListening = events.onListening
  }

  get isListening(): boolean {
    return this.#unlisten !== undefined
  }

  start(): void {
    this.#attempt = this.#listen()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#attempt
    await this.#unlisten?.().catch(() => {})
    this.#unlisten = undefined
  }

  async #listen(): Promise<void> {
    let lost = false
    let begunAt: number
    const onLost = (error: unknown = new Error('the connection ended')) => {
      if (lost) return
      lost = true
      this.#unlisten = undefined
      this.#retry(error)
    }
    try {
      begunAt = performance.now()
      const unlisten = await this.#database.listen(this.#channel, this.#onNotify, onLost)
      if (lost) return
      this.#unlisten = unlisten
    } catch (error) {
      onLost(error)
      return
    }
    this.#trouble.passed(begunAt)
    this.#onListening()
  }

  #retry(error: unknown): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => this.start(), this.#trouble.failed(error))
  }
}

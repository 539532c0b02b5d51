/** Something that everything depends on and that is out of reach: the engine, the database, its notifications. */
import { backoff } from './backoff.ts'
import { describe } from './checks.ts'
import type { OutboxLogger } from './log.ts'

const firstMs = 100
const longestMs = 5_000

export class Trouble {
  readonly #logger: OutboxLogger
  readonly #messages: { readonly begins: string; readonly ends: string }
  readonly #onBegin: (error: Error) => void
  #tries = 0
  #since = 0
  #retryAt = 0
  #failedAt = 0
  #passedAt = -Infinity
  #error: Error | undefined

  /** Tells it once when it begins and once when it is over, however often it is tried in between. */
  constructor(
    logger: OutboxLogger,
    messages: { readonly begins: string; readonly ends: string },
    onBegin: (error: Error) => void,
  ) {
    this.#logger = logger
    this.#messages = messages
    this.#onBegin = onBegin
  }

  /** Milliseconds until the next attempt; 0: now. */
  get waitMs(): number {
    return Math.max(0, this.#retryAt - performance.now())
  }

  get state(): { readonly forMs: number; readonly error: string } | undefined {
    return this.#error && { forMs: Math.round(performance.now() - this.#since), error: this.#error.message }
  }

  /** @returns milliseconds until the next attempt */
  failed(thrown: unknown): number {
    // Partitions fail together: what all of them saw is one attempt.
    if (this.waitMs > 0) return this.waitMs
    const error = thrown instanceof Error ? thrown : new Error(describe(thrown))
    // What comes and goes is one trouble: it is tried as rarely as if it had stayed.
    if (this.#error === undefined && performance.now() - this.#passedAt > 2 * longestMs) this.#tries = 0
    this.#tries++
    this.#failedAt = performance.now()
    this.#retryAt = performance.now() + backoff(this.#tries, firstMs, longestMs)
    const isNew = this.#error === undefined
    this.#error = error
    if (isNew) {
      this.#since = performance.now()
      this.#logger.warn({ error: error.message }, this.#messages.begins)
      this.#onBegin(error)
    }
    return this.waitMs
  }

  /**
   * @param begunAt when what has succeeded began: it says nothing of a failure that came after that
   * @returns whether there was any trouble
   */
  passed(begunAt: number): boolean {
    if (!this.#error || begunAt < this.#failedAt) return false
    const seconds = ((performance.now() - this.#since) / 1000).toFixed(1)
    this.#logger.warn({ seconds: Number(seconds), tries: this.#tries }, this.#messages.ends)
    this.#error = undefined
    this.#passedAt = performance.now()
    this.#retryAt = 0
    return true
  }
}

/** A connection that lasted this long was a good one: the pauses start small again. Milliseconds. */
const goodAfter = 5000

/**
 * When to try again: after a random pause between `min` and a bound that doubles with every failure in a row, so that
 * the clients of a server that went down don't come back together. Coming back online, or to the page, ends the pause.
 */
export class Backoff {
  readonly #min: number
  readonly #max: number
  readonly #attempt: () => void
  #failures = 0
  #openedAt: number | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(min: number, max: number, attempt: () => void) {
    this.#min = min
    this.#max = max
    this.#attempt = attempt
    // Neither is everywhere: workers have no document, other runtimes not even the first.
    globalThis.addEventListener?.('online', this.#now)
    globalThis.document?.addEventListener('visibilitychange', this.#onVisibility)
  }

  opened(): void {
    this.#openedAt = Date.now()
  }

  /** @returns the pause, milliseconds */
  plan(): number {
    const lasted = this.#openedAt === undefined ? 0 : Date.now() - this.#openedAt
    this.#failures = lasted >= goodAfter ? 1 : this.#failures + 1
    this.#openedAt = undefined
    const bound = Math.min(this.#max, this.#min * 2 ** this.#failures)
    const pause = this.#min + Math.random() * (bound - this.#min)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#now, pause)
    return pause
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    globalThis.removeEventListener?.('online', this.#now)
    globalThis.document?.removeEventListener('visibilitychange', this.#onVisibility)
  }

  readonly #onVisibility = (): void => {
    if (document.visibilityState === 'visible') this.#now()
  }

  /** Unless nothing is waiting. */
  readonly #now = (): void => {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#attempt()
  }
}

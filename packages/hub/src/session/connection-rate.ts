import type { Clock } from '../clock.ts'

/** How many connections may be made per second: as many at once, then one for each part of a second that passes. */
export class ConnectionRate {
  readonly #perSecond: number
  readonly #clock: Clock
  #left: number
  #countedAt: number

  /** @param perSecond 0: no limit */
  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
    this.#left = perSecond
    this.#countedAt = clock.monotonic()
  }

  /** Whether one more may be made now; it then counts. */
  take(): boolean {
    if (this.#perSecond === 0) return true
    const now = this.#clock.monotonic()
    this.#left = Math.min(this.#perSecond, this.#left + ((now - this.#countedAt) / 1000) * this.#perSecond)
    this.#countedAt = now
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}

import type { Clock } from '../clock.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** Time that stands still until a test moves it. Ends of ticks come when the test says so, or with the next advance. */
export class TestClock implements Clock {
  #now: number
  #monotonic = 0
  #timers: Timer[] = []
  #tick: (() => void)[] = []

  /** @param now unix milliseconds at the start */
  constructor(now = Date.UTC(2030, 0, 1)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#monotonic
  }

  setTimer(callback: () => void, ms: number): () => void {
    const timer: Timer = { at: this.#monotonic + ms, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((candidate) => candidate !== timer)
    }
  }

  endOfTick(callback: () => void): void {
    this.#tick.push(callback)
  }

  /** Always in the middle, so that first pings come at three quarters of the interval. */
  random(): number {
    return 0.5
  }

  /** Timers that would still ring: nothing may be left of a hub that was closed. */
  get pending(): number {
    return this.#timers.length + this.#tick.length
  }

  /** Ends this turn of the event loop, and those that follow from it. */
  tick(): void {
    while (this.#tick.length > 0) this.turn()
  }

  /** Ends this turn alone. */
  turn(): void {
    const callbacks = this.#tick
    this.#tick = []
    for (const callback of callbacks) callback()
  }

  /** Lets time pass; what falls due rings in order. */
  advance(ms: number): void {
    this.tick()
    const until = this.#monotonic + ms
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#move(Math.max(next.at, this.#monotonic))
      next.callback()
      this.tick()
    }
    this.#move(until)
  }

  /** Time goes by in which the event loop is busy: nothing rings. */
  pass(ms: number): void {
    this.#move(this.#monotonic + ms)
  }

  /** The wall clock is set; the monotonic one doesn't notice. */
  jump(ms: number): void {
    this.#now += ms
  }

  #move(monotonic: number): void {
    this.#now += monotonic - this.#monotonic
    this.#monotonic = monotonic
  }
}

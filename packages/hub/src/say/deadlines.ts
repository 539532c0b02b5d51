import type { Clock } from '../clock.ts'
import { isPromise, type MaybePromise } from '../maybe-promise.ts'

/** Ends what takes too long to answer: it would hold back its connection for good. */
export class Deadlines {
  readonly #clock: Clock
  /** What is still waited for, to be ended with the hub. */
  readonly #running = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls back after `ms`, or when the hub closes; gives a function that cancels. */
  set(ms: number, callback: () => void): () => void {
    const end = (): void => {
      cancel()
      callback()
    }
    const cancelTimer = this.#clock.setTimer(end, ms)
    const cancel = (): void => {
      cancelTimer()
      this.#running.delete(end)
    }
    this.#running.add(end)
    return cancel
  }

  /** An answer that comes in time, or a failure. @param ms 0 for no limit */
  hold<T>(ms: number, answer: MaybePromise<T>): MaybePromise<T> {
    if (ms === 0 || !isPromise(answer)) return answer
    return new Promise<T>((resolve, reject) => {
      const cancel = this.set(ms, () => reject(new Error(`No answer within ${ms} ms`)))
      // Wrapped, since handlers may give what only has a `then`.
      Promise.resolve(answer).finally(cancel).then(resolve, reject)
    })
  }

  /** How much is waited for. */
  get size(): number {
    return this.#running.size
  }

  close(): void {
    for (const end of this.#running) end()
  }
}

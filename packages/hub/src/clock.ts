/** Time and chance as a dependency: the hub has neither of its own, so tests turn them by hand. */
export interface Clock {
  /** Unix milliseconds; may jump. */
  now(): number
  /** Milliseconds that only go forward; lifetimes count on it. */
  monotonic(): number
  /** Calls back after `ms`; gives a function that cancels. The timer alone keeps no process alive. */
  setTimer(callback: () => void, ms: number): () => void
  /** Calls back at the end of this turn of the event loop, once what came in with it was handled. */
  endOfTick(callback: () => void): void
  /** From 0 to below 1; spreads pings. */
  random(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (callback, ms) => {
    const timer = setTimeout(callback, ms)
    // A number where timers are the web's.
    if (typeof timer === 'object') timer.unref()
    return () => clearTimeout(timer)
  },
  endOfTick: (callback) => {
    // Workers have none.
    if (typeof setImmediate === 'function') setImmediate(callback)
    else setTimeout(callback, 0)
  },
  random: () => Math.random(),
}

/** Ever longer pauses, spread so that many instances don't come back in one moment. */

/** @param attempt from 1 @returns milliseconds, between half of the pause and all of it */
export function backoff(attempt: number, firstMs: number, longestMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(attempt - 1, 30), longestMs) * (0.5 + Math.random() / 2)
}

import type { Clock } from './clock.ts'

/** A year: clients keep the time in a timer, and those have a limit. */
const maxTtl = 31_536_000

/** Whole seconds until then, as clients are told. @param expireAt unix seconds */
export function ttlOf(clock: Clock, expireAt: number): number {
  return Math.min(maxTtl, Math.max(1, Math.ceil(expireAt - clock.now() / 1000)))
}

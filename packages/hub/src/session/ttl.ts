import type { RefreshResult } from '@backchannel/protocol'
import type { Clock } from '../clock.ts'

/** A year: clients keep the time in a timer, and those have a limit. */
const maxTtl = 31_536_000

/** Whole seconds until then, as clients are told. @param expireAt unix seconds */
function ttlOf(clock: Clock, expireAt: number): number {
  return Math.min(maxTtl, Math.max(1, Math.ceil(expireAt - clock.now() / 1000)))
}

/**
 * The time that a handler has set for an end. One that can't be compared with would never come.
 * @throws TypeError
 */
export function checkExpireAt(expireAt: number): number {
  if (typeof expireAt === 'number' && !Number.isNaN(expireAt)) return expireAt
  throw new TypeError(`expireAt is not a time in unix seconds, but ${String(expireAt)}`)
}

/** The same as an answer holds it: nothing for what never ends. @param expireAt unix seconds; 0 for never */
export function expiryOf(clock: Clock, expireAt: number): RefreshResult {
  return expireAt > 0 ? { expires: true, ttl: ttlOf(clock, expireAt) } : {}
}

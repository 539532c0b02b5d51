import { signToken, type ConnectionTokenClaims, type SubscriptionTokenClaims } from '@backchannel/protocol/token'
import { tokenKey } from './engine.ts'

/** Claims of a connection token beside `sub` and `exp`, which are set from the other arguments. */
export interface ConnectionTokenOptions extends Omit<ConnectionTokenClaims, 'sub' | 'exp'> {
  /** @default 3600 */
  ttlSeconds?: number | undefined
}

/** Claims of a subscription token beside `sub`, `channel` and `exp`. */
export interface SubscriptionTokenOptions extends Omit<SubscriptionTokenClaims, 'sub' | 'channel' | 'exp'> {
  /** @default 300 */
  ttlSeconds?: number | undefined
}

/**
 * A token with which this user's browser may connect: an HS256 JWT with `sub` and `exp`, and the claims that the
 * options name. Synchronous, no network.
 * @throws Error for an empty user id: the server would take the connection for anonymous.
 * @throws Error `CENTRIFUGO_TOKEN_HMAC_SECRET is not set` when it is unset and no hub runs in this process.
 */
export function issueConnectionToken(userId: string, ttlSeconds: number | ConnectionTokenOptions = {}): string {
  const { ttlSeconds: ttl = 3600, ...claims } = optionsOf(ttlSeconds)
  requireName('user id', userId)
  return signToken({ ...claims, sub: userId, exp: expiry(ttl) }, tokenKey('connection'))
}

/**
 * A token with which this user's browser may subscribe to this one channel, whatever the channel's own permissions.
 * @throws Error as `issueConnectionToken`, and for an empty channel.
 */
export function issueSubscriptionToken(
  userId: string,
  channel: string,
  ttlSeconds: number | SubscriptionTokenOptions = {},
): string {
  const { ttlSeconds: ttl = 300, ...claims } = optionsOf(ttlSeconds)
  requireName('user id', userId)
  requireName('channel', channel)
  return signToken({ ...claims, sub: userId, channel, exp: expiry(ttl) }, tokenKey('subscription'))
}

function optionsOf<T extends { ttlSeconds?: number | undefined }>(value: number | T): T | { ttlSeconds: number } {
  return typeof value === 'number' ? { ttlSeconds: value } : value
}

/** Checked at run time too: the id comes out of a session, where a typing slip gives undefined. */
function requireName(what: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw new Error(`A token needs a ${what}, and got an empty one`)
}

function expiry(ttlSeconds: number): number {
  // NaN and Infinity become null in JSON, and a token without an expiry never ends.
  if (!Number.isFinite(ttlSeconds)) throw new Error('A token needs a lifetime in seconds, as a finite number')
  return Math.floor(Date.now() / 1000) + Math.trunc(ttlSeconds)
}

/**
 * Connection and subscription tokens: HS256 JWTs with Centrifugo's claims. Signatures are fast-jwt's work (a kept,
 * synchronous library); times are checked here, against the caller's clock.
 */
import { createSigner, createVerifier } from 'fast-jwt'
import type { ServerApiMethods } from './server-api.ts'

type SubscribeOverride = NonNullable<ServerApiMethods['subscribe']['request']['override']>

/** A server-side subscription that a connection token brings along. */
export interface TokenSubscription {
  info?: unknown
  b64info?: string
  data?: unknown
  b64data?: string
  override?: SubscribeOverride
}

/** What both kinds of token may hold beside their own claims. Times are unix seconds. */
export interface TokenClaims {
  /** The user's id; empty means anonymous. */
  sub?: string
  exp?: number
  nbf?: number
  iat?: number
  jti?: string
  aud?: string | string[]
  iss?: string
  /** Shown to others in presence and join events. */
  info?: unknown
  b64info?: string
  /** When the connection or subscription ends, in place of `exp`; 0 for never. */
  expire_at?: number
}

export interface ConnectionTokenClaims extends TokenClaims {
  /** Channels that the connection is subscribed to by the server. */
  channels?: string[]
  /** The same with options; wins over `channels`. */
  subs?: Record<string, TokenSubscription>
  /** Only the server sees it. */
  meta?: unknown
}

export interface SubscriptionTokenClaims extends TokenClaims {
  channel: string
  /** Binds the token to one connection. */
  client?: string
  data?: unknown
  b64data?: string
  override?: SubscribeOverride
}

/** Why a token was refused: `expired` lets the client ask for a new one, `invalid` does not. */
export class TokenError extends Error {
  override readonly name = 'TokenError'
  readonly reason: 'expired' | 'invalid'

  constructor(reason: 'expired' | 'invalid', message: string) {
    super(message)
    this.reason = reason
  }
}

const times = ['exp', 'nbf', 'iat'] as const

const signers = new Map<string, (claims: object) => string>()
const signersKeepingIat = new Map<string, (claims: object) => string>()
const verifiers = new Map<string, (token: string) => unknown>()
/** Keys in use are one or two; the bound only keeps rotation over months from growing the map. */
const maxCachedKeys = 16

function cached<T>(cache: Map<string, T>, key: string, create: () => T): T {
  let value = cache.get(key)
  if (value === undefined) {
    if (cache.size >= maxCachedKeys) cache.clear()
    value = create()
    cache.set(key, value)
  }
  return value
}

/**
 * A signed token, header `{"alg":"HS256","typ":"JWT"}`, with exactly these claims. Synchronous.
 * @throws Error when the key is empty, a time is not whole seconds above 0, or a claim can't be serialised.
 */
export function signToken(claims: ConnectionTokenClaims | SubscriptionTokenClaims, key: string): string {
  if (key === '') throw new Error('The token key is empty')
  for (const name of times) {
    const value = claims[name]
    // fast-jwt leaves `exp: 0` out, which would make a token that never expires.
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw new RangeError(`${name} must be whole unix seconds above 0, got ${value}`)
    }
  }
  // fast-jwt either adds an `iat` of its own or, told not to, drops the caller's.
  const noTimestamp = claims.iat === undefined
  const cache = noTimestamp ? signers : signersKeepingIat
  const sign = cached(cache, key, () => createSigner({ algorithm: 'HS256', key, noTimestamp }))
  return sign(claims)
}

/**
 * The claims of a token whose signature, shape and time are in order. HMAC only: a token that names another kind of
 * algorithm, or none, is refused whatever it is signed with. Times that were written as text come as numbers.
 * @param now unix milliseconds
 * @throws TokenError
 */
export function verifyToken(token: string, key: string, now: number): Record<string, unknown> {
  if (key === '') throw new TokenError('invalid', 'no token key is configured')
  const claims = signedClaims(token, key)
  checkRegisteredClaims(claims)
  for (const name of times) {
    const value = time(claims, name)
    if (value !== undefined) claims[name] = value
  }
  const { exp, nbf } = claims as { exp?: number | null; nbf?: number | null }
  if (exp != null && now >= exp * 1000) throw new TokenError('expired', 'the token has expired')
  if (nbf != null && now < nbf * 1000) throw new TokenError('expired', 'the token is not valid yet')
  return claims
}

function signedClaims(token: string, key: string): Record<string, unknown> {
  try {
    const verify = cached(verifiers, key, () =>
      // Times are checked with the caller's clock; fast-jwt would take the process's.
      createVerifier({
        algorithms: ['HS256', 'HS384', 'HS512'],
        key,
        ignoreExpiration: true,
        ignoreNotBefore: true,
        cache: false,
      }),
    )
    // Anything but an object is refused there.
    return verify(token) as Record<string, unknown>
  } catch (error) {
    throw new TokenError('invalid', error instanceof Error ? error.message : String(error))
  }
}

/** Nothing here looks at these, but a token with another type in them is nobody's; Centrifugo refuses it too. */
function checkRegisteredClaims(claims: Record<string, unknown>): void {
  for (const name of ['sub', 'iss', 'jti']) {
    const value = claims[name] ?? ''
    if (typeof value !== 'string') throw new TokenError('invalid', `${name} is not a string`)
  }
  const { aud = [] } = claims
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud]
  if (!audiences.every((audience) => typeof audience === 'string')) {
    throw new TokenError('invalid', 'aud is neither a string nor a list of strings')
  }
}

const numberText = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Unix seconds. A number as text is taken as well: some libraries write it so, and Centrifugo takes it. */
function time(claims: Record<string, unknown>, name: string): number | undefined {
  const claim = claims[name]
  if (claim === undefined || claim === null) return undefined
  const value = typeof claim === 'string' && numberText.test(claim) ? Number(claim) : claim
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TokenError('invalid', `${name} is not a number`)
  return value
}

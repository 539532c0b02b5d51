/**
 * Connection and subscription tokens: JWTs with Centrifugo's claims. HMAC signatures are fast-jwt's work (a kept,
 * synchronous library); times are checked here, against the caller's clock.
 */
import { createDecoder, createSigner, createVerifier } from 'fast-jwt'
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
const verifiers = new Map<string, (token: string) => Decoded>()
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

/** A token's parts as fast-jwt gives them: header and payload are objects, whatever they hold. */
interface Decoded {
  readonly header: Record<string, unknown>
  readonly payload: Record<string, unknown>
}

/** What a token says of itself. Nothing of it is verified. */
export interface DecodedToken {
  /** Empty for none. */
  readonly algorithm: string
  /** Empty for none. */
  readonly keyId: string
  readonly claims: Record<string, unknown>
}

const decode = createDecoder({ complete: true }) as (token: string) => Decoded

/** @throws TokenError for what has not the shape of a JWT, or asks for an extension (`crit`) */
export function decodeToken(token: string): DecodedToken {
  const { header, payload } = parsed(() => decode(token))
  return { algorithm: textOf(header['alg']), keyId: textOf(header['kid']), claims: payload }
}

/**
 * The claims of a token whose signature, shape and time are in order. HMAC only: a token that names another kind of
 * algorithm, or none, is refused whatever it is signed with. Times that were written as text come as numbers.
 * @param now unix milliseconds
 * @throws TokenError
 */
export function verifyToken(token: string, key: string, now: number): Record<string, unknown> {
  const claims = verifyHmac(token, key)
  checkClaims(claims)
  checkTimes(claims, now)
  return claims
}

/**
 * The claims of a token that is signed with this secret by HS256, HS384 or HS512. Their types and times are still to
 * be checked.
 * @throws TokenError
 */
export function verifyHmac(token: string, key: string): Record<string, unknown> {
  if (key === '') throw new TokenError('invalid', 'no token key is configured')
  return parsed(() => {
    const verify = cached(
      verifiers,
      key,
      () =>
        // Times are checked with the caller's clock; fast-jwt would take the process's.
        createVerifier({
          algorithms: ['HS256', 'HS384', 'HS512'],
          key,
          complete: true,
          ignoreExpiration: true,
          ignoreNotBefore: true,
          cache: false,
        }) as (token: string) => Decoded,
    )
    return verify(token)
  }).payload
}

/** Whoever asks for an extension wants it heeded, and there is none here. fast-jwt lets a `crit` of null pass. */
function parsed(read: () => Decoded): Decoded {
  let decoded: Decoded
  try {
    decoded = read()
  } catch (error) {
    throw new TokenError('invalid', error instanceof Error ? error.message : String(error))
  }
  if (Object.hasOwn(decoded.header, 'crit')) throw new TokenError('invalid', 'the token asks for extensions (crit)')
  return decoded
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/**
 * Checks the types of the claims that every token may have, and makes numbers of times that were written as text.
 * @throws TokenError
 */
export function checkClaims(claims: Record<string, unknown>): void {
  checkRegisteredClaims(claims)
  for (const name of times) {
    const value = time(claims, name)
    if (value !== undefined) claims[name] = value
  }
}

/** @param claims checked by `checkClaims` @param now unix milliseconds @throws TokenError */
export function checkTimes(claims: Record<string, unknown>, now: number): void {
  const { exp, nbf } = claims as { exp?: number | null; nbf?: number | null }
  if (exp != null && now >= exp * 1000) throw new TokenError('expired', 'the token has expired')
  if (nbf != null && now < nbf * 1000) throw new TokenError('expired', 'the token is not valid yet')
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

/** From tokens to what they grant. Signatures and times: `@backchannel/protocol/token`. */
import {
  disconnect,
  oneLine,
  rawMember,
  replyError,
  type ApiSubscribeOverride,
  type Payload,
} from '@backchannel/protocol'
import { TokenError, verifyToken } from '@backchannel/protocol/token'
import type { Core } from './core.ts'

/** The claims of a connection token, checked. */
export interface ConnectionClaims {
  readonly user: string
  readonly info?: Payload
  /** Unix seconds; 0 for never. */
  readonly expireAt: number
  readonly channels: ReadonlyMap<string, ServerSubscription>
}

/** A subscription that the server makes for a client. */
export interface ServerSubscription {
  readonly info?: Payload
  readonly data?: Payload
  readonly override?: ApiSubscribeOverride
}

/** The claims of a subscription token, checked. */
export interface SubscriptionClaims extends ServerSubscription {
  readonly user: string
  readonly channel: string
  /** Empty: any connection of the user. */
  readonly client: string
  readonly expireAt: number
}

/**
 * @throws TokenError
 * @throws ReplyError 110 when `expire_at` has passed, 100 when base64 is broken
 */
export function connectionClaims(core: Core, token: string): ConnectionClaims {
  const { hmac_secret_key: key } = core.config.client.token
  const now = core.clock.now()
  const claims = verifyToken(token, key, now)
  const source = payloadText(token)
  if (text(claims, 'channel') !== '') throw new TokenError('invalid', 'a subscription token was used to connect')
  return {
    user: text(claims, 'sub'),
    expireAt: expireAt(claims, now),
    channels: serverSubscriptions(claims, source),
    ...payload('info', claims, source),
  }
}

/**
 * @throws TokenError
 * @throws ReplyError 110 when `expire_at` has passed, 100 when base64 is broken
 */
export function subscriptionClaims(core: Core, token: string): SubscriptionClaims {
  const now = core.clock.now()
  const claims = verifyToken(token, subscriptionTokenKey(core), now)
  return {
    user: text(claims, 'sub'),
    channel: text(claims, 'channel'),
    client: text(claims, 'client'),
    expireAt: expireAt(claims, now),
    ...serverSubscription(claims, payloadText(token)),
  }
}

/** Whether these claims are of this user, this channel and, where they name one, this connection. */
export function isTokenFor(
  claims: SubscriptionClaims,
  { user, client }: { readonly user: string; readonly client: string },
  channel: string,
): boolean {
  return claims.channel === channel && claims.user === user && (claims.client === '' || claims.client === client)
}

export function subscriptionTokenKey(core: Core): string {
  const { token, subscription_token: own } = core.config.client
  return own.enabled ? own.hmac_secret_key : token.hmac_secret_key
}

/** What a refused connection or refresh token is answered with: expired lets the client bring another. */
export function connectionTokenFailure(error: unknown): unknown {
  if (!(error instanceof TokenError)) return error
  return error.reason === 'expired' ? replyError('tokenExpired') : disconnect('invalidToken')
}

function text(claims: Record<string, unknown>, name: string): string {
  const value = claims[name]
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw new TokenError('invalid', `${name} is not a string`)
  return value
}

function expireAt(claims: Record<string, unknown>, now: number): number {
  const explicit = claims['expire_at']
  if (explicit === undefined || explicit === null) {
    const exp = claims['exp']
    return typeof exp === 'number' ? Math.floor(exp) : 0
  }
  if (!Number.isInteger(explicit)) throw new TokenError('invalid', 'expire_at is not a whole number')
  const seconds = explicit as number
  if (seconds <= 0) return 0
  if (seconds * 1000 <= now) throw replyError('expired')
  return seconds
}

/** JSON that stands in a token, by its path there: what an app put into `info` reaches others as it wrote it. */
type ClaimText = (...path: string[]) => string | undefined

function payloadText(token: string): ClaimText {
  let json: string | undefined
  return (...path) => {
    json ??= Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
    return rawMember(json, ...path)
  }
}

function serverSubscriptions(claims: Record<string, unknown>, source: ClaimText): Map<string, ServerSubscription> {
  const { subs, channels } = claims
  const result = new Map<string, ServerSubscription>()
  if (subs !== undefined && subs !== null) {
    for (const [channel, sub] of Object.entries(record(subs, 'subs'))) {
      const own: ClaimText = (...path) => source('subs', channel, ...path)
      result.set(channel, serverSubscription(record(sub ?? {}, `subs.${channel}`), own))
    }
    if (result.size > 0) return result
  }
  if (channels === undefined || channels === null) return result
  if (!Array.isArray(channels)) throw new TokenError('invalid', 'channels is not a list')
  for (const channel of channels as unknown[]) {
    if (typeof channel !== 'string') throw new TokenError('invalid', 'channels holds something that is no string')
    result.set(channel, {})
  }
  return result
}

function serverSubscription(claims: Record<string, unknown>, source: ClaimText): ServerSubscription {
  const { override } = claims
  return {
    ...payload('info', claims, source),
    ...payload('data', claims, source),
    ...(override === undefined || override === null ? {} : { override: readOverride(record(override, 'override')) }),
  }
}

const overridable = [
  'presence',
  'join_leave',
  'force_push_join_leave',
  'force_positioning',
  'force_recovery',
] as const satisfies readonly (keyof ApiSubscribeOverride)[]

function readOverride(claims: Record<string, unknown>): ApiSubscribeOverride {
  const override: ApiSubscribeOverride = {}
  for (const name of overridable) {
    if (claims[name] === undefined || claims[name] === null) continue
    const { value: given } = record(claims[name], `override.${name}`)
    const value = given ?? false
    if (typeof value !== 'boolean') throw new TokenError('invalid', `override.${name}.value is not true or false`)
    override[name] = { value }
  }
  return override
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TokenError('invalid', `${name} is not an object`)
  }
  return value as Record<string, unknown>
}

/** `{[name]: …}` from JSON or base64; base64 wins, as on the server API. */
function payload<N extends 'info' | 'data'>(
  name: N,
  claims: Record<string, unknown>,
  source: ClaimText,
): { [K in N]?: Payload } {
  const base64 = text(claims, `b64${name}`)
  if (base64 === '' && (claims[name] === undefined || claims[name] === null)) return {}
  const value = base64 === '' ? source(name) : decodeBase64(base64)
  return (value === undefined ? {} : { [name]: value }) as { [K in N]?: Payload }
}

const base64Text = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * Bytes from base64; text, where the bytes are JSON, since then every protocol can carry them.
 * @throws ReplyError 100
 */
export function decodeBase64(base64: string): Payload {
  if (base64.length % 4 !== 0 || !base64Text.test(base64)) throw replyError('internal')
  const bytes = Buffer.from(base64, 'base64')
  const decoded = bytes.toString('utf8')
  try {
    JSON.parse(decoded)
    return oneLine(decoded)
  } catch {
    return bytes
  }
}

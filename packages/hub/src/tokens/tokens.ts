/** From tokens to what they grant. Signatures: `tokens/verifier.ts`; times: `@backchannel/protocol/token`. */
import {
  payloadOf,
  rawMember,
  replyError,
  type ApiSubscribeOverride,
  type Disconnect,
  type Payload,
  type ReplyError,
} from '@backchannel/protocol'
import { checkTimes, TokenError } from '@backchannel/protocol/token'
import type { Clock } from '../clock.ts'
import type { CheckedConfig } from '../config/config.ts'
import type { Logger } from '../logger.ts'
import { chain, rescue, type MaybePromise } from '../maybe-promise.ts'
import { Deadlines } from '../say/deadlines.ts'
import { Revocations, type TokenMark } from './revocations.ts'
import { readUserId } from './user-id.ts'
import { Verifier } from './verifier.ts'

/** The claims of a connection token, checked. */
export interface ConnectionClaims {
  readonly user: string
  readonly info?: Payload
  /** What the app keeps with the connection. */
  readonly meta?: Payload
  /** Unix seconds; 0 for never. */
  readonly expireAt: number
  readonly channels: ReadonlyMap<string, ServerSubscription>
  readonly token: TokenMark
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
  readonly token: TokenMark
}

/** Tokens with their own keys and rules. */
interface Kind {
  readonly verifier: Verifier
  /** The claim that holds the user; empty for `sub`. */
  readonly userIdClaim: string
}

/** What tokens are taken, and what they say. */
export class Tokens {
  readonly revocations: Revocations
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #connection: Kind
  readonly #subscription: Kind

  constructor(config: CheckedConfig['client'], clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#deadlines = new Deadlines(clock)
    this.revocations = new Revocations(clock)
    const skipsSignature = config.insecure_skip_token_signature_verify
    const kind = (options: CheckedConfig['client']['token']): Kind => ({
      verifier: new Verifier(options, { clock, logger, skipsSignature, deadlines: this.#deadlines }),
      userIdClaim: options.user_id_claim,
    })
    this.#connection = kind(config.token)
    this.#subscription = config.subscription_token.enabled ? kind(config.subscription_token) : this.#connection
  }

  /**
   * The claims of a connection token; at once with HMAC, later with other keys.
   * @throws TokenError
   * @throws ReplyError 110 when `expire_at` has passed, 100 when base64 is broken
   */
  connection(token: string): MaybePromise<ConnectionClaims> {
    const { verifier, userIdClaim } = this.#connection
    return chain(verifier.verify(token), (claims) => {
      if (text(claims, 'channel') !== '') throw new TokenError('invalid', 'a subscription token was used to connect')
      const now = this.#clock.now()
      checkTimes(claims, now)
      const source = new Source(token)
      const user = userOf(claims, source, userIdClaim)
      const mark = markOf(claims)
      this.revocations.check(user, '', mark)
      return {
        user,
        expireAt: expireAt(claims, now),
        channels: serverSubscriptions(claims, source.member),
        token: mark,
        ...payload('info', claims, source.member),
        ...metaOf(claims, source),
      }
    })
  }

  /**
   * The claims of a subscription token.
   * @throws TokenError
   * @throws ReplyError 110 when `expire_at` has passed, 100 when base64 is broken
   */
  subscription(token: string): MaybePromise<SubscriptionClaims> {
    const { verifier, userIdClaim } = this.#subscription
    return chain(verifier.verify(token), (claims) => {
      const now = this.#clock.now()
      checkTimes(claims, now)
      const channel = text(claims, 'channel')
      if (channel === '') throw new TokenError('invalid', 'a subscription token needs a channel')
      const source = new Source(token)
      const user = userOf(claims, source, userIdClaim)
      const mark = markOf(claims)
      this.revocations.check(user, channel, mark)
      return {
        user,
        channel,
        client: text(claims, 'client'),
        expireAt: expireAt(claims, now),
        token: mark,
        ...serverSubscription(claims, source.member),
      }
    })
  }

  /** What is waited for ends. */
  close(): void {
    this.#deadlines.close()
  }
}

function userOf(claims: Record<string, unknown>, source: Source, claim: string): string {
  return claim === '' ? text(claims, 'sub') : readUserId(source.json, claim)
}

function markOf(claims: Record<string, unknown>): TokenMark {
  const { iat } = claims
  return { id: text(claims, 'jti'), issuedAt: typeof iat === 'number' ? iat : 0 }
}

function metaOf(claims: Record<string, unknown>, source: Source): { meta?: Payload } {
  if (claims['meta'] === undefined) return {}
  const meta = source.member('meta')
  return meta === undefined ? {} : { meta }
}

/** What a client whose token was refused is answered with. */
export type TokenAnswers = Record<TokenError['reason'], () => ReplyError | Disconnect>

/** The claims of a client's token. @throws what `answers` say, with the refusal as its cause; and what is no refusal */
export function claimsOr<T>(read: () => MaybePromise<T>, answers: TokenAnswers): MaybePromise<T> {
  return rescue(read, (error) => {
    if (!(error instanceof TokenError)) throw error
    throw Object.assign(answers[error.reason](), { cause: error })
  })
}

/** Whether these claims are of this user, this channel and, where they name one, this connection. */
export function isTokenFor(
  claims: SubscriptionClaims,
  { user, client }: { readonly user: string; readonly client: string },
  channel: string,
): boolean {
  return claims.channel === channel && claims.user === user && (claims.client === '' || claims.client === client)
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

/** The payload of a token as it was written, decoded when it is first asked for. */
class Source {
  readonly #token: string
  #json: string | undefined

  constructor(token: string) {
    this.#token = token
  }

  get json(): string {
    return (this.#json ??= Buffer.from(this.#token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  }

  readonly member: ClaimText = (...path) => rawMember(this.json, ...path)
}

/** Those that a connection token brings. Base64 that is broken in one of them makes no good token, as in Centrifugo. */
function serverSubscriptions(claims: Record<string, unknown>, source: ClaimText): Map<string, ServerSubscription> {
  const { subs, channels } = claims
  const result = new Map<string, ServerSubscription>()
  if (subs !== undefined && subs !== null) {
    for (const [channel, sub] of Object.entries(record(subs, 'subs'))) {
      const own: ClaimText = (...path) => source('subs', channel, ...path)
      const claimed = record(sub ?? {}, `subs.${channel}`)
      for (const name of ['b64info', 'b64data']) checkBase64(text(claimed, name), `subs.${channel}.${name}`)
      result.set(channel, serverSubscription(claimed, own))
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

/** `{[name]: …}` from JSON, also of null, or base64; base64 wins, as on the server API. */
function payload<N extends 'info' | 'data'>(
  name: N,
  claims: Record<string, unknown>,
  source: ClaimText,
): { [K in N]?: Payload } {
  const base64 = text(claims, `b64${name}`)
  if (base64 === '' && claims[name] === undefined) return {}
  const value = base64 === '' ? source(name) : decodeBase64(base64)
  return (value === undefined ? {} : { [name]: value }) as { [K in N]?: Payload }
}

function checkBase64(base64: string, name: string): void {
  if (!isBase64(base64)) throw new TokenError('invalid', `${name} is not base64`)
}

const base64Text = /^[A-Za-z0-9+/]*={0,2}$/

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && base64Text.test(text)
}

/**
 * Bytes from base64; text, where the bytes are JSON, since then every protocol can carry them.
 * @throws ReplyError 100
 */
export function decodeBase64(base64: string): Payload {
  if (!isBase64(base64)) throw replyError('internal')
  return payloadOf(Buffer.from(base64, 'base64'))
}

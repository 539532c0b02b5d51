import { TokenError } from '@backchannel/protocol/token'
import type { Clock } from '../clock.ts'

/** What is remembered of a token that something was opened with. */
export interface TokenMark {
  /** `jti`; empty for none. */
  readonly id: string
  /** `iat`, unix seconds; 0 for none. */
  readonly issuedAt: number
}

export interface RevokeOptions {
  /** Unix seconds: when the token has expired anyway, and can be forgotten. @default in 30 days */
  expireAt?: number
}

export interface InvalidateOptions {
  /** Unix seconds; tokens issued before, and those that don't say when (`iat`). @default now */
  issuedBefore?: number
  /** Only subscription tokens of this channel. @default connection tokens, and subscription tokens of every channel */
  channel?: string
  /** Unix seconds: when those tokens have expired anyway. @default in 30 days */
  expireAt?: number
}

interface Invalidation {
  readonly issuedBefore: number
  readonly expireAt: number
}

const defaultTtlSeconds = 30 * 24 * 60 * 60
/** What does not fit is an error of whoever revokes: forgetting an entry would let a token in again. */
const maxEntries = 1_000_000

/** Tokens that are good by themselves and are not to be taken. In this process, until each would have expired. */
export class Revocations {
  readonly #clock: Clock
  readonly #tokens = new Map<string, number>()
  /** By user and channel. */
  readonly #invalidations = new Map<string, Invalidation>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#tokens.size + this.#invalidations.size
  }

  /** @throws TypeError @throws RangeError when nothing more can be remembered */
  revoke(id: string, { expireAt }: RevokeOptions = {}): void {
    if (id === '') throw new TypeError('A token without an id (jti) can not be revoked')
    const until = this.#until(expireAt)
    this.#makeRoom()
    // Whoever revokes twice may know less the second time.
    this.#tokens.set(id, Math.max(until, this.#tokens.get(id) ?? 0))
  }

  /** @returns what open connections are to be measured by @throws TypeError @throws RangeError as `revoke` */
  invalidate(user: string, { issuedBefore, channel = '', expireAt }: InvalidateOptions = {}): number {
    if (user === '') throw new TypeError('Tokens without a user (sub) can not be invalidated')
    const before = seconds('issuedBefore', issuedBefore) ?? this.#clock.now() / 1000
    const until = this.#until(expireAt)
    this.#makeRoom()
    const key = keyOf(user, channel)
    const known = this.#invalidations.get(key)
    const entry = {
      issuedBefore: Math.max(before, known?.issuedBefore ?? 0),
      expireAt: Math.max(until, known?.expireAt ?? 0),
    }
    this.#invalidations.set(key, entry)
    return entry.issuedBefore
  }

  /** @param channel of a subscription token; empty for a connection token @throws TokenError as for an expired one */
  check(user: string, channel: string, mark: TokenMark): void {
    if (this.size === 0) return
    if (this.isRevoked(mark) || this.#isInvalidated(user, channel, mark)) {
      throw new TokenError('expired', 'the token was revoked')
    }
  }

  isRevoked({ id }: TokenMark): boolean {
    return id !== '' && (this.#tokens.get(id) ?? 0) > this.#clock.now() / 1000
  }

  #isInvalidated(user: string, channel: string, { issuedAt }: TokenMark): boolean {
    const isHit = (entry: Invalidation | undefined): boolean =>
      entry !== undefined && issuedAt < entry.issuedBefore && entry.expireAt > this.#clock.now() / 1000
    if (isHit(this.#invalidations.get(keyOf(user, '')))) return true
    return channel !== '' && isHit(this.#invalidations.get(keyOf(user, channel)))
  }

  #until(expireAt: number | undefined): number {
    return seconds('expireAt', expireAt) ?? this.#clock.now() / 1000 + defaultTtlSeconds
  }

  #makeRoom(): void {
    if (this.size < maxEntries) return
    const now = this.#clock.now() / 1000
    for (const [id, until] of this.#tokens) if (until <= now) this.#tokens.delete(id)
    for (const [key, { expireAt }] of this.#invalidations) if (expireAt <= now) this.#invalidations.delete(key)
    if (this.size >= maxEntries) throw new RangeError('Too many tokens were revoked')
  }
}

function keyOf(user: string, channel: string): string {
  return JSON.stringify([user, channel])
}

function seconds(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (typeof value === 'number' && value > 0 && Number.isFinite(value))) return value
  throw new TypeError(`${name} is not a time in unix seconds, but ${String(value)}`)
}

import { signToken } from '@backchannel/protocol/token'
import { Failure } from '../failure.ts'
import type { LoadedConfig } from '../load/load-config.ts'

export interface TokenRequest {
  readonly user: string
  /** Seconds; 0 and less for never. */
  readonly ttl: number
  /** Nothing but the token. */
  readonly quiet: boolean
}

/** @throws Failure token */
export function connectionToken(loaded: LoadedConfig, request: TokenRequest): string {
  const { key, userClaim } = signing(loaded, 'client.token')
  const token = signToken(claims(userClaim, request), key)
  return request.quiet ? token : `HMAC SHA-256 JWT for ${nameOf(request.user)} ${lifeOf(request.ttl)}:\n${token}\n`
}

/** @throws Failure token, usage */
export function subscriptionToken(loaded: LoadedConfig, channel: string, request: TokenRequest): string {
  if (channel === '') throw new Failure('usage', 'a subscription token needs a channel: --channel <name>')
  const isSeparate = loaded.option('client.subscription_token.enabled') === true
  const { key, userClaim } = signing(loaded, isSeparate ? 'client.subscription_token' : 'client.token')
  const token = signToken({ ...claims(userClaim, request), channel }, key)
  if (request.quiet) return token
  return `HMAC SHA-256 JWT for ${nameOf(request.user)} and channel "${channel}" ${lifeOf(request.ttl)}:\n${token}\n`
}

function signing(loaded: LoadedConfig, section: string): { key: string; userClaim: string } {
  const path = `${section}.hmac_secret_key`
  const text = (name: string): string => String(loaded.option(`${section}.${name}`))
  const key = text('hmac_secret_key')
  if (key === '') {
    const reason =
      loaded.file === undefined
        ? 'there is no config.json here: name a file with --config, or write one with genconfig'
        : 'with public keys or JWKS your own software makes them'
    throw new Failure('token', `no token can be made without ${path}; ${reason}`)
  }
  return { key, userClaim: text('user_id_claim') }
}

function claims(userClaim: string, { user, ttl }: TokenRequest): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  return {
    ...(user === '' ? {} : { sub: user }),
    ...(ttl > 0 ? { exp: now + ttl } : {}),
    iat: now,
    // The server may be told to look for the user elsewhere.
    ...(userClaim === '' ? {} : { [userClaim]: user }),
  }
}

const nameOf = (user: string): string => (user === '' ? 'anonymous user' : `user "${user}"`)

function lifeOf(ttl: number): string {
  if (ttl <= 0) return 'without expiration'
  return `with expiration TTL ${Math.floor(ttl / 3600)}h${Math.floor((ttl % 3600) / 60)}m${ttl % 60}s`
}

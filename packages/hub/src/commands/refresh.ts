import { disconnect, type Command } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import type { Session } from '../session/session.ts'
import { claimsOr, type ConnectionClaims, type TokenAnswers } from '../tokens/tokens.ts'
import { expiryOf } from '../session/ttl.ts'

/** A new token for a connection that is about to expire; it must say the same of the connection as the old one. */
export function refresh(
  core: Core,
  session: Session,
  { id, token }: Extract<Command, { kind: 'refresh' }>,
): MaybePromise<void> {
  // Whom the app renews brings no tokens.
  if (token === '' || session.isRenewedByServer) throw disconnect('badRequest')
  return chain(
    claimsOr(() => core.tokens.connection(token), refusals),
    (claims) => {
      if (session.state !== 'connected') return
      if (claims.user !== session.user) throw disconnect('invalidToken')
      if (!sameChannels(session, claims)) throw disconnect('insufficientState')
      session.renew(claims.expireAt, claims)
      session.reply({ id, refresh: expiryOf(core.clock, claims.expireAt) })
    },
  )
}

const refusals: TokenAnswers = {
  expired: () => disconnect('connectionExpired'),
  invalid: () => disconnect('invalidToken'),
}

/**
 * Server-side subscriptions are made on connect only, so a token with others, or without one that it had, needs a new
 * connection.
 */
function sameChannels({ subscriptions }: Session, { channels }: ConnectionClaims): boolean {
  const hasAll = Array.from(channels.keys()).every((channel) => subscriptions.get(channel)?.grant.serverSide === true)
  return (
    hasAll && Array.from(subscriptions).every(([channel, { grant }]) => !grant.isFromToken || channels.has(channel))
  )
}

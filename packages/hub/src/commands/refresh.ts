import { disconnect, type Command } from '@backchannel/protocol'
import { TokenError } from '@backchannel/protocol/token'
import type { Core } from '../core.ts'
import type { Session } from '../session.ts'
import { connectionClaims, type ConnectionClaims } from '../tokens.ts'
import { expiryOf } from '../ttl.ts'

/** A new token for a connection that is about to expire; it must say the same of the connection as the old one. */
export function refresh(core: Core, session: Session, { id, token }: Extract<Command, { kind: 'refresh' }>): void {
  // Whom the app renews brings no tokens.
  if (token === '' || session.isRenewedByServer) throw disconnect('badRequest')
  const claims = read(core, token)
  if (claims.user !== session.user) throw disconnect('invalidToken')
  if (!sameChannels(session, claims)) throw disconnect('insufficientState')
  session.extend(claims.expireAt)
  session.reply({ id, refresh: expiryOf(core.clock, claims.expireAt) })
}

function read(core: Core, token: string): ConnectionClaims {
  try {
    return connectionClaims(core, token)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw disconnect(error.reason === 'expired' ? 'connectionExpired' : 'invalidToken')
  }
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

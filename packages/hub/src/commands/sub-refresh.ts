import { disconnect, replyError, type Command } from '@backchannel/protocol'
import { TokenError } from '@backchannel/protocol/token'
import type { Core } from '../core.ts'
import type { Session } from '../session.ts'
import { isTokenFor, subscriptionClaims, type SubscriptionClaims } from '../tokens.ts'
import { expiryOf } from '../ttl.ts'

/** A new token for a subscription that is about to expire. */
export function subRefresh(
  core: Core,
  session: Session,
  { id, channel, token }: Extract<Command, { kind: 'subRefresh' }>,
): void {
  if (channel === '') throw disconnect('badRequest')
  const subscription = session.subscriptions.get(channel)
  if (!subscription?.isSubscribed) throw replyError('permissionDenied')
  // What the app renews needs no token.
  if (subscription.grant.isRenewedByServer) throw disconnect('badRequest')
  if (token === '') throw replyError('badRequest')
  const claims = read(core, token)
  if (!isTokenFor(claims, session, channel)) throw disconnect('invalidToken')
  subscription.extend(claims.expireAt)
  session.scheduleAlarm()
  session.reply({ id, subRefresh: expiryOf(core.clock, claims.expireAt) })
}

function read(core: Core, token: string): SubscriptionClaims {
  try {
    return subscriptionClaims(core, token)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw disconnect(error.reason === 'expired' ? 'subscriptionExpired' : 'invalidToken')
  }
}

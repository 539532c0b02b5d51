import { disconnect, replyError, type Command, type RefreshResult } from '@backchannel/protocol'
import { TokenError } from '@backchannel/protocol/token'
import type { Core } from '../core.ts'
import type { Session } from '../session.ts'
import { subscriptionClaims, type SubscriptionClaims } from '../tokens.ts'
import { ttlOf } from '../ttl.ts'

/** A new token for a subscription that is about to expire. */
export function subRefresh(
  core: Core,
  session: Session,
  { id, channel, token }: Extract<Command, { kind: 'subRefresh' }>,
): void {
  if (channel === '') throw disconnect('badRequest')
  const subscription = session.subscriptions.get(channel)
  if (!subscription?.isSubscribed) throw replyError('permissionDenied')
  if (token === '') throw replyError('badRequest')
  const claims = read(core, token)
  const isOurs =
    claims.channel === channel &&
    claims.user === session.user &&
    (claims.client === '' || claims.client === session.client)
  if (!isOurs) throw disconnect('invalidToken')
  subscription.extend(claims.expireAt)
  session.scheduleAlarm()
  const result: RefreshResult = claims.expireAt > 0 ? { expires: true, ttl: ttlOf(core.clock, claims.expireAt) } : {}
  session.reply({ id, subRefresh: result })
}

function read(core: Core, token: string): SubscriptionClaims {
  try {
    return subscriptionClaims(core, token)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw disconnect(error.reason === 'expired' ? 'subscriptionExpired' : 'invalidToken')
  }
}

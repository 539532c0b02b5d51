import { disconnect, replyError, type Command } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import type { Session } from '../session/session.ts'
import { claimsOr, isTokenFor, type TokenAnswers } from '../tokens/tokens.ts'
import { expiryOf } from '../session/ttl.ts'

/** A new token for a subscription that is about to expire. */
export function subRefresh(
  core: Core,
  session: Session,
  { id, channel, token }: Extract<Command, { kind: 'subRefresh' }>,
): MaybePromise<void> {
  if (channel === '') throw disconnect('badRequest')
  const subscription = session.subscriptions.get(channel)
  if (!subscription?.isSubscribed) throw replyError('permissionDenied')
  // What the app renews needs no token.
  if (subscription.grant.isRenewedByServer) throw disconnect('badRequest')
  if (token === '') throw replyError('badRequest')
  return chain(
    claimsOr(() => core.tokens.subscription(token), refusals),
    (claims) => {
      if (session.state !== 'connected') return
      if (!isTokenFor(claims, session, channel)) throw disconnect('invalidToken')
      // While the token was verified the server may have ended it.
      if (session.subscriptions.get(channel) !== subscription) throw replyError('permissionDenied')
      subscription.renew(claims.expireAt, claims.info, claims.token)
      session.scheduleAlarm()
      session.reply({ id, subRefresh: expiryOf(core.clock, claims.expireAt) })
    },
  )
}

const refusals: TokenAnswers = {
  expired: () => disconnect('subscriptionExpired'),
  invalid: () => disconnect('invalidToken'),
}

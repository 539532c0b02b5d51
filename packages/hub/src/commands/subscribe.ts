import { disconnect, replyError, type Command } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import { clientGrant } from '../session/permissions.ts'
import type { Session } from '../session/session.ts'
import { Subscription } from '../session/subscription.ts'

/** 0 stream, 1 to 3 maps, 4 shared poll. */
const lastKnownType = 4

/** The checks stand in the protocol's order: what a client sees depends on which comes first. */
export function subscribe(
  core: Core,
  session: Session,
  { id, subscribe: request }: Extract<Command, { kind: 'subscribe' }>,
): MaybePromise<void> {
  const { channel } = request
  if (channel === '') throw disconnect('badRequest')
  if (request.delta !== '' && request.delta !== 'fossil') throw disconnect('badRequest')
  if (core.namespaces.isTooLong(channel)) throw replyError('badRequest')
  if (session.subscriptions.has(channel)) throw replyError('alreadySubscribed')
  const { channel_limit: limit } = core.config.client
  if (limit > 0 && session.subscriptions.size >= limit) throw replyError('limitExceeded')
  if (request.type < 0 || request.type > lastKnownType) throw disconnect('badRequest')
  const name = core.namespaces.resolve(channel)
  // No namespace has another type than stream.
  if (request.type !== 0) throw replyError('permissionDenied')
  const since = request.recover ? { offset: request.offset, epoch: request.epoch } : undefined
  const deciding: Session['deciding'] = { channel }
  session.deciding = deciding
  return chain(clientGrant(core, session, name, request), (grant) => {
    if (session.state !== 'connected') return undefined
    // The server may have subscribed it while the app was deciding.
    if (session.subscriptions.has(channel)) throw replyError('alreadySubscribed')
    const subscription = new Subscription(core, session, channel, grant)
    session.subscriptions.set(channel, subscription)
    if (deciding.ended) subscription.endOnceJoined(deciding.ended)
    return chain(subscription.join(since), (settle) => {
      const joining = settle()
      if (!joining) return
      session.reply({ id, subscribe: joining.result })
      joining.commit()
    })
  })
}

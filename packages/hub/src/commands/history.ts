import { disconnect, replyError, type Command } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import { mayUse } from '../session/permissions.ts'
import type { Session } from '../session/session.ts'

export function history(
  core: Core,
  session: Session,
  { id, history: request }: Extract<Command, { kind: 'history' }>,
): MaybePromise<void> {
  const { channel, since, reverse } = request
  if (channel === '') throw disconnect('badRequest')
  const { options } = core.namespaces.resolve(channel)
  if (options.history_size === 0) throw replyError('notAvailable')
  const isSubscribed = session.subscriptions.get(channel)?.isSubscribed === true
  if (!mayUse(options, 'history', session, isSubscribed)) throw replyError('permissionDenied')
  if (reverse && since?.offset === 0) throw replyError('badRequest')
  const { history_max_publication_limit: maxLimit } = core.config.client
  const limit = request.limit < 0 || request.limit > maxLimit ? maxLimit : request.limit
  const query = { limit, reverse, historyMetaTtlMs: core.historyMetaTtl(options), ...(since ? { since } : {}) }
  return chain(core.broker.history(channel, query), ({ publications, position }) => {
    if (since && since.epoch !== '' && since.epoch !== position.epoch) throw replyError('unrecoverablePosition')
    session.reply({ id, history: { publications, epoch: position.epoch, offset: position.offset } })
  })
}

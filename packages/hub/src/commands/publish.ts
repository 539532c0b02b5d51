import { disconnect, replyError, type Command } from '@backchannel/protocol'
import type { Core, PublishRequest } from '../core.ts'
import type { PublishAnswer } from '../handlers.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import { parsePayload, toPayload } from '../payloads.ts'
import { mayUse } from '../permissions.ts'
import type { Session } from '../session.ts'

/** A client's own publication: the app's `onPublish` decides, else the namespace's options, which by default refuse. */
export function publish(
  core: Core,
  session: Session,
  { id, channel, data }: Extract<Command, { kind: 'publish' }>,
): MaybePromise<void> {
  if (channel === '') throw disconnect('badRequest')
  // A name that is none is not the app's to decide.
  core.namespaces.resolve(channel)
  if (data.length === 0) throw replyError('badRequest')
  const answer: MaybePromise<PublishAnswer | undefined> = core.handlers.onPublish?.({
    client: session.client,
    user: session.user,
    channel,
    data: parsePayload(data),
  })
  return chain(answer, (allowed) => {
    // Only now: while the app was deciding, the rules may have been replaced.
    const { options } = core.namespaces.resolve(channel)
    const subscribed = session.subscriptions.get(channel)
    if (!allowed && !mayUse(options, 'publish', session, subscribed?.isSubscribed === true)) {
      throw replyError('permissionDenied')
    }
    const request: PublishRequest = {
      data: allowed?.data === undefined ? data : toPayload(allowed.data),
      info: subscribed?.info ?? session.info,
      ...(allowed?.tags ? { tags: { ...allowed.tags } } : {}),
      ...(allowed?.skipHistory ? { skipHistory: true } : {}),
    }
    return chain(core.publish(channel, request), () => session.reply({ id, publish: {} }))
  })
}

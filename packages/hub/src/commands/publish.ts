import { disconnect, replyError, type Command } from '@backchannel/protocol'
import type { Core, PublishRequest } from '../core.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import { mayUse } from '../session/permissions.ts'
import { checkData } from '../session/publication-data.ts'
import type { Session } from '../session/session.ts'

/** Of map subscriptions, which no namespace has: their publications are another kind of command. */
const mapTypes: readonly number[] = [1, 2, 3]

/** A client's own publication: the app decides, else the namespace's options, which by default refuse. */
export function publish(
  core: Core,
  session: Session,
  { id, channel, data, type }: Extract<Command, { kind: 'publish' }>,
): MaybePromise<void> {
  if (channel === '') throw disconnect('badRequest')
  // A name that is none is not the app's to decide, and neither is data that the channel does not take.
  const { options: before } = core.namespaces.resolve(channel)
  if (mapTypes.includes(type)) throw replyError('permissionDenied')
  checkData(data, before)
  return chain(core.say.publish(session, channel, data, before), (decision) => {
    // Only now: while the app was deciding, the rules may have been replaced.
    const { options } = core.namespaces.resolve(channel)
    const subscribed = session.subscriptions.get(channel)
    if (!decision && !mayUse(options, 'publish', session, subscribed?.isSubscribed === true)) {
      throw replyError('permissionDenied')
    }
    const request: PublishRequest = { data, ...decision, info: subscribed?.info ?? session.info }
    return chain(core.publish(channel, request), () => session.reply({ id, publish: {} }))
  })
}

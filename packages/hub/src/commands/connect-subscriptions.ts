/** The subscriptions that begin with a connection. */
import { disconnect, type ConnectRequest, type StreamPosition, type SubscribeRequest } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import { connectGrant, isDeltaAllowed, serverGrant } from '../session/permissions.ts'
import type { Session } from '../session/session.ts'
import { Subscription, type Grant, type Settle } from '../session/subscription.ts'
import type { ServerSubscription } from '../tokens/tokens.ts'

/** Channels that a client names in its connect command, with the positions to go on from. */
type Named = ConnectRequest['subs']

/** What a connection is subscribed to. */
export interface Granted {
  readonly channels: ReadonlyMap<string, ServerSubscription>
  /** Whether they are a token's. */
  readonly isFromToken: boolean
  /** Whether the channels that the client names count, too. */
  readonly takesNamed: boolean
  /** Whether the user's personal channel is among them, where there are such. */
  readonly hasPersonalChannel: boolean
}

/** Subscribes to what the token or the app brings and to what the client names and may hear, from where it left off. */
export function joinAll(
  core: Core,
  session: Session,
  granted: Granted,
  named: Named,
): MaybePromise<Map<string, Settle>> {
  // All of them before the first one joins: what the server ends meanwhile may be any of them.
  for (const [channel, grant] of grants(core, session, granted, named)) {
    session.subscriptions.set(channel, new Subscription(core, session, channel, grant))
  }
  const joined = new Map<string, Settle>()
  let all: MaybePromise<Map<string, Settle>> = joined
  for (const [channel, subscription] of Array.from(session.subscriptions)) {
    all = chain(all, () => {
      // One that ended meanwhile would never take back what is joined from here on.
      if (session.state !== 'connecting') return joined
      return chain(subscription.join(position(named.get(channel))), (settle) => joined.set(channel, settle))
    })
  }
  return all
}

function grants(
  core: Core,
  session: Session,
  { channels, takesNamed, isFromToken, hasPersonalChannel }: Granted,
  named: Named,
): Map<string, Grant> {
  const result = new Map<string, Grant>()
  for (const [channel, subscription] of channels) {
    // Nobody's channel: Centrifugo passes over it, too.
    if (channel === '') continue
    result.set(channel, { ...serverGrant(core, channel, subscription), isFromToken })
  }
  const personal = hasPersonalChannel ? personalChannel(core, session.user) : undefined
  if (personal !== undefined) result.set(personal, serverGrant(core, personal, {}))
  for (const [channel, { delta }] of named) {
    if (channel === '') continue
    const grant = result.get(channel) ?? (takesNamed ? connectGrant(core, session, channel) : undefined)
    if (grant) result.set(channel, { ...grant, delta: isDeltaAllowed(grant.options, delta) })
  }
  const { channel_limit: limit } = core.config.client
  if (limit > 0 && result.size > limit) throw disconnect('channelLimit')
  return result
}

/** `#user`, or `namespace:#user`; undefined where there are none. */
function personalChannel(core: Core, user: string): string | undefined {
  const { enabled, personal_channel_namespace: namespace } = core.config.client.subscribe_to_user_personal_channel
  if (!enabled || user === '') return undefined
  const { namespace_boundary: boundary, user_boundary: userBoundary } = core.config.channel
  return `${namespace === '' ? '' : namespace + boundary}${userBoundary}${user}`
}

/** Whether this user has one connection only: a new one ends the others. */
export function isSingle(core: Core, user: string): boolean {
  const { enabled, single_connection: single } = core.config.client.subscribe_to_user_personal_channel
  return enabled && single && user !== ''
}

function position(request: SubscribeRequest | undefined): StreamPosition | undefined {
  return request?.recover ? { offset: request.offset, epoch: request.epoch } : undefined
}

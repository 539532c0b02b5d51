import {
  disconnect,
  replyError,
  type Command,
  type ConnectResult,
  type Payload,
  type StreamPosition,
  type SubscribeResult,
} from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { parsePayload, toPayload } from '../payloads.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import { connectGrant, serverGrant } from '../permissions.ts'
import type { Identity, Session } from '../session.ts'
import { Subscription, type Grant, type Joining, type Settle } from '../subscription.ts'
import { connectionClaims, connectionTokenFailure, type ServerSubscription } from '../tokens.ts'
import { checkExpireAt, expiryOf } from '../ttl.ts'
import { hubVersion } from '../version.ts'

type ConnectCommand = Extract<Command, { kind: 'connect' }>

interface Accepted {
  readonly identity: Identity
  readonly data?: Payload
  readonly channels: ReadonlyMap<string, ServerSubscription>
}

/** Who is this, and may it come in: a token, the app's `onConnect`, or the option for anonymous ones, in this order. */
export function connect(core: Core, session: Session, command: ConnectCommand): MaybePromise<void> {
  if (session.state !== 'connecting' || command.id === 0) throw disconnect('badRequest')
  const accepted = authenticate(core, session, command)
  return chain(accepted, (who) => admit(core, session, command, who))
}

function authenticate(core: Core, session: Session, { connect: request }: ConnectCommand): MaybePromise<Accepted> {
  if (request.token !== '') return byToken(core, request.token)
  const { handshake } = session
  if (!core.handlers.onConnect || !handshake) return anonymous(core)
  const answer = core.handlers.onConnect({
    ...handshake,
    client: session.client,
    name: request.name,
    version: request.version,
    data: parsePayload(request.data),
  })
  return chain(answer, (result) => {
    if (!result) return anonymous(core)
    const { user, info, data } = result
    // A number would be another user than its text to everybody who asks for it.
    if (typeof user !== 'string') throw new TypeError(`The user of a connection is not text, but ${typeof user}`)
    const expireAt = checkExpireAt(result.expireAt ?? 0)
    if (expireAt > 0 && expireAt * 1000 <= core.clock.now()) throw replyError('expired')
    return {
      identity: { user, expireAt, ...(info === undefined ? {} : { info: toPayload(info) }) },
      channels: new Map<string, ServerSubscription>(),
      ...(data === undefined ? {} : { data: toPayload(data) }),
    }
  })
}

function byToken(core: Core, token: string): Accepted {
  try {
    const { channels, ...identity } = connectionClaims(core, token)
    if (identity.user === '' && core.config.client.disallow_anonymous_connection_tokens) {
      throw disconnect('permissionDenied')
    }
    return { identity, channels }
  } catch (error) {
    throw connectionTokenFailure(error)
  }
}

function anonymous(core: Core): Accepted {
  if (!core.config.client.allow_anonymous_connect_without_token) throw disconnect('badRequest')
  return { identity: { user: '', expireAt: 0 }, channels: new Map() }
}

function admit(core: Core, session: Session, command: ConnectCommand, accepted: Accepted): MaybePromise<void> {
  if (session.state !== 'connecting') return undefined
  const { identity, data, channels } = accepted
  const { user_connection_limit: limit } = core.config.client
  if (limit > 0 && identity.user !== '' && core.registry.ofUser(identity.user).size >= limit) {
    throw disconnect('connectionLimit')
  }
  session.identify(identity)
  const joinings = joinAll(core, session, channels, command.connect.subs)
  return chain(joinings, (settles) => {
    if (session.state !== 'connecting') return
    const joined = new Map<string, Joining>()
    for (const [channel, settle] of settles) {
      const joining = settle()
      if (joining) joined.set(channel, joining)
    }
    session.accept()
    session.reply({ id: command.id, connect: result(core, session, identity, data, joined) })
    for (const { commit } of joined.values()) commit()
  })
}

/** Subscribes to what the token brings and to what the client names and may hear, from where it left off. */
function joinAll(
  core: Core,
  session: Session,
  channels: ReadonlyMap<string, ServerSubscription>,
  positions: ConnectCommand['connect']['subs'],
): MaybePromise<Map<string, Settle>> {
  // All of them before the first one joins: what the server ends meanwhile may be any of them.
  for (const [channel, grant] of grants(core, session, channels, positions)) {
    session.subscriptions.set(channel, new Subscription(core, session, channel, grant))
  }
  const joined = new Map<string, Settle>()
  let all: MaybePromise<Map<string, Settle>> = joined
  for (const [channel, subscription] of Array.from(session.subscriptions)) {
    all = chain(all, () => {
      // One that ended meanwhile would never take back what is joined from here on.
      if (session.state !== 'connecting') return joined
      return chain(subscription.join(position(positions.get(channel))), (settle) => joined.set(channel, settle))
    })
  }
  return all
}

function grants(
  core: Core,
  session: Session,
  channels: ReadonlyMap<string, ServerSubscription>,
  named: ConnectCommand['connect']['subs'],
): Map<string, Grant> {
  const result = new Map<string, Grant>()
  for (const [channel, subscription] of channels) {
    result.set(channel, { ...serverGrant(core, channel, subscription), isFromToken: true })
  }
  for (const channel of named.keys()) {
    const grant = result.has(channel) ? undefined : connectGrant(core, session, channel)
    if (grant) result.set(channel, grant)
  }
  const { channel_limit: limit } = core.config.client
  if (limit > 0 && result.size > limit) throw disconnect('channelLimit')
  return result
}

function position(
  request: { recover: boolean; offset: number; epoch: string } | undefined,
): StreamPosition | undefined {
  return request?.recover ? { offset: request.offset, epoch: request.epoch } : undefined
}

function result(
  core: Core,
  session: Session,
  identity: Identity,
  data: Payload | undefined,
  joined: ReadonlyMap<string, Joining>,
): ConnectResult {
  const { ping_interval: ping, pong_timeout: pong } = core.config.client
  const subs = new Map<string, SubscribeResult>(Array.from(joined, ([channel, joining]) => [channel, joining.result]))
  return {
    client: session.client,
    version: hubVersion,
    ...expiryOf(core.clock, identity.expireAt),
    ...(data === undefined ? {} : { data }),
    ...(subs.size > 0 ? { subs } : {}),
    ...(ping >= 1000 ? { ping: Math.floor(ping / 1000) } : {}),
    ...(ping > 0 && pong > 0 ? { pong: true } : {}),
  }
}

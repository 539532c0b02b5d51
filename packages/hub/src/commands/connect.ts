import {
  disconnect,
  replyError,
  type Command,
  type ConnectResult,
  type Payload,
  type SubscribeResult,
} from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import type { ConnectDecision } from '../say/decisions.ts'
import type { Identity, Session } from '../session/session.ts'
import type { Joining } from '../session/subscription.ts'
import { claimsOr, type TokenAnswers } from '../tokens/tokens.ts'
import { expiryOf } from '../session/ttl.ts'
import { hubVersion } from '../version.ts'
import { isSingle, joinAll, type Granted } from './connect-subscriptions.ts'

type ConnectCommand = Extract<Command, { kind: 'connect' }>

type Accepted = ConnectDecision & Granted

/** Who is this, and may it come in: a token, the app's `onConnect`, or the option for anonymous ones, in this order. */
export function connect(core: Core, session: Session, command: ConnectCommand): MaybePromise<void> {
  if (session.state !== 'connecting' || command.id === 0) throw disconnect('badRequest')
  const accepted = authenticate(core, session, command)
  return chain(accepted, (who) => admit(core, session, command, who))
}

function authenticate(core: Core, session: Session, { connect: request }: ConnectCommand): MaybePromise<Accepted> {
  const { handshake } = session
  if (handshake) session.keptHeaders = core.say.headersToKeep(handshake, request)
  if (request.token !== '') return byToken(core, request.token)
  const decision = handshake && core.say.connect(session, handshake, request)
  return chain(decision, (decided) => {
    if (!decided) return withoutToken(core, session)
    const { expireAt } = decided.identity
    if (expireAt > 0 && expireAt * 1000 <= core.clock.now()) throw replyError('expired')
    return { ...decided, takesNamed: false, isFromToken: false, hasPersonalChannel: true }
  })
}

/** Expired lets the client bring another. */
const refusals: TokenAnswers = {
  expired: () => replyError('tokenExpired'),
  invalid: () => disconnect('invalidToken'),
}

function byToken(core: Core, token: string): MaybePromise<Accepted> {
  const { disallow_anonymous_connection_tokens: wantsUser, insecure } = core.config.client
  const claims = claimsOr(() => core.tokens.connection(token), refusals)
  return chain(claims, ({ channels, ...known }) => {
    if (known.user === '' && wantsUser) throw disconnect('permissionDenied')
    const identity = insecure ? { ...known, expireAt: 0 } : known
    return { identity, channels, takesNamed: true, isFromToken: true, hasPersonalChannel: true }
  })
}

/** As nobody in particular, where that is allowed; else as whom the server in front says. */
function withoutToken(core: Core, session: Session): Accepted {
  const { allow_anonymous_connect_without_token: allowsAnonymous, insecure } = core.config.client
  const user = allowsAnonymous || insecure ? '' : userOfHeader(core, session)
  if (user === undefined) throw disconnect('badRequest')
  // Whom a header names gets what it subscribes to by itself, and nothing with the connection.
  const takesNamed = user === ''
  const identity = { user, expireAt: 0 }
  return { identity, channels: new Map(), takesNamed, isFromToken: false, hasPersonalChannel: false }
}

function userOfHeader(core: Core, { handshake }: Session): string | undefined {
  const { user_id_http_header: name } = core.config.client
  return (name !== '' && handshake?.headers[name.toLowerCase()]) || undefined
}

function admit(core: Core, session: Session, command: ConnectCommand, accepted: Accepted): MaybePromise<void> {
  if (session.state !== 'connecting') return undefined
  const { identity, data } = accepted
  if (accepted.hasPersonalChannel && isSingle(core, identity.user)) {
    for (const other of core.registry.ofUser(identity.user)) other.disconnect(disconnect('connectionLimit'))
  }
  const { user_connection_limit: limit } = core.config.client
  if (limit > 0 && identity.user !== '' && core.registry.ofUser(identity.user).size >= limit) {
    throw disconnect('connectionLimit')
  }
  session.identify(identity)
  const joinings = joinAll(core, session, accepted, command.connect.subs)
  return chain(joinings, (settles) => {
    if (session.state !== 'connecting') return
    const joined = new Map<string, Joining>()
    for (const [channel, settle] of settles) {
      const joining = settle()
      if (joining) joined.set(channel, joining)
    }
    session.isRenewedByServer = core.say.refreshes
    session.accept()
    session.reply({ id: command.id, connect: result(core, session, identity, data, joined) })
    for (const { commit } of joined.values()) commit()
  })
}

function result(
  core: Core,
  session: Session,
  identity: Identity,
  data: Payload | undefined,
  joined: ReadonlyMap<string, Joining>,
): ConnectResult {
  const { ping_interval: ping, pong_timeout: pong } = core.config.client
  const { areSent, wantPongs } = session.pings
  const subs = new Map<string, SubscribeResult>(Array.from(joined, ([channel, joining]) => [channel, joining.result]))
  return {
    client: session.client,
    version: hubVersion,
    ...(session.isRenewedByServer ? {} : expiryOf(core.clock, identity.expireAt)),
    ...(data === undefined ? {} : { data }),
    ...(subs.size > 0 ? { subs } : {}),
    ...(areSent && ping >= 1000 ? { ping: Math.floor(ping / 1000) } : {}),
    ...(wantPongs && ping > 0 && pong > 0 ? { pong: true } : {}),
    ...(session.key === '' ? {} : { session: session.key }),
    ...(session.isEmulated ? { node: core.id } : {}),
    ...(core.config.client.connect_include_server_time ? { time: core.clock.now() } : {}),
  }
}

/**
 * Centrifugo's server API as functions: the one table of verbs that the in-process driver and the HTTP API share.
 * Requests have the wire's own names. A `data` may be a value or, from HTTP, the text that was sent.
 */
import {
  Disconnect,
  disconnect,
  encodeClientInfo,
  encodePublication,
  isCloseCode,
  isCloseReason,
  replyError,
  unsubscribeReason,
  type ClientInfo,
  type Payload,
} from '@backchannel/protocol'
import { countUsers } from '../commands/presence.ts'
import type { Core, PublishRequest } from '../core.ts'
import { all, chain, isPromise, mapLimited, type MaybePromise } from '../maybe-promise.ts'
import { apiSchemas, type ApiMethod, type ApiRequests } from './server-api-schemas.ts'
import { serverGrant } from '../session/permissions.ts'
import type { PublishOutcome } from '../broker/broker.ts'
import { compileChannelPattern } from './channel-pattern.ts'
import { invalidateUserTokens, revokeToken } from '../tokens/revocation.ts'
import type { Session } from '../session/session.ts'
import { Subscription, type Grant } from '../session/subscription.ts'
import { decodeBase64 } from '../tokens/tokens.ts'
import { hubVersion } from '../version.ts'
import { apiErrorOf } from './api-errors.ts'

/** JSON that is put into an answer as it is: publications hold text that must not be parsed and written again. */
export class JsonText {
  readonly json: string

  constructor(json: string) {
    this.json = json
  }
}

/** Where a request's free-form members come from: a value in process, the text of the body over HTTP. */
export type PayloadSource = (name: 'data' | 'info' | 'params') => string | undefined

type Verb<M extends ApiMethod> = (
  core: Core,
  request: ApiRequests[M],
  payloads: PayloadSource,
) => MaybePromise<object | JsonText>

const done = {}

/** Of one call, whatever it asks for. */
export const maxParallel = 1024

const verbs: { readonly [M in ApiMethod]: Verb<M> } = {
  publish(core, request, payloads) {
    if (request.channel === '') throw replyError('badRequest')
    return chain(
      core.publish(request.channel, publishRequest(request, payloadOf(payloads('data'), request.b64data))),
      publishResult,
    )
  },

  broadcast(core, request, payloads) {
    if (request.channels.length === 0) throw replyError('badRequest')
    // No data is each channel's error, data that can't be read is the whole call's; that is how Centrifugo has it.
    const publication = publishRequest(request, payloadOf(payloads('data'), request.b64data))
    const each = (channel: string): MaybePromise<object> => {
      try {
        if (channel === '') throw replyError('badRequest')
        const published = core.publish(channel, publication)
        const answered = chain(published, (outcome) => ({ result: publishResult(outcome) }))
        return isPromise(answered) ? answered.catch((error: unknown) => ({ error: apiErrorOf(core, error) })) : answered
      } catch (error) {
        return { error: apiErrorOf(core, error) }
      }
    }
    return chain(mapLimited(request.channels, maxParallel, each), (responses) => ({ responses }))
  },

  subscribe(core, request, payloads) {
    // Whether there is such a channel comes first.
    optionsOf(core, request.channel)
    const info = payloadOf(payloads('info'), request.b64info)
    const data = payloadOf(payloads('data'), request.b64data)
    const grant = serverGrant(
      core,
      request.channel,
      {
        ...(info === undefined ? {} : { info }),
        ...(data === undefined ? {} : { data }),
        ...(request.override ? { override: request.override } : {}),
      },
      request.expire_at,
    )
    const joining = sessionsOf(core, request).map((session) => subscribeSession(core, session, request, grant))
    return chain(all(joining), () => done)
  },

  unsubscribe(core, request) {
    if (request.channel === '') return done
    optionsOf(core, request.channel)
    const reason = unsubscribeReason('server')
    for (const session of everySessionOf(core, request)) session.unsubscribeFrom(request.channel, reason)
    return done
  },

  disconnect(core, request) {
    const { code, reason } = request.disconnect ?? disconnect('forceNoReconnect')
    // What no Close frame can carry would break the connection instead of closing it.
    const unfit = (what: string): BadApiRequest => new BadApiRequest(`disconnect: disconnect.${what}`)
    if (!isCloseCode(code)) throw unfit('code: expected a code that a Close frame can carry')
    if (!isCloseReason(reason)) throw unfit('reason: expected at most 123 bytes')
    // Who is sent away may not slip in because a store was slow just then.
    for (const session of everySessionOf(core, request)) {
      if (!request.whitelist.includes(session.client)) session.disconnect(new Disconnect(code, reason))
    }
    return done
  },

  refresh(core, request, payloads) {
    const { expired, expire_at: expireAt } = request
    if (expired || (expireAt > 0 && expireAt <= Math.floor(core.clock.now() / 1000))) {
      for (const session of everySessionOf(core, request)) session.disconnect(disconnect('connectionExpired'))
      return done
    }
    // Who never expires keeps the info, as with Centrifugo.
    const info = expireAt > 0 ? payloads('info') : undefined
    for (const session of sessionsOf(core, request)) session.refreshed(Math.max(0, expireAt), info)
    return done
  },

  presence(core, request) {
    return chain(presenceOf(core, request.channel), (clients) => {
      const entries = Array.from(clients, ([client, info]) => `${JSON.stringify(client)}:${encodeClientInfo(info)}`)
      return new JsonText(`{"presence":{${entries.join(',')}}}`)
    })
  },

  presence_stats(core, request) {
    return chain(presenceOf(core, request.channel), (clients) => ({
      num_clients: clients.size,
      num_users: countUsers(clients),
    }))
  },

  history(core, request) {
    const options = optionsOf(core, request.channel)
    if (options.history_size === 0) throw replyError('notAvailable')
    const { limit, since, reverse } = request
    // The server answers this one with an internal error; kept, since clients of the API may tell by it.
    if (reverse && since?.offset === 0) throw replyError('internal')
    const query = { limit, reverse, historyMetaTtlMs: core.historyMetaTtl(options), ...(since ? { since } : {}) }
    return chain(core.broker.history(request.channel, query), ({ publications, position }) => {
      if (since && since.epoch !== '' && since.epoch !== position.epoch) throw replyError('unrecoverablePosition')
      // Over the API no publication carries the epoch, which stands beside the list, nor its version.
      const list = publications
        .map(({ epoch: _, version: __, ...publication }) => encodePublication(publication))
        .join(',')
      return new JsonText(
        `{"publications":[${list}],"epoch":${JSON.stringify(position.epoch)},"offset":${position.offset}}`,
      )
    })
  },

  history_remove(core, request) {
    const options = optionsOf(core, request.channel)
    if (options.history_size === 0) throw replyError('notAvailable')
    return chain(core.broker.removeHistory(request.channel), () => done)
  },

  channels(core, request) {
    // Empty: every channel.
    const matches = patternOf(request.pattern || '*')
    const matching = Array.from(core.registry.channels).filter(({ name }) => matches(name))
    return {
      channels: Object.fromEntries(matching.map((channel) => [channel.name, { num_clients: channel.subscriberCount }])),
    }
  },

  info(core) {
    const { registry } = core
    let subscriptions = 0
    for (const session of registry.sessions) subscriptions += session.subscriptions.size
    const counts = {
      num_clients: registry.sessionCount,
      num_users: registry.userCount,
      num_subs: subscriptions,
      num_channels: registry.channelCount,
    }
    const items = {
      'centrifugo.node.num_clients': counts.num_clients,
      'centrifugo.node.num_users': counts.num_users,
      'centrifugo.node.num_subscriptions': counts.num_subs,
      'centrifugo.node.num_channels': counts.num_channels,
      'centrifugo.node.num_nodes': 1,
    }
    return {
      nodes: [
        {
          uid: core.id,
          name: core.config.node.name || 'embedded',
          version: hubVersion,
          ...counts,
          uptime: Math.floor((core.clock.monotonic() - core.startedAt) / 1000),
          // These are counted when they are asked for, so the interval over which Centrifugo sums up is none.
          metrics: { interval: 0, items },
        },
      ],
    }
  },

  rpc(core, request, payloads) {
    if (request.method === '') throw replyError('badRequest')
    const params = payloads('params')
    const answer = core.say.apiRpc(request.method, params === undefined ? undefined : (JSON.parse(params) as unknown))
    return chain(answer, (data) => {
      if (data === undefined) return done
      if (typeof data !== 'string') throw new TypeError('The server API answers with JSON, not with bytes')
      return new JsonText(`{"data":${data}}`)
    })
  },

  map_publish: (core, request) => refuseType(core, request, request.key !== ''),
  map_remove: (core, request) => refuseType(core, request, request.key !== ''),
  map_read_state: (core, request) => refuseType(core, request),
  map_read_stream: (core, request) => refuseType(core, request),
  map_stats: (core, request) => refuseType(core, request),
  map_clear: (core, request) => refuseType(core, request),
  shared_poll_publish: (core, request) => refuseType(core, request, request.key !== '' && request.version > 0),

  revoke_token(core, { uid, expire_at: expireAt }) {
    if (uid === '') throw replyError('badRequest')
    remember(() => revokeToken(core, uid, expireAt > 0 ? { expireAt } : {}))
    return done
  },

  invalidate_user_tokens(core, { user, channel, issued_before: issuedBefore, expire_at: expireAt }) {
    if (user === '') throw replyError('badRequest')
    const times = { ...(issuedBefore > 0 ? { issuedBefore } : {}), ...(expireAt > 0 ? { expireAt } : {}) }
    remember(() => invalidateUserTokens(core, user, { channel, ...times }))
    return done
  },
}

/** @throws ReplyError 106 when no more tokens can be remembered */
function remember(take: () => void): void {
  try {
    take()
  } catch (error) {
    throw error instanceof RangeError ? replyError('limitExceeded') : error
  }
}

/** Every channel here is a stream. @throws ReplyError 107; 102 for a whole request to a channel that isn't known */
function refuseType(core: Core, { channel }: { channel: string }, isWhole = true): never {
  if (isWhole) optionsOf(core, channel)
  throw replyError('badRequest')
}

/** Thrown for a request whose members have the wrong types: over HTTP that is a 400 and not an error in the body. */
export class BadApiRequest extends Error {
  override readonly name = 'BadApiRequest'
}

export function isApiMethod(name: string): name is ApiMethod {
  return Object.hasOwn(verbs, name)
}

const methodNames = Object.keys(apiSchemas) as ApiMethod[]

/** The methods that a command of a batch names; the first is the one to call. */
export function commandMethods(command: Readonly<Record<string, unknown>>): ApiMethod[] {
  return methodNames.filter((name) => Object.hasOwn(command, name) && command[name] != null)
}

/**
 * One method. Synchronous with the memory broker.
 * @throws BadApiRequest
 * @throws ReplyError
 */
export function runApiMethod(
  core: Core,
  method: string,
  request: unknown,
  payloads: PayloadSource,
): MaybePromise<object | JsonText> {
  if (!isApiMethod(method)) throw replyError('methodNotFound')
  const parsed = apiSchemas[method].safeParse(request ?? {})
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new BadApiRequest(`${method}: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not valid'}`)
  }
  const verb = verbs[method] as Verb<ApiMethod>
  return verb(core, parsed.data, payloads)
}

function publishRequest(
  request: ApiRequests['publish'] | ApiRequests['broadcast'],
  data: Payload | undefined,
): PublishRequest {
  const { tags } = request
  return {
    // Nothing is data as well, where the namespace takes it.
    data: data ?? '',
    ...(Object.keys(tags).length > 0 ? { tags } : {}),
    skipHistory: request.skip_history,
    idempotencyKey: request.idempotency_key,
    delta: request.delta,
    version: request.version,
    versionEpoch: request.version_epoch,
  }
}

function publishResult({ offset, epoch }: PublishOutcome): object {
  return offset === 0 ? {} : { offset, epoch }
}

/** Base64 wins over JSON. @throws ReplyError 107 for broken base64 */
function payloadOf(json: string | undefined, base64: string): Payload | undefined {
  if (base64 === '') return json
  try {
    // Broken into lines it is base64 too, for Centrifugo.
    return decodeBase64(base64.replaceAll(/[\r\n]/g, ''))
  } catch {
    throw replyError('badRequest')
  }
}

function optionsOf(core: Core, channel: string): NonNullable<ReturnType<Core['namespaces']['find']>>['options'] {
  if (channel === '') throw replyError('badRequest')
  const known = core.namespaces.find(channel)
  if (!known) throw replyError('unknownChannel')
  return known.options
}

function subscribeSession(
  core: Core,
  session: Session,
  { channel, recover_since: since }: ApiRequests['subscribe'],
  grant: Grant,
): MaybePromise<void> {
  const known = session.subscriptions.get(channel)
  if (known) {
    // One that is still being made is told of when it stands, or not at all.
    if (known.isSubscribed) session.push({ channel, subscribe: {} })
    return undefined
  }
  const subscription = new Subscription(core, session, channel, grant)
  session.subscriptions.set(channel, subscription)
  return chain(subscription.joinFrom(since), (settle) => {
    const joining = settle()
    if (!joining) return
    // Unlike an answer, this push has no place for what was recovered: it follows as if it came now.
    const { publications = [], recovered: _, wasRecovering: __, ...subscribe } = joining.result
    session.push({ channel, subscribe })
    for (const pub of publications) session.push({ channel, pub })
    joining.commit()
  })
}

function presenceOf(core: Core, channel: string): MaybePromise<ReadonlyMap<string, ClientInfo>> {
  if (!optionsOf(core, channel).presence) throw replyError('notAvailable')
  return core.presence.get(channel)
}

/** @throws ReplyError 100 for a pattern that is none, as Centrifugo answers */
function patternOf(pattern: string): (name: string) => boolean {
  try {
    return compileChannelPattern(pattern)
  } catch {
    throw replyError('internal')
  }
}

interface Target {
  readonly user: string
  readonly client: string
  readonly session: string
}

/** The connections that a request means: one client's, or all of a user; also those whose connect is still under way. */
function everySessionOf(core: Core, { user, client, session: key }: Target): Session[] {
  return Array.from(core.registry.ofUser(user)).filter(
    (session) => (client === '' || session.client === client) && (key === '' || session.key === key),
  )
}

/** Those of them that can be told something: nothing may come before the answer to connect. */
function sessionsOf(core: Core, target: Target): Session[] {
  return everySessionOf(core, target).filter((session) => session.state === 'connected')
}

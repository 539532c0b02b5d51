/**
 * The rest of the server API. Unlike `publish` and `broadcast`, these answer a value or reject with a RealtimeError
 * (`reason`, `code`, `status`): who asks for presence needs to know that there is no answer. Each call has 5 seconds;
 * nothing is retried. A feature that a channel has not enabled is `code` 108, an unknown namespace 102.
 */
import type {
  ApiClientInfo,
  ServerApiMethods,
  ServerApiMethod,
  ServerApiRequest,
  ServerApiResult,
} from '@backchannel/protocol'
import { serverApi, type BatchCommand, type BatchReplies } from './api-client.ts'
import { defined } from './defined.ts'
import { requireDriver } from './engine.ts'
import { requireJson } from './json-form.ts'

/** One connection in a channel. */
export interface PresenceInfo {
  user: string
  /** The connection's id. */
  client: string
  /** `info` of the connection token. */
  connInfo?: unknown
  /** `info` of the subscription token. */
  chanInfo?: unknown
}

export interface StreamPosition {
  offset: number
  epoch: string
}

export interface HistoryPublication {
  data: unknown
  offset: number
  info?: PresenceInfo
  tags?: Record<string, string>
}

export interface HistoryOptions {
  /** Publications at most; -1 for all. @default 0: only the position */
  limit?: number | undefined
  /** Publications after this position (before it with `reverse`). */
  since?: StreamPosition | undefined
  /** Newest first. @default false */
  reverse?: boolean | undefined
}

export interface HistoryPage extends StreamPosition {
  publications: HistoryPublication[]
}

export interface NodeInfo {
  uid: string
  name: string
  version: string
  numClients: number
  numUsers: number
  numSubs: number
  numChannels: number
  /** Seconds. */
  uptime: number
  /** The server's own counters by name, where it tells them; `interval` seconds summed up, 0 for as of now. */
  metrics?: { interval: number; items: Record<string, number> }
}

/** Narrows a call to one of the user's connections. */
export interface ConnectionSelector {
  /** The connection's id. */
  client?: string | undefined
  /** The connection's session id, where a transport has one. */
  session?: string | undefined
}

export interface ServerSubscribeOptions extends ConnectionSelector {
  /** Shown to others in presence and join events. */
  info?: unknown
  /** Handed to the client with the subscription. */
  data?: unknown
  /** Unix seconds. */
  expireAt?: number | undefined
  recoverSince?: StreamPosition | undefined
  override?: ServerApiMethods['subscribe']['request']['override'] | undefined
}

export interface DisconnectOptions extends ConnectionSelector {
  /** Connections of the user that stay. */
  whitelist?: readonly string[] | undefined
  /** 4000 to 4499: the client comes back; 4500 to 4999: it does not. @default 3503, it does not */
  code?: number | undefined
  /** At most 123 bytes. */
  reason?: string | undefined
}

export interface RefreshOptions extends ConnectionSelector {
  /** Ends the connection as expired. */
  expired?: boolean | undefined
  /** The new expiry, unix seconds. */
  expireAt?: number | undefined
  info?: unknown
}

// Async, so that a missing engine rejects like every other failure.
async function call<M extends ServerApiMethod>(method: M, request: ServerApiRequest<M>): Promise<ServerApiResult<M>> {
  return requireDriver(method).call(method, request)
}

/** Who is in the channel, by connection id. */
export async function presence(channel: string): Promise<Record<string, PresenceInfo>> {
  const result = await call('presence', { channel })
  return Object.fromEntries(Object.entries(result.presence ?? {}).map(([client, info]) => [client, presenceInfo(info)]))
}

/** How many connections and how many users are in the channel. */
export async function presenceStats(channel: string): Promise<{ numClients: number; numUsers: number }> {
  const result = await call('presence_stats', { channel })
  return { numClients: result.num_clients ?? 0, numUsers: result.num_users ?? 0 }
}

/** The channel's stored publications and its position. Without a limit only the position. */
export async function history(channel: string, options: HistoryOptions = {}): Promise<HistoryPage> {
  const { limit, since, reverse } = options
  const result = await call('history', defined({ channel, limit, since, reverse }))
  return {
    publications: (result.publications ?? []).map(({ data, offset, info, tags }) => ({
      data,
      offset: offset ?? 0,
      ...defined({ info: info && presenceInfo(info), tags }),
    })),
    offset: result.offset ?? 0,
    epoch: result.epoch ?? '',
  }
}

/** Empties the channel's history; its position stays. */
export async function historyRemove(channel: string): Promise<void> {
  await call('history_remove', { channel })
}

/** The channels that have subscribers, by name; `pattern` is a glob. */
export async function channels(pattern?: string): Promise<Record<string, { numClients: number }>> {
  const result = await call('channels', defined({ pattern }))
  return Object.fromEntries(
    Object.entries(result.channels ?? {}).map(([name, channel]) => [name, { numClients: channel.num_clients ?? 0 }]),
  )
}

/** The servers that answer together, and what each holds. */
export async function info(): Promise<{ nodes: NodeInfo[] }> {
  const result = await call('info', {})
  return {
    nodes: (result.nodes ?? []).map((node) => ({
      uid: node.uid,
      name: node.name,
      version: node.version,
      numClients: node.num_clients ?? 0,
      numUsers: node.num_users ?? 0,
      numSubs: node.num_subs ?? 0,
      numChannels: node.num_channels ?? 0,
      uptime: node.uptime ?? 0,
      ...defined({ metrics: node.metrics }),
    })),
  }
}

/** Subscribes the user's connections to the channel from the server's side. `''` means anonymous connections. */
export async function subscribe(userId: string, channel: string, options: ServerSubscribeOptions = {}): Promise<void> {
  const { client, session, info, data, expireAt, recoverSince, override } = options
  await call(
    'subscribe',
    defined({
      user: userId,
      channel,
      client,
      session,
      info,
      data,
      expire_at: expireAt,
      recover_since: recoverSince,
      override,
    }),
  )
}

/** Ends the subscriptions of the user's connections to the channel. */
export async function unsubscribe(userId: string, channel: string, options: ConnectionSelector = {}): Promise<void> {
  const { client, session } = options
  await call('unsubscribe', defined({ user: userId, channel, client, session }))
}

/** Closes the user's connections. */
export async function disconnect(userId: string, options: DisconnectOptions = {}): Promise<void> {
  const { client, session, whitelist, code, reason = '' } = options
  const how = code === undefined ? undefined : { code, reason }
  await call('disconnect', defined({ user: userId, client, session, whitelist, disconnect: how }))
}

/** Gives the user's connections a new expiry, or ends them as expired. */
export async function refresh(userId: string, options: RefreshOptions = {}): Promise<void> {
  const { client, session, expired, expireAt, info } = options
  await call('refresh', defined({ user: userId, client, session, expired, expire_at: expireAt, info }))
}

/** Calls a method that the server offers to backends; an unknown one is `code` 104. */
export async function rpc(method: string, params?: unknown): Promise<unknown> {
  if (params !== undefined) requireJson('rpc', params)
  const result = await call('rpc', defined({ method, params }))
  return result.data
}

/**
 * Many commands with one request, answered in their order. A command's failure is a value, `error` in its reply; only
 * a batch as a whole that fails rejects.
 */
export async function batch<const Commands extends readonly BatchCommand[]>(
  commands: Commands,
  options: { parallel?: boolean | undefined } = {},
): Promise<BatchReplies<Commands>> {
  return serverApi().batch(commands, options)
}

function presenceInfo({ user, client, conn_info: connInfo, chan_info: chanInfo }: ApiClientInfo): PresenceInfo {
  return { user: user ?? '', client: client ?? '', ...defined({ connInfo, chanInfo }) }
}

/**
 * Centrifugo's server API as types: one entry per method, with the wire's own names, as they stand in the JSON body
 * of `POST /api/<method>` and of its answer.
 */
import type { ErrorBody } from './errors.ts'

/** What a publish takes beside channel and data. */
export interface ApiPublishFields {
  /** Do not append to the channel's history. */
  skip_history?: boolean
  /** Small string facts beside the data. */
  tags?: Readonly<Record<string, string>>
  /** Per channel, remembered for 5 minutes: a repeat answers the first result and publishes nothing. */
  idempotency_key?: string
  /** Patches for subscribers that asked for them. */
  delta?: boolean
  /** With history: skipped when not above the version stored last. */
  version?: number
  /** Versions of another epoch are not compared. */
  version_epoch?: string
  /** Bytes instead of `data`, base64. */
  b64data?: string
}

/** A client as the API tells it. */
export interface ApiClientInfo {
  user: string
  client: string
  conn_info?: unknown
  chan_info?: unknown
}

export interface ApiPublication {
  data: unknown
  offset?: number
  info?: ApiClientInfo
  tags?: Record<string, string>
}

/** Overrides of a channel's options for one subscription. */
export interface ApiSubscribeOverride {
  presence?: { value: boolean } | undefined
  join_leave?: { value: boolean } | undefined
  force_push_join_leave?: { value: boolean } | undefined
  force_positioning?: { value: boolean } | undefined
  force_recovery?: { value: boolean } | undefined
}

export interface ApiNode {
  uid: string
  name: string
  version: string
  num_clients: number
  num_users: number
  num_subs: number
  num_channels: number
  /** Seconds; left out when it is 0. */
  uptime?: number
  metrics?: {
    /** Seconds over which counters were summed up; 0: as of now. */
    interval: number
    items: Record<string, number>
  }
}

export interface ServerApiMethods {
  publish: {
    request: { channel: string; data?: unknown } & ApiPublishFields
    result: { offset?: number; epoch?: string }
  }
  broadcast: {
    request: { channels: readonly string[]; data?: unknown } & ApiPublishFields
    result: { responses: ({ result: { offset?: number; epoch?: string } } | { error: ErrorBody })[] }
  }
  subscribe: {
    request: {
      user: string
      channel: string
      client?: string
      session?: string
      info?: unknown
      b64info?: string
      data?: unknown
      b64data?: string
      /** Unix seconds. */
      expire_at?: number
      recover_since?: { offset: number; epoch: string }
      override?: ApiSubscribeOverride
    }
    result: Record<never, never>
  }
  unsubscribe: {
    request: { user: string; channel: string; client?: string; session?: string }
    result: Record<never, never>
  }
  disconnect: {
    request: {
      user: string
      client?: string
      session?: string
      /** Clients of the user to spare. */
      whitelist?: readonly string[]
      disconnect?: { code: number; reason: string }
    }
    result: Record<never, never>
  }
  refresh: {
    request: {
      user: string
      client?: string
      session?: string
      expired?: boolean
      /** Unix seconds. */
      expire_at?: number
      info?: unknown
    }
    result: Record<never, never>
  }
  presence: {
    request: { channel: string }
    result: { presence: Record<string, ApiClientInfo> }
  }
  presence_stats: {
    request: { channel: string }
    result: { num_clients: number; num_users: number }
  }
  history: {
    request: {
      channel: string
      /** 0: only the position; -1: everything. */
      limit?: number
      since?: { offset: number; epoch: string }
      reverse?: boolean
    }
    result: { publications: ApiPublication[]; offset: number; epoch: string }
  }
  history_remove: { request: { channel: string }; result: Record<never, never> }
  channels: {
    /** `pattern`: a glob over channel names. */
    request: { pattern?: string }
    result: { channels: Record<string, { num_clients: number }> }
  }
  info: { request: Record<never, never>; result: { nodes: ApiNode[] } }
  rpc: { request: { method: string; params?: unknown }; result: { data?: unknown } }
}

/** A method of the server API, `batch` aside: that one holds the others. */
export type ServerApiMethod = keyof ServerApiMethods

export type ServerApiRequest<M extends ServerApiMethod> = ServerApiMethods[M]['request']
export type ServerApiResult<M extends ServerApiMethod> = ServerApiMethods[M]['result']

/** `{"result":…}` or `{"error":…}`: what the API answers with status 200. */
export type ServerApiReply<M extends ServerApiMethod> = { result: ServerApiResult<M> } | { error: ErrorBody }

/** One member of a batch: exactly one method with its request. */
export type ServerApiBatchCommand = {
  [M in ServerApiMethod]: { [K in M]: ServerApiRequest<M> }
}[ServerApiMethod]

export interface ServerApiBatchRequest {
  commands: readonly ServerApiBatchCommand[]
  parallel?: boolean
}

/** Per command `{"<method>":{…}}` or `{"error":…}`. */
export interface ServerApiBatchReply {
  replies: ({ [M in ServerApiMethod]?: ServerApiResult<M> } & { error?: ErrorBody })[]
}

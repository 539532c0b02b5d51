import type { Payload } from './payload.ts'

export interface StreamPosition {
  offset: number
  epoch: string
}

/** A filter over a publication's tags: a comparison, or a logical operation over other nodes. */
export interface FilterNode {
  /** Empty for a comparison; `and`, `or`, `not` otherwise. */
  op: string
  key: string
  cmp: string
  val: string
  vals: readonly string[]
  nodes: readonly FilterNode[]
}

export interface ConnectRequest {
  token: string
  data?: Payload
  name: string
  version: string
  /** Positions of server-side subscriptions to recover, and further channels to subscribe to. */
  subs: ReadonlyMap<string, SubscribeRequest>
  /** What stands for HTTP headers where a browser can't set them. */
  headers: ReadonlyMap<string, string>
}

export interface SubscribeRequest {
  channel: string
  token: string
  recover: boolean
  epoch: string
  offset: number
  data?: Payload
  positioned: boolean
  recoverable: boolean
  joinLeave: boolean
  delta: string
  flag: number
  /** 0 is a stream subscription, the only type here. */
  type: number
  filter?: FilterNode
}

export interface HistoryRequest {
  channel: string
  limit: number
  since?: StreamPosition
  reverse: boolean
}

/**
 * One command of a client, decoded: `kind` says which. `id` is chosen by the client and echoed; `pong` is a command
 * without an id that is not a `send`.
 */
export type Command =
  | { kind: 'connect'; id: number; connect: ConnectRequest }
  | { kind: 'subscribe'; id: number; subscribe: SubscribeRequest }
  | { kind: 'unsubscribe'; id: number; channel: string }
  /** `type` is 0 for a publication to a stream. */
  | { kind: 'publish'; id: number; channel: string; data: Payload; type: number }
  | { kind: 'presence'; id: number; channel: string }
  | { kind: 'presenceStats'; id: number; channel: string }
  | { kind: 'history'; id: number; history: HistoryRequest }
  | { kind: 'ping'; id: number }
  | { kind: 'send'; id: number; data: Payload }
  | { kind: 'rpc'; id: number; method: string; data: Payload }
  | { kind: 'refresh'; id: number; token: string }
  | { kind: 'subRefresh'; id: number; channel: string; token: string }
  | { kind: 'pong'; id: 0 }
  /** An id, but nothing that the protocol knows. */
  | { kind: 'unknown'; id: number }

export type CommandKind = Command['kind']

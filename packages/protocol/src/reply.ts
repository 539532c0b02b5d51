import type { ErrorBody } from './errors.ts'
import type { Payload } from './payload.ts'

/** Who a connection is, as others see it. `connInfo` and `chanInfo` are JSON text. */
export interface ClientInfo {
  user: string
  client: string
  connInfo?: Payload
  chanInfo?: Payload
}

/** One message in a channel. `offset` is 0 without history. */
export interface Publication {
  data: Payload
  offset: number
  /** Who published, when a client did. Publications of the server API carry none. */
  info?: ClientInfo
  tags?: Readonly<Record<string, string>>
  /** With the first publication of a stream only: a subscriber that came before it learns the epoch so. */
  epoch?: string
  version?: number
  /** `data` is a patch of what the subscriber heard last, as text: not JSON. */
  delta?: boolean
}

export interface SubscribeResult {
  expires?: boolean
  /** Seconds until the subscription expires. */
  ttl?: number
  recoverable?: boolean
  positioned?: boolean
  epoch?: string
  offset?: number
  publications?: readonly Publication[]
  recovered?: boolean
  wasRecovering?: boolean
  data?: Payload
  /** Publications come as patches; in JSON the data of every one is then a string that holds the text. */
  delta?: boolean
}

export interface ConnectResult {
  client: string
  version: string
  expires?: boolean
  /** Seconds until the connection expires. */
  ttl?: number
  data?: Payload
  subs?: ReadonlyMap<string, SubscribeResult>
  /** Whole seconds between the server's pings. */
  ping?: number
  /** Whether the client has to answer pings. */
  pong?: boolean
  /** The key of an emulated or unidirectional session. */
  session?: string
  /** The id of the hub that holds it. */
  node?: string
  /** The server's time in unix milliseconds. */
  time?: number
}

export interface RefreshResult {
  expires?: boolean
  ttl?: number
}

export interface PresenceResult {
  presence: ReadonlyMap<string, ClientInfo>
}

export interface PresenceStatsResult {
  numClients: number
  numUsers: number
}

export interface HistoryResult {
  publications: readonly Publication[]
  epoch: string
  offset: number
}

export interface RpcResult {
  data?: Payload
}

/** The answer to one command; exactly one of the optional members is set. */
export type Reply = { id: number } & (
  | { error: ErrorBody }
  | { connect: ConnectResult }
  | { subscribe: SubscribeResult }
  | { unsubscribe: Record<never, never> }
  | { publish: Record<never, never> }
  | { presence: PresenceResult }
  | { presenceStats: PresenceStatsResult }
  | { history: HistoryResult }
  | { rpc: RpcResult }
  | { refresh: RefreshResult }
  | { subRefresh: RefreshResult }
)

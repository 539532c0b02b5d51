import type { Payload } from './payload.ts'
import type { ClientInfo, ConnectResult, Publication } from './reply.ts'
import type { UnsubscribeReason } from './unsubscribes.ts'

/** A server-side subscription that was added while the client is connected. */
export interface SubscribePush {
  recoverable?: boolean
  positioned?: boolean
  epoch?: string
  offset?: number
  data?: Payload
}

/** What the server sends unasked. Everything but `message`, `disconnect` and `refresh` belongs to a channel. */
export type Push =
  | { channel: string; pub: Publication }
  | { channel: string; join: { info: ClientInfo } }
  | { channel: string; leave: { info: ClientInfo } }
  | { channel: string; unsubscribe: UnsubscribeReason }
  | { channel: string; subscribe: SubscribePush }
  /** To unidirectional connections, in place of a reply. */
  | { connect: ConnectResult }
  | { message: { data: Payload } }
  | { disconnect: { code: number; reason: string } }
  | { refresh: { expires?: boolean; ttl?: number } }

/** What the app has decided, whoever spoke for it: a handler in this process or an endpoint behind a proxy. */
import type { Payload } from '@backchannel/protocol'
import type { PublishRequest } from '../core.ts'
import type { Identity } from '../session/session.ts'
import type { ServerSubscription } from '../tokens/tokens.ts'

/** Who a connection is. */
export interface ConnectDecision {
  readonly identity: Identity
  readonly data?: Payload
  readonly channels: ReadonlyMap<string, ServerSubscription>
}

/** A subscription is allowed. */
export interface SubscribeDecision extends ServerSubscription {
  /** Unix seconds; 0 for never. */
  readonly expireAt: number
  /** Whether the client gets the position and the memberships that it asks for and that the options allow. */
  readonly heedsRequest: boolean
}

/** A publication is allowed, perhaps with other data. */
export type PublishDecision = Partial<Omit<PublishRequest, 'info'>>

/** Whether a connection or a subscription goes on, and until when. */
export type RenewDecision =
  | { readonly expired: true }
  | {
      readonly expired: false
      /** Unix seconds; 0 for never. */
      readonly expireAt: number
      readonly info?: Payload
      readonly meta?: Payload
    }

export const expired: RenewDecision = { expired: true }

/**
 * What the server half speaks through: Centrifugo's HTTP API or the hub of this process.
 *
 * A driver MUST start the call before it returns the promise (two publishes that nobody awaits keep their order), and
 * MUST reject with a RealtimeError and nothing else.
 */
import type {
  ServerApiBatchReply,
  ServerApiBatchRequest,
  ServerApiMethod,
  ServerApiRequest,
  ServerApiResult,
} from '@backchannel/protocol'

export interface CallOptions {
  /** Have the server answer errors as HTTP statuses, so that everything between here and there sees them. */
  transportErrors?: boolean
  /** Limit of the call, answer included, milliseconds. @default 5000 */
  timeoutMs?: number
}

export const defaultTimeoutMs = 5000

export interface Driver {
  readonly name: 'centrifugo' | 'hub'
  call<M extends ServerApiMethod>(
    method: M,
    request: ServerApiRequest<M>,
    options?: CallOptions,
  ): Promise<ServerApiResult<M>>
  /** Resolves when the batch was answered; each command's failure stands in its own reply. */
  batch(request: ServerApiBatchRequest, options?: CallOptions): Promise<ServerApiBatchReply>
  /** The key that connection tokens are signed with. */
  tokenKey(): string
  /** The key that subscription tokens are signed with. */
  subscriptionTokenKey(): string
  /** Where browsers connect to. */
  websocketUrl(request?: Request): string
}

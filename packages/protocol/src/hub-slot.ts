/**
 * Where an app's code finds the hub of its process. A framework loads app code twice (server process and bundle), so a
 * module's own variable would be two; the slot is one. It holds plain functions and plain data only: the two sides may
 * come from different copies of this file. A change of shape takes a new number in the symbol.
 */
import type {
  ServerApiBatchReply,
  ServerApiBatchRequest,
  ServerApiMethod,
  ServerApiReply,
  ServerApiRequest,
} from './server-api.ts'

export interface HubSlot {
  readonly version: 1
  /** The hub's id, new with every hub. */
  readonly id: string
  /** One method of the server API, in process. Synchronous with the memory broker. Does not throw for bad input: it answers `error`. */
  call<M extends ServerApiMethod>(
    method: M,
    request: ServerApiRequest<M>,
  ): ServerApiReply<M> | Promise<ServerApiReply<M>>
  batch(request: ServerApiBatchRequest): Promise<ServerApiBatchReply>
  /** The HS256 key that connection tokens are signed with. */
  tokenKey(): string
  /** The key of subscription tokens; the same unless configured apart. */
  subscriptionTokenKey(): string
  /** Where browsers connect to: `ws://` or `wss://`; from the request's own origin when one is given. */
  websocketUrl(request?: Request): string
}

const key = Symbol.for('backchannel.hub@1')
const holder = globalThis as { [key]?: HubSlot | undefined }

/** The hub of this process, or undefined. */
export function currentHub(): HubSlot | undefined {
  return holder[key]
}

/** Makes this hub the process's. The last one that started wins. */
export function occupyHubSlot(hub: HubSlot): void {
  holder[key] = hub
}

/** Leaves the slot, if this hub still holds it. */
export function vacateHubSlot(hub: HubSlot): void {
  if (holder[key]?.id === hub.id) holder[key] = undefined
}

/** WebSockets that come through crossws: Nitro, h3 and srvx; Bun, Deno and Workers. */
import type { RawSocket, RawSocketEvents } from '../events/upgrade-slot.ts'

export interface CrosswsPeer {
  send(message: string | Uint8Array): unknown
  close(code?: number, reason?: string): void
  terminate(): void
}

export interface CrosswsHooks {
  open(peer: CrosswsPeer): void
  message(peer: CrosswsPeer, message: { readonly rawData: unknown; text(): string; uint8Array(): Uint8Array }): void
  close(peer: CrosswsPeer, details: { readonly code?: number; readonly reason?: string }): void
  error(peer: CrosswsPeer, error: unknown): void
}

export declare function crosswsHooksType(
  open: (socket: RawSocket) => RawSocketEvents,
  abandoned: () => void,
): CrosswsHooks

export function crosswsHooks(_open: (socket: RawSocket) => RawSocketEvents, _abandoned: () => void): CrosswsHooks {
  throw new Error('being written')
}

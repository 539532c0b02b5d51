/**
 * Where a runtime's adapter and `realtime.upgrade()` meet.
 *
 * A `Response` refuses status 101, frameworks rebuild requests and responses on the way, and a framework's bundle has a
 * copy of this file of its own. So an upgrade is known by an id in a header, which every framework passes on, and what
 * stands behind the id lies in a slot of the process. The adapter puts it there before the app sees the request, and
 * takes it away once the app has answered. A change of shape takes a new number in the symbol.
 */

/** In the request: which upgrade this is. In the response: that it was accepted. What a peer sends under it is dropped. */
export const upgradeHeader = 'x-backchannel-upgrade'

/** An open WebSocket, as `createRealtime` needs it. */
export interface RawSocket {
  /**
   * Takes whole WebSocket frames as a server sends them: unmasked, final, one or several in a buffer. The buffers are
   * shared and must not be changed; the array is the caller's again after the call.
   */
  write(batch: readonly Uint8Array[]): void
  /** Bytes that were taken and not got rid of. */
  readonly bytesQueued: number
  /** Sends Close behind what was written. */
  close(code: number, reason: string): void
  /** Drops the connection without a word. */
  terminate(): void
  /** Reads no more until `resume`. A runtime that can't does nothing. */
  pause(): void
  resume(): void
  /** Whether `pong` is ever called: without it a silent peer can't be told from a dead one. */
  readonly tellsPongs: boolean
}

/** What an adapter tells of a socket. None of it throws. */
export interface RawSocketEvents {
  /** A text message as text, a binary one as bytes of its own. */
  message(data: string | Uint8Array): void
  pong(): void
  /** Once, however it ended; 1006 when there was no Close. */
  closed(code: number, reason: string): void
}

/** An upgrade that waits for the app's word. */
export interface PendingUpgrade {
  /**
   * Says yes. The handshake follows when the app's answer has come back with the header in it; any other answer is sent
   * to the client as it is, and refuses.
   * @param open called once, with the open socket, before anything is read from it
   * @param abandoned called once in its place, when no socket came of it
   */
  accept(open: (socket: RawSocket) => RawSocketEvents, abandoned: () => void, limits: UpgradeLimits): void
}

export interface UpgradeLimits {
  /** The largest message that is read; a larger one ends the connection with 1009. */
  readonly maxMessageBytes: number
  /** Milliseconds a write may wait for the peer to take it; then the connection is dropped. */
  readonly writeTimeout: number
}

const key = Symbol.for('backchannel.upgrades@1')
const holder = globalThis as { [key]?: Map<string, PendingUpgrade> }

/** The upgrades of this process that wait for the app's word, by id. */
export function pendingUpgrades(): Map<string, PendingUpgrade> {
  return (holder[key] ??= new Map())
}

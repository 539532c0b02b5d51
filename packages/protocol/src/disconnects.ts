/**
 * Disconnects: why a connection is closed. 3000 to 3499 and 4000 to 4499 make the client come back,
 * 3500 to 3999 and 4500 to 4999 are final. Apps use 4000 to 4999 for their own.
 */

/** Thrown by a handler or a command: closes the connection with this code and reason. */
export class Disconnect extends Error {
  override readonly name = 'Disconnect'
  readonly code: number
  /** At most 123 bytes: it travels in the WebSocket Close frame. */
  readonly reason: string

  /** @throws RangeError for a code or a reason that no Close frame can carry */
  constructor(code: number, reason: string) {
    const text = `${code} ${reason}`
    super(text)
    if (!isCloseCode(code)) throw new RangeError(`No Close frame can carry this code: ${text}`)
    if (!isCloseReason(reason)) throw new RangeError(`A Close frame's reason is text of at most ${maxReason} bytes`)
    this.code = code
    this.reason = reason
  }
}

/** Whether this is a `Disconnect`, of whichever copy of this module and of whichever realm (see `isReplyError`). */
export function isDisconnect(error: unknown): error is Disconnect {
  if (typeof error !== 'object' || error === null) return false
  const { name, code, reason } = error as Partial<Record<keyof Disconnect, unknown>>
  return name === 'Disconnect' && isCloseCode(code) && isCloseReason(reason)
}

/** Whether a Close frame may carry this code: 1000 to 1014 but for those that only stand for a missing frame, and 3000 to 4999. */
export function isCloseCode(code: unknown): code is number {
  if (typeof code !== 'number' || !Number.isInteger(code)) return false
  return (code >= 3000 && code <= 4999) || (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006))
}

const maxReason = 123
const encoder = new TextEncoder()

/** Whether a Close frame has room for this reason. */
export function isCloseReason(reason: unknown): reason is string {
  return typeof reason === 'string' && reason.length <= maxReason && encoder.encode(reason).length <= maxReason
}

const table = {
  /** The peer closed; nothing is sent. */
  connectionClosed: [3000, 'connection closed'],
  /** The server goes down; clients come back with jitter. */
  shutdown: [3001, 'shutdown'],
  /** The server failed while serving a command. */
  serverError: [3004, 'internal server error'],
  /** The connection outlived its token and was not refreshed in time. */
  connectionExpired: [3005, 'connection expired'],
  /** A server-side subscription outlived its lifetime. */
  subscriptionExpired: [3006, 'subscription expired'],
  /** The peer reads slower than messages arrive: `client.queue_max_size`. */
  slow: [3008, 'slow'],
  /** A write did not complete. */
  writeError: [3009, 'write error'],
  /** The server can't bring the session into a consistent position. */
  insufficientState: [3010, 'insufficient state'],
  /** Asked for by the app. */
  forceReconnect: [3011, 'force reconnect'],
  /** A ping was not answered in time. */
  noPong: [3012, 'no pong'],
  /** A rate limit. */
  tooManyRequests: [3013, 'too many requests'],
  /** What the client knows of itself no longer holds: it asks for a new token and forgets its positions. */
  stateInvalidated: [3014, 'state invalidated'],
  /** The token is not valid. */
  invalidToken: [3500, 'invalid token'],
  /** The client broke the protocol. */
  badRequest: [3501, 'bad request'],
  /** No successful connect command in time. */
  stale: [3502, 'stale'],
  /** Asked for by the app. */
  forceNoReconnect: [3503, 'force disconnect'],
  /** More connections of one user than `client.user_connection_limit`. */
  connectionLimit: [3504, 'connection limit'],
  /** More server-side subscriptions than `client.channel_limit`. */
  channelLimit: [3505, 'channel limit'],
  /** Data that this connection's protocol can't carry. */
  inappropriateProtocol: [3506, 'inappropriate protocol'],
  /** Not allowed to connect. */
  permissionDenied: [3507, 'permission denied'],
  /** The client used something that the server does not offer. */
  notAvailable: [3508, 'not available'],
  /** Too many errors in a row. */
  tooManyErrors: [3509, 'too many errors'],
} as const

export type DisconnectName = keyof typeof table

/** A disconnect of the table, by name. */
export function disconnect(name: DisconnectName): Disconnect {
  const [code, reason] = table[name]
  return new Disconnect(code, reason)
}

/** Whether a client that is closed with this code comes back by itself. */
export function isReconnectCode(code: number): boolean {
  return code < 3500 || (code >= 4000 && code < 4500) || code >= 5000
}

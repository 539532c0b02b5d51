/** What `createRealtime` gives. */
import type { SseOptions } from './serve-sse.ts'
import type { ChannelHooks, EventConnection, EventMap, EventOf, EventStream, UpgradeHooks } from './types.ts'

export interface SseAnswer<Events extends object> {
  /** To be returned from the route handler. 200, or why there is no stream: 401, 403, 503. */
  readonly response: Response
  /** Open, or closed from the beginning when the response is a refusal. */
  readonly stream: EventStream<Events>
}

interface Common<Events extends object> {
  /**
   * Sends an event to every connection.
   * @returns to how many. Rejects with a TypeError for an event that can't be sent; also logged, so that a promise nobody
   * waits for does no harm
   */
  broadcast(event: EventOf<Events>): Promise<number>
  /** Sends an event to all connections of a user, or to one connection. Resolves and rejects like `broadcast`. */
  sendTo(target: string | EventConnection, event: EventOf<Events>): Promise<number>
  /**
   * Declares a channel, so that clients may join it. A `*` in the name stands for any text; where several fit, the
   * exact name counts, then the longest. Declared again, the last one counts.
   */
  channel(name: string, hooks?: ChannelHooks<Events>): void
  /** @throws TypeError for what can't be a channel's name */
  toChannel(name: string): {
    /** Sends an event to everybody in the channel. Resolves and rejects like `broadcast`. */
    broadcast(event: EventOf<Events>): Promise<number>
  }
  /** Lets a user's connections, or one, into a channel, if its hooks agree. @returns how many are in it now */
  join(target: string | EventConnection, channel: string): Promise<number>
  /** Takes a user's connections, or one, out of a channel. @returns how many were in it */
  leave(target: string | EventConnection, channel: string): number
  /** Ends a user's connections, or one: after a sign-out, say. @returns how many */
  disconnect(target: string | EventConnection): number
  /** How many connections there are, at all, of a user or in a channel. */
  count(of?: { readonly userId: string } | { readonly channel: string }): number
  /**
   * Lets no one in any more, says goodbye to those that are there, and resolves when they are gone.
   * @param options `spreadMs`: over so many milliseconds, so that they don't all come back at once (0); `timeoutMs`: after
   * which the last are dropped (5000)
   */
  close(options?: { readonly spreadMs?: number; readonly timeoutMs?: number }): Promise<void>
}

export interface Realtime<Events extends object = EventMap> extends Common<Events> {
  /** Opens an SSE stream. @throws Error when the driver is another */
  sse(request: Request, options?: SseOptions): SseAnswer<Events>
  /**
   * Makes the request a WebSocket; return what it gives from the route handler.
   * @throws Error when the driver is another, or when nothing on this runtime hands upgrades over: it says what to add
   */
  upgrade(request: Request, hooks?: UpgradeHooks): Response
}

/** The same when `authenticate` gives a promise. */
export interface RealtimeWithPromises<Events extends object = EventMap> extends Common<Events> {
  /** Opens an SSE stream. Rejects when the driver is another. */
  sse(request: Request, options?: SseOptions): Promise<SseAnswer<Events>>
  /** Makes the request a WebSocket. Rejects like `upgrade` throws. */
  upgrade(request: Request, hooks?: UpgradeHooks): Promise<Response>
}

import type { EventsError } from './events-error.ts'

/** Event name → payload, where the app declares none. */
export type AnyEvents = Record<string, unknown>

/**
 * - `connecting`: on the way, or coming back by itself
 * - `open`
 * - `closed`: by `close()`; nothing follows
 */
export type EventsState = 'connecting' | 'open' | 'closed'

/** What came along with an event. */
export interface EventMeta {
  /** The channel it was sent to; undefined for what was sent to this client or to everybody, and with SSE. */
  readonly channel: string | undefined
  /** The client's `Last-Event-ID` as of this event; undefined with WebSocket, and before the server has given one. */
  readonly id: string | undefined
}

export interface ConnectEventsOptions {
  /** The server's driver. @default 'sse' */
  readonly driver?: 'sse' | 'websocket' | undefined
  /** Channels that are joined after every connect; `onError` hears of those refused. WebSocket only. @default [] */
  readonly channels?: readonly string[] | undefined
  /** Every change of `state`. */
  readonly onState?: ((state: EventsState) => unknown) | undefined
  /** What failed while the client goes on: see the codes of `EventsError`. @default nothing is told */
  readonly onError?: ((error: EventsError) => unknown) | undefined
  /** Whether cookies go to another origin, too. SSE only: a WebSocket always sends them. @default false */
  readonly withCredentials?: boolean | undefined
  /** Milliseconds that a new attempt waits at least. @default 500 */
  readonly minDelay?: number | undefined
  /** Milliseconds that a new attempt waits at most; the pauses grow up to it. @default 20000 */
  readonly maxDelay?: number | undefined
  /** Tells what happens on the console. @default false */
  readonly debug?: boolean | undefined
}

/** What a method that only one driver has does with the other: it throws an Error that names `driver`. */
export interface EventsConnection<Events extends object = AnyEvents> {
  readonly state: EventsState
  /**
   * Calls back with the payload of every such event. A listener that throws is reported as an uncaught error, and the
   * others are called all the same.
   * @returns what ends it
   * @throws TypeError for the names that the wire uses itself: open, error, joined, left
   */
  on<Name extends keyof Events & string>(
    event: Name,
    listener: (data: Events[Name], meta: EventMeta) => unknown,
  ): () => void
  /** WebSocket only: calls back with every message that is no event, as it was sent. @returns what ends it */
  onMessage(listener: (message: string | Uint8Array) => unknown): () => void
  /**
   * WebSocket only: joins a channel, now and after every connect. Resolves when the server has said yes; waits while
   * there is no connection.
   *
   * Rejects with an EventsError whose code is the server's, or `closed` when `close()` or `leave()` came first. A channel
   * that was never joined is then not asked for again, unless `channels` names it.
   */
  join(channel: string): Promise<void>
  /** WebSocket only: leaves a channel, or gives up joining it. */
  leave(channel: string): void
  /**
   * WebSocket only: sends a message as it is, text as text, bytes as bytes.
   * @returns false, and nothing is sent, while there is no connection
   */
  send(message: string | Uint8Array<ArrayBuffer>): boolean
  /** Ends it; nothing is called back afterwards. May be called twice. */
  close(): void
}

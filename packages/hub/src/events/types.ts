/** What an app sees of `createRealtime`. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Logger } from '../logger.ts'
import type { MaybePromise } from '../maybe-promise.ts'

/** Event name → payload. */
export type EventMap = Record<string, unknown>

/** Event name → a validator of its payload: any Standard Schema (zod, valibot, arktype, …). */
export type EventSchemas = Record<string, StandardSchemaV1>

/** The payloads of a map of validators. */
export type PayloadsOf<Schemas extends EventSchemas> = {
  [Name in keyof Schemas]: StandardSchemaV1.InferOutput<Schemas[Name]>
}

/** An event to be sent: a name of the map, and the payload that belongs to it. */
export type EventOf<Events extends object> = {
  [Name in keyof Events & string]: { readonly event: Name; readonly data: Events[Name] }
}[keyof Events & string]

/** The map of events of a `createRealtime`: `EventsOf<typeof realtime>` types the browser's end. */
export type EventsOf<Instance> = Instance extends { broadcast(event: infer Event): unknown }
  ? {
      [Each in Event as Each extends { event: infer Name extends string } ? Name : never]: Each extends {
        data: infer Data
      }
        ? Data
        : never
    }
  : never

/** One connection, whichever driver it came over. */
export interface EventConnection {
  readonly id: string
  /** Who it is, by `authenticate`; undefined: nobody who is known. */
  readonly userId: string | undefined
  readonly isOpen: boolean
  /** The channels that it has joined. */
  readonly channels: readonly string[]
  /**
   * Joins a channel, if its `authorize` and `onJoin` agree; a channel that was never declared with `channel()` may be
   * joined by this call, though not by clients.
   * @returns whether it is in the channel now
   */
  join(channel: string): Promise<boolean>
  /** @returns whether it was in the channel */
  leave(channel: string): boolean
  /** Ends the connection behind what was sent; may be called twice. */
  close(): void
}

/** An SSE connection. */
export interface EventStream<Events extends object = EventMap> extends EventConnection {
  /** The `Last-Event-ID` that the client came back with. */
  readonly lastEventId: string | undefined
  /**
   * Whether the events since `lastEventId` follow: `complete` all of them, `incomplete` some are kept no more or the id
   * is not one of ours (send the state anew), `fresh` the client named none.
   */
  readonly resumption: 'fresh' | 'complete' | 'incomplete'
  /** Resolves once, when the connection is over. */
  readonly closed: Promise<void>
  /**
   * Queues an event. `id` becomes the client's `Last-Event-ID`; without one the client keeps the id it had.
   * @returns false when the client has gone
   * @throws TypeError for an event name or an id with a line break, and for data that can't be serialised; the stream
   * stays as it was
   */
  send(event: EventOf<Events> & { readonly id?: string }): boolean
}

/** A WebSocket connection. */
export interface EventSocket extends EventConnection {
  /**
   * Sends a message as it is: text as text, bytes as bytes. Resolves when it was handed to the system; false when the
   * client has gone. Never rejects.
   * @throws TypeError for anything else than text or bytes
   */
  send(message: string | Uint8Array): Promise<boolean>
  /** Ends the connection with a code of 1000 or 3000 to 4999 and a reason of at most 123 bytes. */
  close(code?: number, reason?: string): void
}

export interface UpgradeHooks {
  /** The socket is open, and nothing was received yet. */
  onOpen?(socket: EventSocket): MaybePromise<void>
  /** A message that is none of the toolkit's envelopes: text or bytes, untouched. One at a time for each socket. */
  onMessage?(socket: EventSocket, message: string | Uint8Array): MaybePromise<void>
  /** The client has answered a heartbeat, so many milliseconds after it was sent. Not told through crossws. */
  onHeartbeat?(socket: EventSocket, roundTripMs: number): MaybePromise<void>
  /** After the last message; 1006 when the connection broke. */
  onClose?(socket: EventSocket, code: number, reason: string): MaybePromise<void>
}

export interface ChannelHooks<Events extends object = EventMap> {
  /** Whether this user may join. Asked before `onJoin`. @default everybody who is connected */
  authorize?(request: { readonly channel: string; readonly userId: string | undefined }): MaybePromise<boolean>
  /** Before the membership begins: `false`, or an exception, refuses it. */
  onJoin?(
    connection: EventSocket | EventStream<Events>,
    userId: string | undefined,
    channel: string,
  ): MaybePromise<void | boolean>
  /** After the membership has ended, also by the end of the connection. */
  onLeave?(
    connection: EventSocket | EventStream<Events>,
    userId: string | undefined,
    channel: string,
  ): MaybePromise<void>
}

export type Driver = 'sse' | 'websocket'

export interface RealtimeOptions<Events extends object = EventMap> {
  /** @default 'sse' */
  readonly driver?: Driver
  /** Milliseconds between two signs of life to an idle client. @default 30000 */
  readonly heartbeat?: number
  /** Connections at one time; one more gets 503. @default 10000 */
  readonly maxConnections?: number
  /**
   * Bytes that may wait for one client; one that reads slower than that is closed. @default 1048576
   */
  readonly maxBufferedBytes?: number
  /** Milliseconds after which an SSE client comes back, of which up to a half is added at random. @default 2000 */
  readonly retry?: number
  /** What SSE clients that come back can catch up with; `size: 0` keeps nothing. @default { size: 256, ttl: 60000 } */
  readonly history?: { readonly size: number; readonly ttl: number }
  /** Milliseconds that `authorize`, `onJoin`, `onMessage` may take; 0: as long as they like. @default 10000 */
  readonly handlerTimeout?: number
  /** Channels that one connection may be in; clients that ask for more are refused. @default 128 */
  readonly maxChannels?: number
  /** The largest message a WebSocket client may send, in bytes. @default 65536 */
  readonly maxMessageBytes?: number
  /** Whether connections that `authenticate` knows no user of are let in. @default false with `authenticate`, else true */
  readonly allowAnonymous?: boolean
  /** Pages of other origins that may connect: full origins or globs; the own is always allowed. @default [] */
  readonly allowedOrigins?: readonly string[]
  /** Whether `x-forwarded-host` is believed. Only behind a proxy that sets it. @default false */
  readonly trustProxy?: boolean
  /**
   * One name, one instance: a module that is evaluated again (hot reload, a bundle beside the server) gets the instance
   * that is there, with the options of the last evaluation. @default every call makes one
   */
  readonly id?: string
  /** WebSockets come through crossws (Nitro, h3, srvx; Bun, Deno, Workers): `upgrade()` hands its hooks to it. @default false */
  readonly crossws?: boolean
  /** Validators of payloads, checked before anything is sent. */
  readonly events?: { readonly [Name in keyof Events]: StandardSchemaV1<unknown, Events[Name]> }
  /** Takes pino as it is. @default warnings and errors to the console */
  readonly logger?: Logger
}

/**
 * The app's say. A handler answers with a result, with `undefined` for "no opinion" (the options decide), or throws a
 * `ReplyError` (the client's command fails) or a `Disconnect` (the connection is closed). Anything else that it
 * throws becomes error 100 and one log line, and so does one that takes longer than `options.handlerTimeout`.
 *
 * Handlers are looked up for every event: `hub.setHandlers()` replaces them while connections stay open. Where the
 * configuration enables a proxy, that is asked in place of the handler.
 *
 * Data of clients comes parsed when it is JSON, else as bytes. Data that an app gives may be bytes too: those that are
 * no JSON only reach clients that speak Protobuf, others are disconnected (3506).
 */
import type { ApiSubscribeOverride } from '@backchannel/protocol'
import type { MaybePromise } from './maybe-promise.ts'

/** How a connection was opened. */
export type Transport = 'websocket' | 'http_stream' | 'sse' | 'uni_websocket' | 'uni_http_stream' | 'uni_sse'

/** What is known of a connection before it is accepted. */
export interface ConnectionInfo {
  /** The hub's id for this connection. */
  readonly client: string
  readonly transport: Transport
  readonly protocol: 'json' | 'protobuf'
  /** Of the handshake, lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The peer's address as the socket tells it. */
  readonly remoteAddress: string | undefined
  readonly url: string
}

export interface ConnectEvent extends ConnectionInfo {
  /** What the client calls itself; not to be trusted. */
  readonly name: string
  readonly version: string
  /** What the client sent along. */
  readonly data: unknown
  /** What a browser says in place of headers, lower-case names. The page's own words: no proxy has seen them. */
  readonly emulatedHeaders: Readonly<Record<string, string | undefined>>
}

export interface ConnectAnswer {
  /** Empty: anonymous. */
  user: string
  /** Unix seconds. */
  expireAt?: number
  /** Shown to others. */
  info?: unknown
  /** Sent back to the client. */
  data?: unknown
  /** Server-side subscriptions. */
  channels?: readonly string[]
  /** The same with options, by channel. */
  subs?: Readonly<Record<string, ServerSubscriptionAnswer>>
  /** Kept with the connection and given to later handlers; never sent to a client. */
  meta?: unknown
}

/** A subscription that the server makes. */
export interface ServerSubscriptionAnswer {
  /** Shown to others in this channel. */
  info?: unknown
  /** Sent to the client. */
  data?: unknown
  override?: ApiSubscribeOverride
}

/** A connection that was accepted. */
export interface ClientEvent {
  readonly client: string
  readonly user: string
  /** What the app has given as `meta` of the connection, in a token or from a handler. */
  readonly meta: unknown
}

export interface RefreshAnswer {
  /** Ends the connection. */
  expired?: boolean
  /** Unix seconds, in the future. */
  expireAt?: number
  /** In place of the connection's. */
  info?: unknown
  meta?: unknown
}

export interface SubscribeEvent extends ClientEvent {
  readonly channel: string
  readonly data: unknown
}

export interface SubscribeAnswer extends ServerSubscriptionAnswer {
  /** Unix seconds. */
  expireAt?: number
}

export interface SubRefreshEvent extends ClientEvent {
  readonly channel: string
}

export interface SubRefreshAnswer {
  /** Ends the subscription. */
  expired?: boolean
  /** Unix seconds; none: it never expires again. */
  expireAt?: number
  /** In place of the subscription's. */
  info?: unknown
}

export interface PublishEvent extends ClientEvent {
  readonly channel: string
  readonly data: unknown
}

export interface PublishAnswer {
  /** Published in place of what the client sent. */
  data?: unknown
  skipHistory?: boolean
  tags?: Readonly<Record<string, string>>
  /** A repeat within five minutes publishes nothing. */
  idempotencyKey?: string
  /** Subscribers with delta may get it as a patch. */
  delta?: boolean
  /** With history: skipped unless above the version stored last. */
  version?: number
  versionEpoch?: string
}

export interface RpcEvent {
  readonly method: string
  readonly data: unknown
  /** Undefined when the server API asked. */
  readonly client: string | undefined
  readonly user: string | undefined
  readonly meta: unknown
}

export interface RpcAnswer {
  data?: unknown
}

export interface MessageEvent extends ClientEvent {
  readonly data: unknown
}

export interface DisconnectEvent extends ClientEvent {
  /** 3000 when the client has closed, or is gone. */
  readonly code: number
  readonly reason: string
}

export interface UnsubscribeEvent extends ClientEvent {
  readonly channel: string
  /** 0 when the client asked for it, 1 when the connection has ended, else why the server has ended it. */
  readonly code: number
  readonly reason: string
}

export interface HubHandlers {
  /** A connection without a token. Undefined: the options decide, which by default refuse. */
  onConnect?(event: ConnectEvent): MaybePromise<ConnectAnswer | undefined>
  /**
   * A connection has reached its `expireAt`. With this handler clients are not told of that and don't refresh it by
   * themselves. Undefined: it ends. A handler that fails is asked again after a minute.
   */
  onRefresh?(event: ClientEvent): MaybePromise<RefreshAnswer | undefined>
  /** A subscription without a token. An object allows it; undefined: the options decide, which by default refuse. */
  onSubscribe?(event: SubscribeEvent): MaybePromise<SubscribeAnswer | undefined>
  /** A subscription has reached its `expireAt`; as `onRefresh`. */
  onSubRefresh?(event: SubRefreshEvent): MaybePromise<SubRefreshAnswer | undefined>
  /** A client's own publication. An object allows it; undefined: the options decide, which by default refuse. */
  onPublish?(event: PublishEvent): MaybePromise<PublishAnswer | undefined>
  /** A remote call. Undefined: an empty answer. Without this handler every method is unknown. */
  onRpc?(event: RpcEvent): MaybePromise<RpcAnswer | undefined>
  /** A message without an answer. Without this handler its client is disconnected (3508). */
  onMessage?(event: MessageEvent): MaybePromise<void>
  /**
   * A connection that was accepted has ended. Told once and afterwards, on this hub alone; a process that dies tells
   * nothing. Nobody waits for it, and what it throws is only logged.
   */
  onDisconnect?(event: DisconnectEvent): MaybePromise<void>
  /** A subscription that stood has ended, also by the end of its connection; as `onDisconnect`, and before it. */
  onUnsubscribe?(event: UnsubscribeEvent): MaybePromise<void>
}

/**
 * The app's say. A handler answers with a result, with `undefined` for "no opinion" (the options decide), or throws a
 * `ReplyError` (the client's command fails) or a `Disconnect` (the connection is closed). Anything else that it
 * throws becomes error 100 and one log line.
 *
 * Handlers are looked up for every event: `hub.setHandlers()` replaces them while connections stay open.
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
}

/** A connection that was accepted. */
export interface ClientEvent {
  readonly client: string
  readonly user: string
}

export interface SubscribeEvent extends ClientEvent {
  readonly channel: string
  readonly data: unknown
}

export interface SubscribeAnswer {
  /** Unix seconds. */
  expireAt?: number
  info?: unknown
  data?: unknown
  override?: ApiSubscribeOverride
}

export interface PublishEvent extends ClientEvent {
  readonly channel: string
  readonly data: unknown
}

export interface PublishAnswer {
  /** Published in place of what the client sent. */
  data?: unknown
  skipHistory?: boolean
  tags?: Record<string, string>
}

export interface RpcEvent {
  readonly method: string
  readonly data: unknown
  /** Undefined when the server API asked. */
  readonly client: string | undefined
  readonly user: string | undefined
}

export interface HubHandlers {
  /** A connection without a token. Undefined: the options decide, which by default refuse. */
  onConnect?(event: ConnectEvent): MaybePromise<ConnectAnswer | undefined>
  /** A subscription without a token. An object allows it; undefined: the options decide, which by default refuse. */
  onSubscribe?(event: SubscribeEvent): MaybePromise<SubscribeAnswer | undefined>
  /** A client's own publication. An object allows it; undefined: the options decide, which by default refuse. */
  onPublish?(event: PublishEvent): MaybePromise<PublishAnswer | undefined>
  /** A remote call. Without this handler every method is unknown. */
  onRpc?(event: RpcEvent): MaybePromise<{ data?: unknown }>
}

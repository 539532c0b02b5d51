import type { PayloadOf } from '../channel-payloads.ts'
import type { TokenSource } from './token-answer.ts'

/**
 * Where a connection stands. Each value is frozen and replaced when it changes.
 * - `connecting`: on the way, or coming back by itself; code and reason say why
 * - `connected`
 * - `disconnected`: over for good; code and reason say why (0 `closed`: `close()`; 0 `connect failed`: not even an
 *   attempt can be made here, as where there is no WebSocket; 1 `unauthorized`: no token to be had; otherwise the
 *   server's disconnect code)
 */
export interface ConnectionStatus {
  readonly state: 'connecting' | 'connected' | 'disconnected'
  readonly connected: boolean
  readonly code: number
  readonly reason: string
  /** The connection's id on the server, while connected. */
  readonly clientId?: string
  /** What the token source answered, when that ended it. */
  readonly tokenStatus?: number
}

/**
 * Where a subscription stands. Each value is frozen and replaced when it changes.
 * - `subscribing`: on the way, or coming back by itself
 * - `subscribed`: publications arrive. `recovery` says what became of those sent while it was away: `none` was asked
 *   for (a first subscription, or a channel without recovery), `recovered` brings every one of them, after `failed` the
 *   app reloads its state
 * - `unsubscribed`: over, code and reason say why (0: by this side; 1 `unauthorized`: no token to be had; otherwise the
 *   server's code, such as 103 permission denied; or what ended the connection for good, such as 3500 invalid token)
 */
export type SubscriptionStatus =
  | { readonly state: 'subscribing'; readonly code: number; readonly reason: string }
  | {
      readonly state: 'subscribed'
      readonly code: 0
      readonly reason: ''
      readonly recovery: 'none' | 'recovered' | 'failed'
      /** Where the channel's stream stood, in channels with recovery. */
      readonly position?: StreamPosition
      /** What the server sent along with the subscription. */
      readonly data?: unknown
    }
  | {
      readonly state: 'unsubscribed'
      readonly code: number
      readonly reason: string
      /** What the token source answered, when that ended it. */
      readonly tokenStatus?: number
    }

export interface StreamPosition {
  offset: number
  epoch: string
}

/** A message with what came along. */
export interface Publication<Data = unknown> {
  channel: string
  data: Data
  /** In channels with history. */
  offset?: number
  tags?: Record<string, string>
  /** The connection that published, where a browser did. */
  info?: { client: string; user: string; connInfo?: unknown; chanInfo?: unknown }
}

/**
 * Something failed and the client goes on: it retries, or the failure was the app's own.
 * - `connect`, `subscribe`: an attempt failed; with an `error`, none can be made and the connection is over
 * - `token`: a token source failed (other than by 401 or 403)
 * - `callback`: a callback of the app threw; `error` is what it threw
 */
export interface RealtimeClientError {
  stage: 'connect' | 'subscribe' | 'token' | 'callback'
  message: string
  code?: number
  channel?: string
  error?: unknown
}

/** A token source refused with 401 or 403 (or an UnauthorizedError, without a status). */
export interface TokenRefusal {
  status?: number
  /** The subscription that ended; without it, the connection did. */
  channel?: string
}

/** What a callback answers is not used; a promise that it answers is watched, and its rejection reported. */
export interface ConnectionOptions {
  /** `ws://` or `wss://`, as `realtimeWsUrl()` gives it; anything else throws a TypeError. */
  url: string
  /** The first connection token. Without one, `getToken` is asked at once. */
  token?: string | undefined
  /** Where further tokens come from, so that a tab outlives its first one: a function, or a URL that answers `{token}`. */
  getToken?: TokenSource | undefined
  /** True on connect, false on disconnect and while reconnecting. */
  onState?: ((connected: boolean) => unknown) | undefined
  /** Every change of state, with its reason. */
  onConnection?: ((status: ConnectionStatus) => unknown) | undefined
  /** Messages of channels that the server subscribed this connection to: by its token's claims or the server API. */
  onServerPublication?: ((publication: Publication) => unknown) | undefined
  /** The session is over (401) or a channel is refused (403). */
  onUnauthorized?: ((refusal: TokenRefusal) => unknown) | undefined
  /** @default console.error for callbacks that throw, nothing otherwise */
  onError?: ((error: RealtimeClientError) => unknown) | undefined
  /** Tells what happens on the console. @default false */
  debug?: boolean | undefined
  /** Bounds of the pause before an attempt, milliseconds. @default 500 and 20000 */
  reconnectDelay?: { min: number; max: number } | undefined
  /** A WebSocket class, for runtimes without a global one. */
  websocket?: unknown
}

/** `Data` is what unregistered channels carry; a channel of `ChannelPayloads` carries what it declares. */
export interface ChannelOptions<Channel extends string = string, Data = unknown> {
  channel: Channel
  onMessage?: ((data: PayloadOf<Channel, Data>) => unknown) | undefined
  /** The message with its offset, tags and publisher. */
  onPublication?: ((publication: Publication<PayloadOf<Channel, Data>>) => unknown) | undefined
  /** Every change of the subscription's state, with its reason. */
  onSubscription?: ((status: SubscriptionStatus) => unknown) | undefined
  /** The first subscription token, for channels that need one. */
  token?: string | undefined
  /** Where subscription tokens come from: a function, or a URL that gets `?channel=` and answers `{token}`. */
  getToken?: TokenSource<{ channel: string }> | undefined
  /** Ask for recovery in a channel that does not force it. */
  recoverable?: boolean | undefined
  /** Start after this position instead of now. */
  since?: StreamPosition | undefined
}

/** One listener of one channel. */
export interface ChannelHandle {
  readonly channel: string
  readonly status: SubscriptionStatus
  /** Calls back after every change of `status`; answers the function that ends it. */
  readonly onChange: (listener: () => void) => () => void
  /** May be called twice. The channel is unsubscribed from when its last listener has left. */
  close(): void
}

/** One socket, any number of channels. */
export interface RealtimeConnection {
  readonly status: ConnectionStatus
  /** Calls back after every change of `status`; answers the function that ends it. */
  readonly onChange: (listener: () => void) => () => void
  subscribe<Channel extends string, Data = unknown>(options: ChannelOptions<Channel, Data>): ChannelHandle
  /** The token of the next attempt. */
  setToken(token: string): void
  /** Ends everything; nothing is called back after it returned. May be called twice. */
  close(): void
}

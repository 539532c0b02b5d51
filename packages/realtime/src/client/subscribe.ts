import { createConnection } from './connection.ts'
import type { TokenSource } from './token-answer.ts'
import type { ChannelOptions, ConnectionOptions, ConnectionStatus, SubscriptionStatus } from './types.ts'

/** A connection with one channel: the options of both. The channel's tokens bear longer names here. */
export interface SubscribeOptions<Channel extends string = string, Data = unknown>
  extends ConnectionOptions, Omit<ChannelOptions<Channel, Data>, 'token' | 'getToken'> {
  /** The first subscription token, for channels that need one. */
  subscriptionToken?: string | undefined
  /** Where subscription tokens come from: a function, or a URL that gets `?channel=` and answers `{token}`. */
  getSubscriptionToken?: TokenSource<{ channel: string }> | undefined
}

export interface RealtimeHandle {
  readonly connection: ConnectionStatus
  readonly subscription: SubscriptionStatus
  /** Ends subscription and socket; nothing is called back after it returned. May be called twice. */
  close(): void
}

/**
 * One connection, one subscription. For several channels over one connection there is `createConnection`.
 *
 * ```ts
 * const handle = subscribe({ url, token, channel: 'sandbox:demo', onMessage: (data) => show(data) })
 * handle.close()
 * ```
 */
export function subscribe<Channel extends string, Data = unknown>(
  options: SubscribeOptions<Channel, Data>,
): RealtimeHandle {
  const connection = createConnection(options)
  const handle = connection.subscribe<Channel, Data>({
    ...options,
    token: options.subscriptionToken,
    getToken: options.getSubscriptionToken,
  })
  return {
    get connection() {
      return connection.status
    },
    get subscription() {
      return handle.status
    },
    close: () => connection.close(),
  }
}

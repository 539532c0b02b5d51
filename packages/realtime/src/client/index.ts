/** The browser half: one connection over the npm package `centrifuge`, and the channels on it. */
export * from '../channel-payloads.ts'
export { personalChannel } from '../channel-names.ts'
export { createConnection } from './connection.ts'
export { connectEvents } from './events/connect-events.ts'
export { EventsError } from './events/events-error.ts'
export type { ConnectEventsOptions, EventMeta, EventsConnection, EventsState } from './events/types.ts'
export { subscribe, type RealtimeHandle, type SubscribeOptions } from './subscribe.ts'
export type { TokenAnswer, TokenSource } from './token-answer.ts'
export type {
  ChannelHandle,
  ChannelOptions,
  ConnectionOptions,
  ConnectionStatus,
  Publication,
  RealtimeClientError,
  RealtimeConnection,
  StreamPosition,
  SubscriptionStatus,
  TokenRefusal,
} from './types.ts'
export { UnauthorizedError } from 'centrifuge'

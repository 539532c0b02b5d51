/** The second face of the hub's rooms: plain events for `EventSource` and `WebSocket`. Needs nothing of Node. */
export { createRealtime } from './create-realtime.ts'
export type { Realtime, RealtimeWithPromises, SseAnswer } from './realtime.ts'
export type { SseOptions } from './serve-sse.ts'
export type {
  ChannelHooks,
  Driver,
  EventConnection,
  EventMap,
  EventOf,
  EventSchemas,
  EventSocket,
  EventStream,
  EventsOf,
  PayloadsOf,
  RealtimeOptions,
  UpgradeHooks,
} from './types.ts'

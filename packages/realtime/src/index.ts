/**
 * The server half: tokens, publish, broadcast and the server API, over Centrifugo's HTTP API or the hub of this
 * process. Under the `browser` condition this entry is `browser-stub.ts`.
 */
export {
  serverApi,
  type BatchCommand,
  type BatchReplies,
  type BatchReply,
  type BatchReplyTo,
  type ServerApi,
  type ServerApiOptions,
} from './api-client.ts'
export {
  createRealtime,
  type ChannelHooks,
  type Driver,
  type EventConnection,
  type EventMap,
  type EventOf,
  type EventSchemas,
  type EventSocket,
  type EventStream,
  type EventsOf,
  type PayloadsOf,
  type Realtime,
  type RealtimeOptions,
  type RealtimeWithPromises,
  type SseAnswer,
  type SseOptions,
  type UpgradeHooks,
} from '@backchannel/hub/events'
export * from './channel-payloads.ts'
export { personalChannel } from './channel-names.ts'
export { isRealtimeEnabled, realtimeWsUrl } from './engine.ts'
export { RealtimeError, type FailureReason } from './errors.ts'
export { setRealtimeLogger, type RealtimeLogger } from './log.ts'
export { broadcast, publish, type BroadcastOptions } from './publish.ts'
export {
  batch,
  channels,
  disconnect,
  history,
  historyRemove,
  info,
  presence,
  presenceStats,
  refresh,
  rpc,
  subscribe,
  unsubscribe,
  type ConnectionSelector,
  type DisconnectOptions,
  type HistoryOptions,
  type HistoryPage,
  type HistoryPublication,
  type NodeInfo,
  type PresenceInfo,
  type RefreshOptions,
  type ServerSubscribeOptions,
  type StreamPosition,
} from './server-api.ts'
export {
  issueConnectionToken,
  issueSubscriptionToken,
  type ConnectionTokenOptions,
  type SubscriptionTokenOptions,
} from './tokens.ts'

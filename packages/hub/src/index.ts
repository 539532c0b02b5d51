export { Disconnect, disconnect, ReplyError, replyError } from '@backchannel/protocol'
export type {
  Broker,
  BrokerPublishOptions,
  Deliver,
  HistoryPage,
  HistoryQuery,
  NewPublication,
  PublishOutcome,
} from './broker/broker.ts'
export type { Clock } from './clock.ts'
export { ConfigError, type ChannelRules, type HubConfig } from './config/config.ts'
export type * from './handlers.ts'
export { createHub, type CloseOptions, type Hub, type HubGauges, type PublishOptions } from './hub.ts'
export type { Logger } from './logger.ts'
export type { MaybePromise } from './maybe-promise.ts'
export type { HubMetrics } from './telemetry/metrics.ts'
export type { HubOptions } from './options.ts'
export { encodeJson, type EncodedJson } from './payloads.ts'
export type { PresenceStore } from './broker/presence.ts'
export type { TraceEvent, TraceOptions, TraceTarget } from './telemetry/trace.ts'
export type { InvalidateOptions, RevokeOptions } from './tokens/revocations.ts'

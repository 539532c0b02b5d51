import type { Broker } from './broker/broker.ts'
import type { Clock } from './clock.ts'
import type { HubConfig } from './config/config.ts'
import type { HubHandlers } from './handlers.ts'
import type { Logger } from './logger.ts'
import type { PresenceStore } from './broker/presence.ts'

export interface HubOptions {
  /** Centrifugo's configuration, v6 shape. @default {} (nothing is allowed) */
  config?: HubConfig
  /** The app's say in connecting, subscribing, publishing, calling. Replaced by `hub.setHandlers()`. @default {} */
  handlers?: HubHandlers
  /** Milliseconds that a handler may take; 0: as long as it likes. @default 10000 */
  handlerTimeout?: number
  /** Takes pino as it is. @default warnings and errors to the console */
  logger?: Logger
  /** Whether the server is the hub's alone: other verbs on its paths are refused, not left to the app. @default false */
  standalone?: boolean
  /** Whether a page's own origin (Origin equal to Host) may connect without being listed. @default true */
  sameOrigin?: boolean
  /** Whether `x-forwarded-proto` and `x-forwarded-host` are believed. Only behind a proxy that sets them. @default false */
  trustProxy?: boolean
  /** The WebSocket URL that browsers use, when it can't be worked out. @default from the request or the server */
  publicUrl?: string
  /** Whether `@backchannel/realtime` finds this hub in its process. @default true */
  register?: boolean
  /** Where publications go and streams live. @default in memory */
  broker?: Broker
  /** Where presence is kept. @default in memory */
  presence?: PresenceStore
  /** @default the system's */
  clock?: Clock
}

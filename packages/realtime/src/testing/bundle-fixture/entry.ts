/** A page's code as an app writes it: the server entry and the client in one module. */
import { isRealtimeEnabled, issueConnectionToken, publish, RealtimeError } from '@backchannel/realtime'
import { subscribe } from '@backchannel/realtime/client'
import { RealtimeProvider } from '@backchannel/realtime/react'

declare const window: Record<string, unknown>
Object.assign(window, {
  isRealtimeEnabled,
  issueConnectionToken,
  publish,
  RealtimeError,
  subscribe,
  RealtimeProvider,
})

/**
 * What `@backchannel/realtime` is in a browser: the same names and types, without the server. Types only are taken from
 * the server's side, so nothing of it can reach a client bundle.
 */
import type * as server from './index.ts'

export type * from './index.ts'

// A function declaration, so that `new` throws the same sentence as a call.
function serverOnly(): never {
  throw new Error('@backchannel/realtime is server-only. Use @backchannel/realtime/client to subscribe in the browser.')
}

export const isRealtimeEnabled: typeof server.isRealtimeEnabled = () => false

export const createRealtime: typeof server.createRealtime = serverOnly
export const issueConnectionToken: typeof server.issueConnectionToken = serverOnly
export const issueSubscriptionToken: typeof server.issueSubscriptionToken = serverOnly
export const realtimeWsUrl: typeof server.realtimeWsUrl = serverOnly
export const personalChannel: typeof server.personalChannel = serverOnly
export const setRealtimeLogger: typeof server.setRealtimeLogger = serverOnly
export const publish: typeof server.publish = serverOnly
export const broadcast: typeof server.broadcast = serverOnly
export const presence: typeof server.presence = serverOnly
export const presenceStats: typeof server.presenceStats = serverOnly
export const history: typeof server.history = serverOnly
export const historyRemove: typeof server.historyRemove = serverOnly
export const channels: typeof server.channels = serverOnly
export const info: typeof server.info = serverOnly
export const subscribe: typeof server.subscribe = serverOnly
export const unsubscribe: typeof server.unsubscribe = serverOnly
export const disconnect: typeof server.disconnect = serverOnly
export const refresh: typeof server.refresh = serverOnly
export const rpc: typeof server.rpc = serverOnly
export const batch: typeof server.batch = serverOnly
export const serverApi: typeof server.serverApi = serverOnly

export const RealtimeError = serverOnly as unknown as typeof server.RealtimeError
export type RealtimeError = server.RealtimeError

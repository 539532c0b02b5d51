/** React over the browser half. Safe to import and to render on a server, where nothing is opened. */
export { useRealtime } from './context.ts'
export { RealtimeProvider, type RealtimeProviderProps } from './realtime-provider.tsx'
export { useChannel, type UseChannelOptions } from './use-channel.ts'
export { useConnectionState } from './use-connection-state.ts'

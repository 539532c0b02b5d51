import { useSyncExternalStore } from 'react'
import type { ConnectionStatus } from '../client/index.ts'
import { useRealtime } from './context.ts'

const offline: ConnectionStatus = Object.freeze({
  state: 'disconnected',
  connected: false,
  code: 0,
  reason: 'not opened',
})

/** Where the provider's connection stands; `disconnected` on the server and while there is none. */
export function useConnectionState(): ConnectionStatus {
  const connection = useRealtime()
  return useSyncExternalStore(
    connection?.onChange ?? ignore,
    () => connection?.status ?? offline,
    () => offline,
  )
}

function ignore(): () => void {
  return () => {}
}

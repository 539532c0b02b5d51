import { createContext, useContext } from 'react'
import type { RealtimeConnection } from '../client/index.ts'

/** Null where nothing is open: on the server, before the first effect, with `enabled={false}`. */
export const RealtimeContext = createContext<RealtimeConnection | null>(null)

/** The provider's connection, or null while there is none. */
export function useRealtime(): RealtimeConnection | null {
  return useContext(RealtimeContext)
}

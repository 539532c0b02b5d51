import { createContext, useCallback, useContext, useSyncExternalStore, type ReactNode } from 'react'
import type { Messenger, MessengerState, RoomState } from '../client/types.ts'

const MessengerContext = createContext<Messenger | undefined>(undefined)

export function MessengerProvider({ messenger, children }: { messenger: Messenger; children: ReactNode }) {
  return <MessengerContext value={messenger}>{children}</MessengerContext>
}

export function useMessenger(): Messenger {
  const messenger = useContext(MessengerContext)
  if (messenger === undefined) throw new Error('useMessenger needs a MessengerProvider around it.')
  return messenger
}

/** @param read gives a part of the state as it is, nothing made anew: what it gives is compared by identity */
export function useMessengerState<T>(read: (state: MessengerState) => T): T {
  const messenger = useMessenger()
  const subscribe = useCallback((listener: () => void) => messenger.subscribe(listener), [messenger])
  return useSyncExternalStore(subscribe, () => read(messenger.getState()))
}

export function useRoom(roomId: number): RoomState | undefined {
  return useMessengerState(({ rooms }) => rooms.get(roomId))
}

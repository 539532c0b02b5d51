import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'

/** What the left column shows in place of my rooms. */
export type LeftView = 'discover' | 'search'

export interface MessengerNavigation {
  /** @param seq opens it at this message */
  readonly toRoom: (roomId: number, options?: { seq?: number; view?: LeftView | undefined }) => void
  /** No room is open. */
  readonly toRooms: () => void
}

export function useMessengerNavigation(): MessengerNavigation {
  const navigate = useNavigate()
  return useMemo(
    () => ({
      toRoom: (roomId, { seq, view } = {}) =>
        void navigate({
          to: '/messenger/$roomId',
          params: { roomId: String(roomId) },
          search: { ...(view !== undefined && { view }), ...(seq !== undefined && { m: seq }) },
        }),
      toRooms: () => void navigate({ to: '/messenger' }),
    }),
    [navigate],
  )
}

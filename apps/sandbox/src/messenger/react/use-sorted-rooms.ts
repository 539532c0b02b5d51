import { useMemo } from 'react'
import type { RoomState } from '../client/types.ts'
import { useMessengerState } from './messenger-provider.tsx'

/** My rooms, the one with the latest message first. */
export function useSortedRooms(): readonly RoomState[] {
  const rooms = useMessengerState((state) => state.rooms)
  return useMemo(() => sortRooms(rooms.values()), [rooms])
}

export function sortRooms(rooms: Iterable<RoomState>): RoomState[] {
  return [...rooms].sort((a, b) => Date.parse(b.bumped_at) - Date.parse(a.bumped_at) || b.id - a.id)
}

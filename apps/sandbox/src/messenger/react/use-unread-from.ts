import { useEffect, useRef, useState } from 'react'
import type { RoomState } from '../client/types.ts'

/**
 * The first message that was unread when the room was opened, or that came while the tab was out of sight: above it stands
 * the unread line. Undefined where nothing was unread: what comes while one looks at it is not new.
 */
export function useUnreadFrom(room: RoomState): number | undefined {
  const [unreadFrom, setUnreadFrom] = useState(() => firstUnread(room, room.read_seq))
  const latest = useRef(room)
  useEffect(() => {
    latest.current = room
  }, [room])
  useEffect(() => {
    let readBefore = latest.current.read_seq
    const onChange = () => {
      if (document.visibilityState === 'hidden') readBefore = latest.current.read_seq
      else setUnreadFrom((before) => firstUnread(latest.current, readBefore) ?? before)
    }
    document.addEventListener('visibilitychange', onChange)
    return () => document.removeEventListener('visibilitychange', onChange)
  }, [])
  return unreadFrom
}

function firstUnread({ last_seq: last }: RoomState, read: number): number | undefined {
  return last > read ? read + 1 : undefined
}

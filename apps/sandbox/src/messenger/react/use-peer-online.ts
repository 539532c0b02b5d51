import { useEffect, useState } from 'react'
import type { RoomState } from '../client/types.ts'
import { useMessenger } from './messenger-provider.tsx'

const askEvery = 30_000

/** Whether the other person of a direct room is connected; undefined when nobody can tell. */
export function usePeerOnline(room: RoomState): boolean | undefined {
  const messenger = useMessenger()
  const [online, setOnline] = useState<boolean>()
  const peerId = room.peer?.id
  useEffect(() => {
    if (peerId === undefined) return setOnline(undefined)
    let isCurrent = true
    const ask = async () => {
      if (document.visibilityState !== 'visible') return
      try {
        const { members } = await messenger.members(room.id)
        if (isCurrent) setOnline(members.find(({ id }) => id === peerId)?.online ?? undefined)
      } catch {
        // Not worth a word: the next time may tell.
        if (isCurrent) setOnline(undefined)
      }
    }
    void ask()
    const timer = setInterval(() => void ask(), askEvery)
    return () => {
      isCurrent = false
      clearInterval(timer)
    }
  }, [messenger, room.id, peerId])
  return online
}

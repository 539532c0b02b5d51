import { useEffect } from 'react'
import type { Messenger, RoomState } from '../client/types.ts'
import type { Message } from '../model.ts'
import { useMessenger } from './messenger-provider.tsx'

/** Calls for each room with news from others: with the last of them, however many came at once. */
export function useNewMessages(onMessage: (room: RoomState, message: Message) => void): void {
  const messenger = useMessenger()
  useEffect(() => watchNewMessages(messenger, onMessage), [messenger, onMessage])
}

/** @returns ends it */
function watchNewMessages(messenger: Messenger, onMessage: (room: RoomState, message: Message) => void): () => void {
  let before = messenger.getState()
  return messenger.subscribe(() => {
    const state = messenger.getState()
    const known = before
    before = state
    // What was there at the first load is no news.
    if (state.rooms === known.rooms || !known.ready) return
    for (const room of state.rooms.values()) {
      const last = room.last_message
      if (last === null || last.seq !== room.last_seq || last.author?.id === state.me.id) continue
      const wasKnown = known.rooms.get(room.id)
      // A room that I have just entered was not silent before.
      if (wasKnown !== undefined && wasKnown.last_seq < room.last_seq) onMessage(room, last)
    }
  })
}

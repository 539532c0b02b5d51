import { useCallback, useEffect, useRef, useState } from 'react'
import type { RoomState } from '../client/types.ts'
import type { Member } from '../model.ts'
import { useMessenger } from './messenger-provider.tsx'
import { messageOf } from './use-request.ts'

interface Members {
  readonly members: readonly Member[]
  /** Where the next page begins; null after the last. */
  readonly next: string | null
  readonly busy: boolean
  readonly failure: string | undefined
}

const none: Members = { members: [], next: null, busy: true, failure: undefined }

/** A room's members, a page at a time; from the first one on again when their number changes. */
export function useMembers(room: RoomState): Members & { loadMore: () => void; reload: () => void } {
  const messenger = useMessenger()
  const [state, setState] = useState(none)
  const asked = useRef(0)
  const { id, member_count: count } = room

  const load = useCallback(
    async (after: string | undefined) => {
      asked.current += 1
      const mine = asked.current
      setState((before) => ({ ...before, busy: true, failure: undefined }))
      try {
        const page = await messenger.members(id, after)
        if (mine !== asked.current) return
        setState(({ members }) => ({
          members: after === undefined ? page.members : [...members, ...page.members],
          next: page.next,
          busy: false,
          failure: undefined,
        }))
      } catch (error) {
        if (mine === asked.current) setState((before) => ({ ...before, busy: false, failure: messageOf(error) }))
      }
    },
    [messenger, id],
  )
  useEffect(() => {
    void load(undefined)
    return () => {
      asked.current += 1
    }
  }, [load, count])
  return { ...state, loadMore: () => void load(state.next ?? undefined), reload: () => void load(undefined) }
}

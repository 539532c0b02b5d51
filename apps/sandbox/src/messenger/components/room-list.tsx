import { Compass } from 'lucide-react'
import { useCallback, useRef, useState, type KeyboardEvent } from 'react'
import { Button } from '../../components/ui/button.tsx'
import { useMessenger, useMessengerState } from '../react/messenger-provider.tsx'
import { useFound } from '../react/use-found.ts'
import { useMessengerNavigation } from '../react/use-navigation.ts'
import { useRequest } from '../react/use-request.ts'
import { useSortedRooms } from '../react/use-sorted-rooms.ts'
import { useToday } from '../react/use-today.ts'
import { Problem } from './problem.tsx'
import { RoomRow } from './room-row.tsx'
import { RoomListSkeleton } from './skeletons.tsx'

/** My rooms. One of them is in the tab order, the arrow keys lead to the others. */
export function RoomList({ activeId, onDiscover }: { activeId: number | undefined; onDiscover: () => void }) {
  const messenger = useMessenger()
  const me = useMessengerState((state) => state.me)
  const ready = useMessengerState((state) => state.ready)
  const failure = useMessengerState((state) => state.failure)
  const typing = useMessengerState((state) => state.typing)
  const rooms = useSortedRooms()
  const today = useToday()
  const list = useRef<HTMLUListElement>(null)
  const [focused, setFocused] = useState<number>()

  if (!ready) {
    if (failure === null) return <RoomListSkeleton />
    return (
      <Problem title="Your rooms could not be loaded" text={failure}>
        <Button variant="secondary" onClick={() => messenger.reload()}>
          Retry
        </Button>
      </Problem>
    )
  }
  if (rooms.length === 0) return <NoRooms onDiscover={onDiscover} />

  const isHere = (id: number | undefined) => id !== undefined && rooms.some((room) => room.id === id)
  const reachable = isHere(focused) ? focused : isHere(activeId) ? activeId : rooms[0]?.id

  const move = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const links = [...(list.current?.querySelectorAll<HTMLElement>('a') ?? [])]
    const place = links.indexOf(document.activeElement as HTMLElement)
    const next = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: links.length - 1 }[event.key]
    if (next === undefined) return
    event.preventDefault()
    links[Math.max(0, Math.min(next, links.length - 1))]?.focus()
  }

  return (
    // The keys are for the links within, which have the focus.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <ul
      ref={list}
      aria-label="Rooms"
      onKeyDown={move}
      onFocus={({ target }) => {
        const index = [...(list.current?.children ?? [])].findIndex((item) => item.contains(target))
        setFocused(rooms[index]?.id)
      }}
      onBlur={() => setFocused(undefined)}
      className="min-h-0 grow overflow-y-auto overscroll-contain p-2"
    >
      {rooms.map((room) => (
        <RoomRow
          key={room.id}
          room={room}
          meId={me.id}
          active={room.id === activeId}
          inTabOrder={room.id === reachable}
          typing={typing.get(room.id)}
          today={today}
        />
      ))}
    </ul>
  )
}

/** The first room is one click away, if there is one that everybody may enter. */
function NoRooms({ onDiscover }: { onDiscover: () => void }) {
  const messenger = useMessenger()
  const { toRoom } = useMessengerNavigation()
  const { busy, failure, run } = useRequest()
  const search = useCallback((query: string) => messenger.searchRooms(query), [messenger])
  const lobby = useFound('Lobby', search).found?.find(({ name, is_member: isMember }) => name === 'Lobby' && !isMember)
  return (
    <Problem title="No rooms yet" text="Join one that is open to everybody, or make your own." failure={failure}>
      {lobby === undefined ? null : (
        <Button
          disabled={busy}
          focusableWhenDisabled
          onClick={() =>
            void run(async () => {
              await messenger.join(lobby.id)
              toRoom(lobby.id)
            })
          }
        >
          Join Lobby
        </Button>
      )}
      <Button variant="secondary" onClick={onDiscover}>
        <Compass aria-hidden className="size-4" />
        Look around
      </Button>
    </Problem>
  )
}

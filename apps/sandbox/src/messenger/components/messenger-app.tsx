import { useNavigate } from '@tanstack/react-router'
import { MessagesSquare } from 'lucide-react'
import { useCallback, useEffect, useState } from 'react'
import { useMessenger } from '../react/messenger-provider.tsx'
import { useMessengerNavigation, type LeftView } from '../react/use-navigation.ts'
import { useNotifications } from '../react/use-notifications.ts'
import { usePageSigns } from '../react/use-page-signs.ts'
import { sortRooms } from '../react/use-sorted-rooms.ts'
import { ConnectionBanner } from './connection-banner.tsx'
import { LeftColumn } from './left-column.tsx'
import { News } from './news.tsx'
import { Room } from './room.tsx'
import { RoomSwitcher } from './room-switcher.tsx'
import { SplitView } from './split-view.tsx'

/** What the address says. */
export interface MessengerPlace {
  readonly roomId: number | undefined
  /** The message to open the room at. */
  readonly target: number | undefined
  readonly view: LeftView | undefined
}

export function MessengerApp({ roomId, target, view }: MessengerPlace) {
  const navigate = useNavigate()
  const [switches, setSwitches] = useState(false)
  const notifications = useNotifications()
  usePageSigns()
  useKeys(roomId, () => setSwitches(true))

  const onView = (next: LeftView | undefined) =>
    void navigate({
      ...(roomId === undefined
        ? { to: '/messenger' as const }
        : { to: '/messenger/$roomId' as const, params: { roomId: String(roomId) } }),
      search: next === undefined ? {} : { view: next },
    })
  // The address is done with: the same link leads there again.
  const onArrived = useCallback(() => {
    if (roomId === undefined) return
    void navigate({
      to: '/messenger/$roomId',
      params: { roomId: String(roomId) },
      search: view === undefined ? {} : { view },
      replace: true,
    })
  }, [navigate, roomId, view])

  return (
    <>
      <ConnectionBanner />
      <SplitView
        rightIsOpen={roomId !== undefined}
        left={<LeftColumn activeId={roomId} view={view} onView={onView} notifications={notifications} />}
        right={
          roomId === undefined ? (
            <NoRoomOpen />
          ) : (
            <Room key={roomId} roomId={roomId} target={target} onArrived={onArrived} />
          )
        }
      />
      <RoomSwitcher open={switches} onClose={() => setSwitches(false)} />
      <News openId={roomId} />
    </>
  )
}

/** Ctrl+K (on a Mac Cmd+K), and Alt with the arrow keys. */
function useKeys(roomId: number | undefined, onSwitch: () => void): void {
  const messenger = useMessenger()
  const { toRoom } = useMessengerNavigation()
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
        event.preventDefault()
        return onSwitch()
      }
      if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return
      const rooms = sortRooms(messenger.getState().rooms.values())
      const place = rooms.findIndex(({ id }) => id === roomId)
      const next = rooms[event.key === 'ArrowDown' ? place + 1 : Math.max(place, 1) - 1]
      event.preventDefault()
      if (next !== undefined && next.id !== roomId) toRoom(next.id)
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  })
}

function NoRoomOpen() {
  return (
    <div className="m-auto grid max-w-xs justify-items-center gap-3 p-6 text-center text-sm text-ink-soft">
      <MessagesSquare aria-hidden className="size-8" strokeWidth={1.5} />
      <p>Choose a room to read and write.</p>
      <p className="text-xs">
        <kbd className="rounded border bg-surface px-1.5 py-0.5 font-sans">Ctrl K</kbd> goes to a room by its name,{' '}
        <kbd className="rounded border bg-surface px-1.5 py-0.5 font-sans">Alt ↑ ↓</kbd> to the one above or below.
      </p>
    </div>
  )
}

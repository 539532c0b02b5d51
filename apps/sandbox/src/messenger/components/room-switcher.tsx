import { useRef, useState, type KeyboardEvent } from 'react'
import { useMessengerNavigation } from '../react/use-navigation.ts'
import { useSortedRooms } from '../react/use-sorted-rooms.ts'
import { DialogFrame } from './dialog-frame.tsx'
import { badge, unreadOf } from './page-title.ts'
import { RoomAvatar } from './room-row.tsx'
import { isComposing } from './composition.ts'

/** Goes to a room by a part of its name: Ctrl+K. */
export function RoomSwitcher({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <DialogFrame title="Go to a room" open={open} onClose={onClose}>
      <Switcher onDone={onClose} />
    </DialogFrame>
  )
}

const shown = 50

function Switcher({ onDone }: { onDone: () => void }) {
  const { toRoom } = useMessengerNavigation()
  const rooms = useSortedRooms()
  const [query, setQuery] = useState('')
  const [chosen, setChosen] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const wanted = query.trim().toLowerCase()
  const found = rooms.filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, shown)
  const current = found[Math.min(chosen, found.length - 1)]

  const go = (roomId: number) => {
    onDone()
    toRoom(roomId)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return
    if (event.key === 'Enter') {
      event.preventDefault()
      if (current !== undefined) go(current.id)
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      const next = Math.max(0, Math.min(found.length - 1, chosen + step))
      setChosen(next)
      list.current?.children[next]?.scrollIntoView({ block: 'nearest' })
    }
  }

  return (
    <div className="grid grid-cols-1 gap-3">
      <input
        role="combobox"
        aria-label="Room"
        aria-expanded
        aria-controls="switcher-rooms"
        aria-activedescendant={current === undefined ? undefined : `switcher-${current.id}`}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        placeholder="Part of its name"
        value={query}
        onChange={({ target }) => {
          setQuery(target.value)
          setChosen(0)
        }}
        onKeyDown={onKeyDown}
        className="h-10 w-full rounded-lg border border-line-strong bg-surface px-3 text-base placeholder:text-ink-soft sm:text-sm"
      />
      <div
        ref={list}
        id="switcher-rooms"
        role="listbox"
        aria-label="Rooms to go to"
        className="-mx-2 max-h-[50dvh] min-h-12 overflow-y-auto"
      >
        {found.map((room) => (
          // The keys are the field's, which keeps the focus.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={room.id}
            id={`switcher-${room.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={room.id === current?.id}
            onClick={() => go(room.id)}
            className="flex cursor-pointer items-center gap-3 rounded-lg p-2 hover:bg-sunken aria-selected:bg-accent-soft"
          >
            <RoomAvatar room={room} size="md" />
            <bdi className="min-w-0 grow truncate font-medium">{room.name}</bdi>
            {unreadOf(room) > 0 ? (
              <span className="shrink-0 text-xs text-ink-soft">{badge(unreadOf(room))} unread</span>
            ) : null}
          </div>
        ))}
      </div>
      <p role="status" className="text-ink-soft empty:hidden">
        {found.length === 0 ? 'No room of this name.' : ''}
      </p>
    </div>
  )
}

import { Lock } from 'lucide-react'
import { useCallback, useState } from 'react'
import { Button } from '../../components/ui/button.tsx'
import { useMessenger, useMessengerState } from '../react/messenger-provider.tsx'
import { useFound } from '../react/use-found.ts'
import { useMessengerNavigation } from '../react/use-navigation.ts'
import { useRequest } from '../react/use-request.ts'
import type { FoundRoom } from '../model.ts'
import { Avatar } from './avatar.tsx'
import { countOf } from './room-preview.ts'
import { ResultsState } from './results-state.tsx'
import { SearchField } from './search-field.tsx'

/** Rooms that I may enter, and those that I am in. */
export function Discover() {
  const messenger = useMessenger()
  const [query, setQuery] = useState('')
  const search = useCallback((text: string) => messenger.searchRooms(text), [messenger])
  const results = useFound(query, search)
  return (
    <div className="flex min-h-0 grow flex-col">
      <div className="p-3">
        <SearchField label="Find a room" value={query} onChange={setQuery} takesFocus />
      </div>
      <ResultsState results={results} none="No room of this name." />
      {results.found === undefined ? null : (
        <ul aria-label="Found rooms" className="min-h-0 grow overflow-y-auto overscroll-contain px-2 pb-2">
          {results.found.map((room) => (
            <FoundRoomRow key={room.id} room={room} />
          ))}
        </ul>
      )}
    </div>
  )
}

function FoundRoomRow({ room }: { room: FoundRoom }) {
  const messenger = useMessenger()
  const { toRoom } = useMessengerNavigation()
  const known = useMessengerState((state) => state.rooms.get(room.id))
  const { busy, failure, run } = useRequest()
  // What was found is as of then; of rooms that I am in, events tell how they are now.
  const isMember = known !== undefined
  // Leaving it is for good, unless somebody invites one again: its own header asks before.
  const isPrivate = known?.kind === 'private'
  const members = known?.member_count ?? room.member_count
  return (
    <li className="rounded-xl px-3 py-2 hover:bg-sunken">
      <div className="flex items-center gap-3">
        <Avatar id={`room-${room.id}`} name={room.name} square />
        <div className="min-w-0 grow">
          {isMember ? (
            <button
              type="button"
              onClick={() => toRoom(room.id, { view: 'discover' })}
              className="block max-w-full truncate rounded text-left text-sm font-medium hover:underline"
            >
              <bdi>{room.name}</bdi>
            </button>
          ) : (
            <p className="truncate text-sm font-medium">
              <bdi>{room.name}</bdi>
            </p>
          )}
          <p className="text-xs text-ink-soft">{countOf(members, 'member')}</p>
        </div>
        {isPrivate ? (
          <Lock role="img" aria-label="private" className="mx-3 size-4 text-ink-soft" />
        ) : (
          <Button
            variant={isMember ? 'secondary' : 'primary'}
            className="h-9 px-3"
            disabled={busy}
            focusableWhenDisabled
            aria-label={`${isMember ? 'Leave' : 'Join'} ${room.name}`}
            onClick={() => void run(() => (isMember ? messenger.leave(room.id) : messenger.join(room.id)))}
          >
            {busy ? (isMember ? 'Leaving' : 'Joining') : isMember ? 'Leave' : 'Join'}
          </Button>
        )}
      </div>
      <p role="alert" className="mt-1 text-sm text-danger empty:hidden">
        {failure}
      </p>
    </li>
  )
}

import { useCallback, useState } from 'react'
import { useMessenger, useMessengerState } from '../react/messenger-provider.tsx'
import { useFound } from '../react/use-found.ts'
import { useMessengerNavigation } from '../react/use-navigation.ts'
import { useToday } from '../react/use-today.ts'
import type { FoundMessage } from '../model.ts'
import { fullDateOf, shortDateOf } from './dates.ts'
import { plainText } from './plain-text.ts'
import { ResultsState } from './results-state.tsx'
import { SearchField } from './search-field.tsx'
import { splitAround } from './split-around.ts'

/** Messages of all my rooms; a result opens its room at that message. */
export function MessageSearch() {
  const messenger = useMessenger()
  const [query, setQuery] = useState('')
  const wanted = query.trim()
  const search = useCallback(
    (text: string): Promise<FoundMessage[]> => (text === '' ? Promise.resolve([]) : messenger.searchMessages(text)),
    [messenger],
  )
  const results = useFound(wanted, search)
  return (
    <div className="flex min-h-0 grow flex-col">
      <div className="p-3">
        <SearchField label="Search in messages" value={query} onChange={setQuery} takesFocus />
      </div>
      {wanted === '' ? (
        <p className="px-5 text-sm text-ink-soft">The newest 50 messages that contain your words appear here.</p>
      ) : (
        <>
          <ResultsState results={results} none="No message contains this." />
          <ul aria-label="Found messages" className="min-h-0 grow overflow-y-auto overscroll-contain px-2 pb-2">
            {results.found?.map((message) => (
              <FoundMessageRow key={message.id} message={message} query={wanted} />
            ))}
          </ul>
        </>
      )}
    </div>
  )
}

function FoundMessageRow({ message, query }: { message: FoundMessage; query: string }) {
  const { toRoom } = useMessengerNavigation()
  const me = useMessengerState((state) => state.me)
  const today = useToday()
  const [before, match, after] = splitAround(plainText(message.content, 4_000), query)
  return (
    <li>
      <button
        type="button"
        onClick={() => toRoom(message.room_id, { seq: message.seq, view: 'search' })}
        className="grid w-full grid-cols-1 gap-0.5 rounded-xl px-3 py-2.5 text-left text-sm -outline-offset-2 hover:bg-sunken"
      >
        <span className="flex items-baseline gap-2">
          <span className="min-w-0 grow truncate font-medium">
            <bdi>
              {message.author === null ? message.room_name : message.author.id === me.id ? 'You' : message.author.name}
            </bdi>
            {message.author === null ? null : (
              <span className="font-normal text-ink-soft">
                {' '}
                in <bdi>{message.room_name}</bdi>
              </span>
            )}
          </span>
          <time
            dateTime={message.created_at}
            title={fullDateOf(message.created_at)}
            className="shrink-0 text-xs text-ink-soft tabular-nums"
          >
            {shortDateOf(message.created_at, today)}
          </time>
        </span>
        <bdi className="line-clamp-2 wrap-anywhere text-ink-soft">
          {before}
          <mark className="rounded bg-accent-soft text-ink">{match}</mark>
          {after}
        </bdi>
      </button>
    </li>
  )
}

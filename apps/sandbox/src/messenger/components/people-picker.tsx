import { useCallback, useState } from 'react'
import { Notice } from '../../components/ui/notice.tsx'
import type { Person } from '../model.ts'
import { useMessenger } from '../react/messenger-provider.tsx'
import { useFound } from '../react/use-found.ts'
import { useRequest } from '../react/use-request.ts'
import { Avatar } from './avatar.tsx'
import { ResultsState } from './results-state.tsx'
import { SearchField } from './search-field.tsx'

/** Finds people by name; choosing one does what the dialog is for. */
export function PeoplePicker({ onChoose }: { onChoose: (person: Person) => Promise<void> }) {
  const messenger = useMessenger()
  const [query, setQuery] = useState('')
  const search = useCallback((text: string) => messenger.searchPeople(text), [messenger])
  const results = useFound(query.trim(), search)
  const { busy, failure, run } = useRequest()
  return (
    <div className="grid grid-cols-1 gap-3">
      <SearchField label="Find people" value={query} onChange={setQuery} />
      <div role="alert" className="empty:hidden">
        {failure === undefined ? null : <Notice tone="bad">{failure}</Notice>}
      </div>
      <ResultsState results={results} none="Nobody of this name." />
      <ul aria-label="People" className="-mx-2 grid max-h-80 min-h-24 grid-cols-1 content-start overflow-y-auto">
        {results.found?.map((person) => (
          <li key={person.id}>
            <button
              type="button"
              aria-disabled={busy}
              onClick={() => void run(() => onChoose(person))}
              className="flex w-full items-center gap-3 rounded-lg p-2 text-left -outline-offset-2 hover:bg-sunken"
            >
              <Avatar id={person.id} name={person.name} size="sm" />
              <bdi className="min-w-0 truncate font-medium">{person.name}</bdi>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

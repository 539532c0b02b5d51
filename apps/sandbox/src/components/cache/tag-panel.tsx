import { useState } from 'react'
import { callTag } from '../../lib/cache-server.ts'
import { taggedEntries, type TaggedEntry } from '../../lib/cache.ts'
import { clock } from '../../lib/clock.ts'
import { Button } from '../ui/button.tsx'
import { type Attempt, Panel } from './panel.tsx'

export function TagPanel({ attempt }: { attempt: Attempt }) {
  const [failure, setFailure] = useState<string>()
  const [entries, setEntries] = useState<readonly TaggedEntry[]>(taggedEntries.map((name) => ({ name, at: undefined })))

  const run = async (action: 'fill' | 'read' | 'invalidate') => {
    setFailure(await attempt(async () => setEntries(await callTag({ data: { action } }))))
  }

  return (
    <Panel
      title="A tag"
      explanation="Three entries that belong together. Invalidating their tag is one step, and none of them is found again."
      failure={failure}
    >
      <ul aria-label="Entries with the tag" className="grid gap-2 sm:grid-cols-3">
        {entries.map(({ name, at }) => (
          <li key={name} className="rounded-lg border bg-paper px-3 py-2 text-sm">
            <span className="font-mono">{name}</span>
            <span className={`block ${at === undefined ? 'text-ink-soft' : 'text-live'}`}>
              {at === undefined ? 'not there' : `stored at ${clock.format(new Date(at))}`}
            </span>
          </li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => void run('fill')}>Store them</Button>
        <Button variant="secondary" onClick={() => void run('read')}>
          Read them
        </Button>
        <Button variant="secondary" onClick={() => void run('invalidate')}>
          Invalidate the tag
        </Button>
      </div>
    </Panel>
  )
}

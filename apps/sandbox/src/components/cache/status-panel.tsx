import type { CacheStatus } from '@backchannel/cache'
import type { ReactNode } from 'react'
import { CodeBlock } from '../ui/code-block.tsx'

/** Where values are kept, and what came of asking for them. */
export function StatusPanel({ status }: { status: CacheStatus }) {
  const { state, server, hits, misses, loads, errors, entries } = status
  return (
    <aside aria-labelledby="cache-status" className="grid grid-cols-1 gap-4 rounded-2xl border bg-surface p-5 text-sm">
      <h2 id="cache-status" className="text-base font-semibold tracking-tight">
        {titles[state]}
      </h2>
      <div className="grid gap-3 text-ink-soft">{explain(state, server)}</div>
      <dl data-testid="cache-counters" className="grid grid-cols-2 gap-x-4 gap-y-2 border-t pt-4">
        <Counter term="Hits" value={hits} />
        <Counter term="Misses" value={misses} />
        <Counter term="Loads" value={loads} />
        <Counter term="Errors" value={errors} />
        {entries === null ? null : <Counter term="Entries" value={entries} />}
      </dl>
      <p className="text-xs text-ink-soft">Counted by this process since it began, for everybody.</p>
    </aside>
  )
}

function Counter({ term, value }: { term: string; value: number }) {
  return (
    <div>
      <dt className="text-xs text-ink-soft">{term}</dt>
      <dd className="text-lg font-medium tabular-nums">{value}</dd>
    </div>
  )
}

const titles: Record<CacheStatus['state'], string> = {
  off: 'Turn the cache on',
  memory: 'In this process',
  idle: 'Valkey',
  up: 'Valkey',
  down: 'Valkey is down',
}

function explain(state: CacheStatus['state'], server: string | null): ReactNode {
  switch (state) {
    case 'off':
      return (
        <>
          <p>
            <Code>VALKEY_URL</Code> is not set. Everything here works, and nothing is kept: a get is a miss, a set does
            nothing, and a slow value is still loaded once for all who ask at the same time.
          </p>
          <CodeBlock label="Start Valkey" code="docker compose --profile cache up -d" />
          <p>
            Without Docker: <Code>npm run servers -- redis</Code>. Then restart the app:
          </p>
          <CodeBlock label="Use the cache" code="VALKEY_URL=redis://127.0.0.1:6379 npm start" />
          <p>
            Or keep values in this process: <Code>VALKEY_URL=memory: npm start</Code>
          </p>
        </>
      )
    case 'memory':
      return <p>Values are kept in this process, bounded, and end with it. Other instances have their own.</p>
    case 'idle':
    case 'up':
      return (
        <>
          <p>
            All instances share what is at <Code>{server}</Code>, sessions and rate limits among it.
          </p>
          {state === 'idle' ? <p>Nothing was asked for yet, so nothing is connected.</p> : null}
        </>
      )
    case 'down':
      return (
        <p>
          <Code>{server}</Code> does not answer. Every get is a quick miss until it does; sessions come from the
          database.
        </p>
      )
  }
}

function Code({ children }: { children: ReactNode }) {
  return <code className="font-mono text-[0.9em] break-words text-ink">{children}</code>
}

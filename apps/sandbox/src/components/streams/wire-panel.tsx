import { useState } from 'react'
import { useWire } from '../../lib/use-wire.ts'
import { Button } from '../ui/button.tsx'

/** The event stream as it travels: the one place where a browser sees heartbeats, which are comments. */
export function WirePanel() {
  const [watching, setWatching] = useState(false)
  const text = useWire(watching)
  return (
    <section
      aria-label="On the wire"
      className="overflow-hidden rounded-2xl border bg-surface shadow-card lg:col-span-2"
    >
      <div className="flex flex-wrap items-center gap-3 border-b p-4 sm:px-5">
        <div className="min-w-0 grow">
          <h2 className="text-lg font-semibold tracking-tight">On the wire</h2>
          <p className="mt-1 text-sm text-ink-soft">
            A third connection, read as text: when to come back, ids to catch up from, and a heartbeat every five
            seconds.
          </p>
        </div>
        <Button variant="secondary" onClick={() => setWatching(!watching)}>
          {watching ? 'Stop watching' : 'Watch the wire'}
        </Button>
      </div>
      <pre
        tabIndex={0}
        data-testid="wire"
        aria-label="The event stream as text"
        className="h-56 overflow-auto bg-paper p-4 font-mono text-xs leading-relaxed [overflow-wrap:anywhere] whitespace-pre-wrap sm:px-5"
      >
        {text === '' ? <span className="text-ink-soft">Nothing yet.</span> : text}
      </pre>
    </section>
  )
}

import { RefreshCw } from 'lucide-react'
import { useState } from 'react'
import type { Message } from '../../lib/message.ts'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'

/** What the database holds. Fetched, never pushed: the write is there whether or not anybody was told. */
export function SavedMessages({
  messages,
  unreachable,
  refresh,
}: {
  /** Undefined until they are here. */
  messages: readonly Message[] | undefined
  unreachable: boolean
  refresh: () => Promise<void>
}) {
  const [busy, setBusy] = useState(false)
  const again = async () => {
    setBusy(true)
    await refresh()
    setBusy(false)
  }
  return (
    <section aria-labelledby="saved-title" className="rounded-2xl border bg-surface p-5">
      <div className="-my-2 flex items-center justify-between gap-2">
        <h2 id="saved-title" className="font-semibold tracking-tight">
          In the database
        </h2>
        <Button
          variant="quiet"
          size="icon"
          onClick={() => void again()}
          disabled={busy}
          focusableWhenDisabled
          aria-label="Refresh what is saved"
        >
          <RefreshCw aria-hidden className={`size-4 ${busy ? 'motion-safe:animate-spin' : ''}`} />
        </Button>
      </div>
      {unreachable ? (
        <div role="alert" className="mt-3">
          <Notice tone="bad">The server could not be reached.</Notice>
        </div>
      ) : null}
      {messages === undefined ? null : messages.length === 0 ? (
        <p className="mt-3 text-sm text-ink-soft">Nothing yet. Every publish is saved before it is sent.</p>
      ) : (
        <ol data-testid="saved-messages" className="mt-3 grid grid-cols-1 divide-y">
          {messages.map((message) => (
            <li key={message.id} className="flex items-baseline justify-between gap-3 py-2 text-sm">
              <span className="truncate">{message.text}</span>
              <time
                dateTime={message.createdAt}
                // The server writes it in its own time zone, the browser in the reader's.
                suppressHydrationWarning
                className="shrink-0 font-mono text-xs text-ink-soft tabular-nums"
              >
                {clock.format(new Date(message.createdAt))}
              </time>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

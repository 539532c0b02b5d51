import { History } from 'lucide-react'
import { useEffect, useState } from 'react'
import { clock } from '../../lib/clock.ts'
import { getVersions, restoreVersion, saveVersion, type SavedVersion } from '../../lib/collab-server.ts'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'

/** What the document was: kept by the server from time to time and on request, restored for everybody. */
export function VersionPanel({ document, onUnauthorized }: { document: string; onUnauthorized: () => void }) {
  const [versions, setVersions] = useState<readonly SavedVersion[]>()
  const [said, setSaid] = useState<{ readonly tone: 'good' | 'bad'; readonly text: string }>()
  const [busy, setBusy] = useState(false)

  /** Does it, then shows what there is now. */
  const run = async (work: () => Promise<string | undefined>) => {
    setBusy(true)
    try {
      const text = await work()
      setVersions(await getVersions({ data: { document } }))
      setSaid(text === undefined ? undefined : { tone: 'good', text })
    } catch (error) {
      if (error instanceof Response && error.status === 401) return onUnauthorized()
      setSaid({ tone: 'bad', text: 'The server could not be reached. Please try again.' })
    } finally {
      setBusy(false)
    }
  }
  const save = async () => {
    await saveVersion({ data: { document } })
    return 'This version is kept.'
  }
  const restore = async ({ id, createdAt }: SavedVersion) => {
    const { restored } = await restoreVersion({ data: { document, id } })
    return restored ? `The version of ${clock.format(new Date(createdAt))} is back, for everybody.` : undefined
  }

  useEffect(() => {
    void run(async () => undefined)
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once per document
  }, [document])

  return (
    <section
      aria-labelledby="versions-title"
      className="grid grid-cols-1 gap-4 rounded-2xl border bg-surface p-5 text-sm"
    >
      <div className="flex items-center gap-3">
        <h2 id="versions-title" className="grow text-base font-semibold tracking-tight">
          Versions
        </h2>
        <Button variant="secondary" disabled={busy} onClick={() => void run(save)}>
          Keep this one
        </Button>
      </div>
      {versions === undefined || versions.length === 0 ? (
        <p className="text-ink-soft">
          {versions === undefined ? 'Loading.' : 'None yet. The server keeps one from time to time, or when you ask.'}
        </p>
      ) : (
        <ol aria-label="Kept versions" className="-mx-2 grid max-h-80 grid-cols-1 overflow-y-auto">
          {versions.map((version) => (
            <li key={version.id} className="flex items-center gap-2 rounded-lg px-2 py-1 hover:bg-sunken">
              <History aria-hidden className="size-4 shrink-0 text-ink-soft" />
              <time dateTime={version.createdAt} className="grow tabular-nums">
                {day.format(new Date(version.createdAt))} {clock.format(new Date(version.createdAt))}
              </time>
              <Button
                variant="quiet"
                disabled={busy}
                aria-label={`Restore the version of ${clock.format(new Date(version.createdAt))}`}
                onClick={() => void run(() => restore(version))}
              >
                Restore
              </Button>
            </li>
          ))}
        </ol>
      )}
      {/* There before its text: only then is a change of it read out. */}
      <div role="status">{said === undefined ? null : <Notice tone={said.tone}>{said.text}</Notice>}</div>
    </section>
  )
}

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

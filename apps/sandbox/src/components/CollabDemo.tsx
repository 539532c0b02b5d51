import type { CollabSession, CollabStatus } from '@backchannel/collab'
import { Switch } from '@base-ui/react/switch'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import type { CollabPage } from '../lib/collab-server.ts'
import { useCollabSession, useCollabValue } from '../lib/use-collab.ts'
import { DocumentChoice } from './collab/document-choice.tsx'
import { CollabEditor } from './collab/editor.tsx'
import { People } from './collab/people.tsx'
import { CollabSetupPanel } from './collab/setup-panel.tsx'
import { VersionPanel } from './collab/version-panel.tsx'
import { LiveBadge } from './realtime/live-badge.tsx'
import { Button } from './ui/button.tsx'
import { Notice } from './ui/notice.tsx'

/** The document, who is in it, and what it was. Its own chunk: the editor is loaded by those who come here. */
export default function CollabDemo({ document, setup, user }: CollabPage & { document: string }) {
  const router = useRouter()
  const [asReader, setAsReader] = useState(false)
  const url = setup.mode === 'off' ? undefined : setup.url
  const session = useCollabSession({ url, room: document, name: user.name, asReader })
  const signIn = () => void router.navigate({ to: '/sign-in', search: { redirect: '/sandbox/collab' } })

  return (
    <div className="mt-8 grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <section aria-label="Document" className="min-w-0 rounded-2xl border bg-surface shadow-card">
        {session === undefined ? (
          <p className="grid min-h-96 place-content-center text-sm text-ink-soft">Opening the document.</p>
        ) : (
          <>
            <Connection session={session} />
            <CollabEditor session={session} label={`The document ${document}`} />
          </>
        )}
      </section>
      <aside className="grid grid-cols-1 gap-6">
        <DocumentChoice document={document} />
        {setup.mode === 'embedded' ? (
          <>
            {asReader ? null : <VersionPanel document={document} onUnauthorized={signIn} />}
            <div className="flex items-center gap-3 rounded-2xl border bg-surface p-5 text-sm">
              <Switch.Root
                aria-labelledby="as-reader"
                aria-describedby="as-reader-means"
                checked={asReader}
                onCheckedChange={setAsReader}
                className="relative h-6 w-10 shrink-0 rounded-full bg-line-strong transition-colors data-checked:bg-accent"
              >
                <Switch.Thumb className="absolute top-1 left-1 size-4 rounded-full bg-surface transition-transform data-checked:translate-x-4" />
              </Switch.Root>
              <div>
                <p id="as-reader" className="font-medium">
                  Join as a reader
                </p>
                <p id="as-reader-means" className="text-ink-soft">
                  The server refuses what a reader writes.
                </p>
              </div>
            </div>
          </>
        ) : null}
        <CollabSetupPanel setup={setup} />
      </aside>
    </div>
  )
}

function Connection({ session }: { session: CollabSession }) {
  const status = useCollabValue(session, (one) => one.status)
  const refusal = useCollabValue(session, (one) => one.refusal)
  return (
    <>
      <div className="flex flex-wrap items-center gap-3 border-b p-3 sm:px-5">
        {status === 'local' ? null : <LiveBadge live={status === 'connected'} />}
        <p className="text-sm text-ink-soft max-sm:basis-40 max-sm:grow">{explain(status)}</p>
        <div className="ml-auto max-sm:ml-0">
          <People session={session} />
        </div>
      </div>
      {refusal === undefined ? null : (
        <div role="alert" className="flex flex-wrap items-center gap-3 border-b p-3 sm:px-5">
          <div className="min-w-60 grow">
            <Notice tone="bad">{refusal.message}</Notice>
          </div>
          <Button variant="secondary" onClick={() => session.reconnect()}>
            Try again
          </Button>
        </div>
      )}
    </>
  )
}

function explain(status: CollabStatus): string {
  switch (status) {
    case 'local':
      return 'Kept in this browser only'
    case 'connecting':
      return 'Connecting'
    case 'connected':
      return 'Every change is shared at once'
    case 'disconnected':
      return 'What you type is kept here, and sent when the server is back'
    case 'refused':
      return 'Not connected'
    case 'destroyed':
      return 'Closed'
  }
}

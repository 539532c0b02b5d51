import type { ReactNode } from 'react'
import type { CollabSetup } from '../../lib/collab-server.ts'

/** How documents are shared on this server. */
export function CollabSetupPanel({ setup }: { setup: CollabSetup }) {
  return (
    <section
      aria-labelledby="collab-setup"
      className="grid grid-cols-1 gap-3 rounded-2xl border bg-surface p-5 text-sm"
    >
      <h2 id="collab-setup" className="text-base font-semibold tracking-tight">
        {titles[setup.mode]}
      </h2>
      <div className="grid gap-3 text-ink-soft">{explain(setup)}</div>
    </section>
  )
}

const titles: Record<CollabSetup['mode'], string> = {
  off: 'Only in this browser',
  embedded: 'On this server',
  external: 'On a server of its own',
}

function explain(setup: CollabSetup): ReactNode {
  switch (setup.mode) {
    case 'off':
      return (
        <p>
          Documents are switched off by <Code>COLLAB=off</Code>. The editor works and keeps its text in this browser;
          remove the variable and restart the server, and what was typed here is shared.
        </p>
      )
    case 'embedded':
      return (
        <>
          <p>
            Rooms are at <Code>{setup.url}</Code>, beside the hub on the same port. Every change is in the database
            before anybody else sees it.
          </p>
          <p>
            {setup.sharedOverValkey ? (
              <>
                Instances of this app share them over Valkey (<Code>VALKEY_URL</Code>).
              </>
            ) : (
              <>
                With <Code>VALKEY_URL</Code> and <Code>DATABASE_URL</Code> several instances of this app share them.
              </>
            )}
          </p>
        </>
      )
    case 'external':
      return (
        <p>
          Browsers connect to <Code>{setup.url}</Code> (<Code>COLLAB_URL</Code>). Versions are that server’s affair.
        </p>
      )
  }
}

function Code({ children }: { children: ReactNode }) {
  return <code className="font-mono text-[0.9em] break-words text-ink">{children}</code>
}

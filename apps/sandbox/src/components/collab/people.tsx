import type { CollabSession } from '@backchannel/collab'
import { useCollabValue } from '../../lib/use-collab.ts'

/** Who has the document open. */
export function People({ session }: { session: CollabSession }) {
  const peers = useCollabValue(session, (one) => one.peers)
  return (
    <ul aria-label="Who is here" className="flex min-w-0 flex-wrap items-center gap-1.5">
      {peers.map(({ clientId, name, color, isSelf }) => (
        <li
          key={clientId}
          className="flex h-8 max-w-48 items-center gap-2 rounded-full border bg-surface pr-3 pl-1 text-sm"
        >
          <span
            aria-hidden
            style={{ backgroundColor: color }}
            className="grid size-6 shrink-0 place-content-center rounded-full text-xs font-semibold text-white"
          >
            {name.slice(0, 1).toUpperCase()}
          </span>
          <span className="truncate">
            {name}
            {isSelf ? <span className="text-ink-soft"> (you)</span> : null}
          </span>
        </li>
      ))}
    </ul>
  )
}

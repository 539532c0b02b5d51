/** What `@backchannel/collab` is on a server: the same names, or an import would fail for want of them, and one sentence. */
import type * as client from './client/index.ts'

export type * from './client/index.ts'

function browserOnly(): never {
  throw new Error(
    '@backchannel/collab is for browsers. Load it there only (React: lazy() within ClientOnly); rooms are served by ' +
      '@backchannel/collab/server.',
  )
}

// While it is imported: what is called later might never be called on a server, and ship.
browserOnly()

export const createCollabSession: typeof client.createCollabSession = browserOnly
export const defineCollab: typeof client.defineCollab = browserOnly
export const CollabRefused = browserOnly as unknown as typeof client.CollabRefused

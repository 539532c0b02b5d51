/** What `@backchannel/collab/server` is in a browser: the same names and types, without the server. */
import type * as server from './server/index.ts'

export type * from './server/index.ts'

// A function declaration, so that `new` throws the same sentence as a call.
function serverOnly(): never {
  throw new Error('@backchannel/collab/server is server-only. Use @backchannel/collab in the browser.')
}

export const createCollabServer: typeof server.createCollabServer = serverOnly
export const memoryStore: typeof server.memoryStore = serverOnly
export const sqlStore: typeof server.sqlStore = serverOnly
export const collabTables = ''

/** Documents that several people edit at once: rooms on this server, kept in the app's own database. */
import { createCollabServer, sqlStore, type CollabServer } from '@backchannel/collab/server'
import type { Logger } from 'pino'
import { collabPath, documentName, readerParams } from '../src/lib/collab.ts'
import type { OpenDatabase } from './database.ts'
import type { Settings } from './settings.ts'

/** Short, so that a visitor finds something to go back to. */
const versionEvery = 30_000

/** @param userIdOf whose session a request brings */
export function startCollab(
  { query }: Pick<OpenDatabase, 'query'>,
  userIdOf: (request: Request) => Promise<string | undefined>,
  { publicUrl, trustProxy }: Pick<Settings, 'publicUrl' | 'trustProxy'>,
  log: Logger,
): CollabServer {
  return createCollabServer({
    path: collabPath,
    store: sqlStore(query),
    authorize: async (request, room) => {
      if (!documentName.test(room) || (await userIdOf(request)) === undefined) return 'deny'
      return new URL(request.url).searchParams.get('as') === readerParams.as ? 'read' : 'write'
    },
    versionEvery,
    allowedOrigins: publicUrl === undefined ? [] : [publicUrl],
    trustProxy: trustProxy !== false,
    logger: log,
  })
}

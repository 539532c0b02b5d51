/** The server's side of the collab page. */
import type { CollabServer } from '@backchannel/collab/server'
import { createServerFn } from '@tanstack/react-start'
import { getRequest } from '@tanstack/react-start/server'
import { z } from 'zod'
import type { AppContext } from '../app-context.ts'
import { collabPath, documentName } from './collab.ts'
import { answer, checkInput, requireUser } from './server-answers.ts'

/** How documents are shared here. `url` is where browsers connect; a path is this server's. */
export type CollabSetup =
  | { readonly mode: 'off' }
  | { readonly mode: 'embedded'; readonly url: string; readonly sharedOverValkey: boolean }
  | { readonly mode: 'external'; readonly url: string }

export interface CollabPage {
  readonly setup: CollabSetup
  readonly user: { readonly name: string }
}

export interface SavedVersion {
  readonly id: string
  readonly createdAt: string
}

/** 401 without a session. */
export const getCollabPage = createServerFn({ method: 'GET' }).handler(async ({ context }): Promise<CollabPage> => {
  const { name } = await requireUser(getRequest(), context)
  return { setup: setupOf(context), user: { name } }
})

const documentInput = z.object({ document: z.string().regex(documentName, 'There is no such document.') })
const versionInput = documentInput.extend({ id: z.string().max(20) })

/** The versions that can be restored, newest first. 400 for a bad name, 401 without a session, 404 unless embedded. */
export const getVersions = createServerFn({ method: 'GET' })
  .validator((input: z.input<typeof documentInput>) => checkInput(documentInput, input))
  .handler(async ({ context, data: { document } }): Promise<SavedVersion[]> => {
    await requireUser(getRequest(), context)
    const versions = await requireCollab(context).versions(document)
    return versions.slice(0, 20).map(({ id, createdAt }) => ({ id, createdAt: createdAt.toISOString() }))
  })

/** Keeps the document as it is. Answers as above. */
export const saveVersion = createServerFn({ method: 'POST' })
  .validator((input: z.input<typeof documentInput>) => checkInput(documentInput, input))
  .handler(async ({ context, data: { document } }): Promise<void> => {
    await requireUser(getRequest(), context)
    await requireCollab(context).saveVersion(document)
  })

/** Brings the document back to a version, for everybody. False: it is kept no more. Answers as above. */
export const restoreVersion = createServerFn({ method: 'POST' })
  .validator((input: z.input<typeof versionInput>) => checkInput(versionInput, input))
  .handler(async ({ context, data: { document, id } }): Promise<{ restored: boolean }> => {
    await requireUser(getRequest(), context)
    return { restored: await requireCollab(context).restore(document, id) }
  })

function setupOf({ collab, collabUrl }: AppContext): CollabSetup {
  if (collabUrl !== undefined) return { mode: 'external', url: collabUrl }
  if (collab === undefined) return { mode: 'off' }
  return { mode: 'embedded', url: collabPath, sharedOverValkey: isShared(process.env['VALKEY_URL']) }
}

function isShared(valkeyUrl: string | undefined): boolean {
  return valkeyUrl !== undefined && valkeyUrl !== '' && !valkeyUrl.startsWith('memory:')
}

function requireCollab({ collab }: AppContext): CollabServer {
  if (collab === undefined) throw answer(404, { detail: 'documents are not kept on this server' })
  return collab
}

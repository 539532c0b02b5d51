/** ProseKit's part: binds an editor to a session. Transport and binding only: the schema and the UI are the app's. */
import { defineYjs, type YjsExtension } from 'prosekit/extensions/yjs'
import type * as Y from 'yjs'
import type { CollabSession } from './session.ts'

export interface CollabExtensionOptions {
  /** Where in the document the editor's content is. @default `doc.getXmlFragment('prosemirror')` */
  readonly fragment?: Y.XmlFragment
}

/**
 * Sync, remote cursors, and undo of one's own changes only (`undo`, `redo`, Mod-Z). Don't add ProseKit's `defineHistory`:
 * two undos would undo each other.
 */
export function defineCollab(session: CollabSession, { fragment }: CollabExtensionOptions = {}): YjsExtension {
  const { doc, awareness } = session
  return defineYjs({ doc, awareness, ...(fragment ? { fragment } : {}) })
}

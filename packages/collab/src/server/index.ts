/** `@backchannel/collab/server`: rooms on the app's own server. */
export { createCollabServer, type CollabServer } from './server.ts'
export type { CollabServerOptions } from './settings.ts'
export { memoryStore } from './memory-store.ts'
export { collabTables, sqlStore, type SqlQuery } from './sql-store.ts'
export type { CollabStore, CompactionBase, SaveVersionOptions, StoredDocument, Version } from './store.ts'

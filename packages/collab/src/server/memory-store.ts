/** Documents in this process, for development and tests: they end with it. */
import type { CollabStore, CompactionBase, SaveVersionOptions, StoredDocument, Version } from './store.ts'

interface Entry {
  snapshot: Uint8Array | undefined
  revision: number
  readonly updates: Map<string, Uint8Array>
  versions: { readonly version: Version; readonly snapshot: Uint8Array }[]
}

export function memoryStore(): CollabStore {
  const entries = new Map<string, Entry>()
  let count = 0
  const entryOf = (room: string): Entry => {
    let entry = entries.get(room)
    if (!entry) {
      entry = { snapshot: undefined, revision: 0, updates: new Map(), versions: [] }
      entries.set(room, entry)
    }
    return entry
  }
  return {
    async open() {},
    async load(room): Promise<StoredDocument> {
      const entry = entries.get(room)
      if (!entry) return { updates: [], base: { revision: 0, updateIds: [] } }
      const { snapshot, updates, revision } = entry
      return {
        updates: [...(snapshot ? [snapshot] : []), ...updates.values()],
        base: { revision, updateIds: Array.from(updates.keys()) },
      }
    },
    async append(room, update) {
      entryOf(room).updates.set(String(++count), update)
    },
    async compact(room, snapshot, { revision, updateIds }: CompactionBase) {
      const entry = entryOf(room)
      if (entry.revision !== revision || !updateIds.every((id) => entry.updates.has(id))) return false
      entry.snapshot = snapshot
      entry.revision++
      for (const id of updateIds) entry.updates.delete(id)
      return true
    },
    async saveVersion(room, snapshot, { most, unlessWithinMs }: SaveVersionOptions) {
      const entry = entryOf(room)
      const newest = entry.versions[0]?.version.createdAt.getTime() ?? -Infinity
      if (unlessWithinMs !== undefined && Date.now() - newest < unlessWithinMs) return undefined
      const version = { id: String(++count), createdAt: new Date(), bytes: snapshot.byteLength }
      entry.versions = [{ version, snapshot }, ...entry.versions].slice(0, most)
      return version
    },
    async versions(room) {
      return entries.get(room)?.versions.map(({ version }) => version) ?? []
    },
    async version(room, id) {
      return entries.get(room)?.versions.find(({ version }) => version.id === id)?.snapshot
    },
    async delete(room) {
      entries.delete(room)
    },
  }
}

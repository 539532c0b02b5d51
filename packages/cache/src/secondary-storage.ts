/**
 * The backend as Better Auth's `secondaryStorage`. Its keys lie apart from those of the cache. While the server is down
 * nothing is found, and increments count in this process, so that a rate limit neither opens nor locks everybody out.
 */
import { CacheValueError } from './errors.ts'
import type { Entries } from './entries.ts'
import { MemoryStore } from './memory-store.ts'
import type { SecondaryStorage } from './types.ts'

/** For the time without a server only. */
const localBounds = { entries: 10_000, bytes: 4 * 1024 * 1024 }

export function createSecondaryStorage({ attempt, layout }: Pick<Entries, 'attempt' | 'layout'>): SecondaryStorage {
  let local: MemoryStore | undefined

  const remove = async (key: string) => {
    await attempt((store) => store.delete([layout.auth(key)], []))
  }

  // No method uses `this`: Better Auth calls `increment` without it.
  return {
    get: async (key) => (await attempt((store) => store.get(layout.auth(key)))) ?? null,

    async set(key, value, ttl) {
      if (typeof value !== 'string') throw new CacheValueError('The secondary storage takes strings only')
      // What has no time left is gone.
      if (ttl !== undefined && !(ttl > 0)) return remove(key)
      const ttlMs = ttl === undefined ? undefined : Math.ceil(ttl * 1000)
      await attempt((store) => store.set([{ key: layout.auth(key), lock: undefined, text: value }], ttlMs))
    },

    delete: remove,

    getAndDelete: async (key) => (await attempt((store) => store.getAndDelete(layout.auth(key)))) ?? null,

    async increment(key, ttl) {
      const name = layout.auth(key)
      const ttlMs = ttl > 0 ? Math.ceil(ttl * 1000) : 1
      const sum = await attempt((store) => store.increment(name, 1, ttlMs))
      if (typeof sum === 'number') return sum
      local ??= new MemoryStore(localBounds)
      return (await local.increment(name, 1, ttlMs)) ?? 1
    },
  }
}

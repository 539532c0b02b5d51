/** The cache: values over a store, and nothing thrown for the store's sake. */
import { randomUUID } from 'node:crypto'
import { type Counters, createEntries, type Found } from './entries.ts'
import { CacheConfigError, CacheValueError } from './errors.ts'
import { writeEntry } from './entry.ts'
import { checkKey, checkTag, describe, keyLayout } from './keys.ts'
import { createLoads, type Load } from './loading.ts'
import { createWarn, type Warn } from './log.ts'
import { MemoryStore } from './memory-store.ts'
import { incrementOf, lifetimeOf, type LoadOptions, loadPlanOf } from './options.ts'
import { createSecondaryStorage } from './secondary-storage.ts'
import type { Store } from './store.ts'
import type { Cache, CacheOptions, CacheSchema, SetOptions } from './types.ts'
import { readUrl } from './url.ts'
import { toJson } from './value.ts'
import { ValkeyStore } from './valkey-store.ts'

const defaultPrefix = 'cache:'
const optionNames = ['url', 'prefix', 'logger', 'timeoutMs']

/**
 * A cache of its own, with its own connection. Connects when first used.
 * @throws CacheConfigError for a url or an option that can't be used
 */
export function createCache(options: CacheOptions): Cache {
  if (typeof options !== 'object' || options === null) {
    throw new CacheConfigError("createCache takes an object such as { url: 'redis://127.0.0.1:6379' }")
  }
  for (const name of Object.keys(options)) {
    if (!optionNames.includes(name)) {
      throw new CacheConfigError(`createCache: there is no '${name}'; what there is: ${optionNames.join(', ')}`)
    }
  }
  const { prefix = defaultPrefix, timeoutMs = 200 } = options
  if (typeof prefix !== 'string' || prefix === '' || prefix.length > 100 || !prefix.isWellFormed()) {
    throw new CacheConfigError("The cache's prefix is a string of 1 to 100 characters, such as 'cache:'")
  }
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 1 && timeoutMs <= 60_000)) {
    throw new CacheConfigError(`The cache's timeoutMs is a number from 1 to 60000, not ${String(timeoutMs)}`)
  }
  const warn = createWarn(options.logger)
  return cacheOver(openStore(options.url, { prefix, timeoutMs, warn }), prefix, warn)
}

function checkList(keys: unknown): void {
  if (!Array.isArray(keys)) throw new CacheValueError(`A list of keys is wanted, not ${describe(keys)}`)
}

/** One that is off because its configuration can't be used. */
export function brokenCache(reason: string): Cache {
  return cacheOver(undefined, defaultPrefix, createWarn(), reason)
}

function openStore(
  url: string | undefined,
  { prefix, timeoutMs, warn }: { prefix: string; timeoutMs: number; warn: Warn },
): Store | undefined {
  const backend = readUrl(url)
  if (backend.kind === 'off') return undefined
  if (backend.kind === 'memory') return new MemoryStore(backend.bounds)
  return new ValkeyStore({ address: backend.address, prefix, timeoutMs, warn })
}

function cacheOver(opened: Store | undefined, prefix: string, warn: Warn, lastError: string | null = null): Cache {
  let store = opened
  const layout = keyLayout(prefix)
  const counters: Counters = { hits: 0, staleHits: 0, misses: 0, invalid: 0, loads: 0, errors: 0, lastError }
  const entries = createEntries({ store: () => store, layout, counters, warn })
  const { attempt, find, findMany } = entries
  const loads = createLoads(entries)
  const secondaryStorage = createSecondaryStorage(entries)

  function valueOf(found: Found | undefined): unknown {
    if (!found || found.isStale) {
      counters.misses++
      return null
    }
    counters.hits++
    return found.value
  }

  async function get(key: string, schema?: CacheSchema): Promise<unknown> {
    checkKey(key)
    const text = await attempt((store) => store.get(layout.entry(key)))
    return valueOf(typeof text === 'string' ? await find(text, schema) : undefined)
  }

  async function getMany(keys: readonly string[], schema?: CacheSchema): Promise<unknown[]> {
    checkList(keys)
    for (const key of keys) checkKey(key)
    const texts = await attempt((store) => store.getMany(keys.map(layout.entry)))
    return (await findMany(texts ?? keys.map(() => null), schema)).map(valueOf)
  }

  async function setMany(
    values: readonly (readonly [key: string, value: unknown])[],
    options: number | SetOptions | undefined,
  ): Promise<void> {
    const { ttlMs, tags } = lifetimeOf(options)
    const written = values.map(([key, value]) => {
      checkKey(key)
      return { key, json: toJson(key, value) }
    })
    const keys = written.map(({ key }) => key)
    loads.forget(keys)
    if (keys.length === 0) return
    const versions =
      tags.length === 0 ? [] : await attempt((store) => store.tagVersions(tags.map(layout.tag), randomUUID(), ttlMs))
    if (!versions) {
      // Without the tags' versions the entry would outlive them. The old one is outdated all the same.
      await remove(keys)
      return
    }
    const tagVersions = tags.map((tag, index) => [tag, versions[index] ?? ''] as const)
    await attempt((store) =>
      store.set(
        written.map(({ key, json }) => ({
          key: layout.entry(key),
          lock: layout.lock(key),
          text: writeEntry({ json, tags: tagVersions, freshUntil: undefined, loadMs: undefined }),
        })),
        ttlMs,
      ),
    )
  }

  async function remove(keys: readonly string[]): Promise<void> {
    loads.forget(keys)
    await attempt((store) => store.delete(keys.map(layout.entry), keys.map(layout.lock)))
  }

  async function cached(key: string, options: number | LoadOptions, load: Load): Promise<unknown> {
    checkKey(key)
    if (typeof load !== 'function') {
      throw new CacheValueError(`cached('${key}', …) takes a function that loads the value, not ${describe(load)}`)
    }
    return loads.cached(key, loadPlanOf(options), load)
  }

  return {
    get,
    getMany,
    cached,

    set: async (key, value, options) => setMany([[key, value]], options),
    setMany: async (entries, options) => setMany([...entries], options),

    async delete(keys) {
      const list = Array.isArray(keys) ? (keys as readonly string[]) : [keys as string]
      for (const key of list) checkKey(key)
      await remove(list)
    },

    async ttl(key) {
      checkKey(key)
      const stored = await attempt((store) => store.getWithTtl(layout.entry(key)))
      const found = stored ? await find(stored.text, undefined) : undefined
      if (!stored || !found || found.isStale) return null
      if (stored.ttlMs === null) return Infinity
      const leftMs = found.freshUntil === undefined ? stored.ttlMs : found.freshUntil - Date.now()
      return Math.max(Math.ceil(leftMs / 1000), 1)
    },

    async increment(key, options = {}) {
      checkKey(key)
      const { by, ttlMs } = incrementOf(options)
      return (await attempt((store) => store.increment(layout.entry(key), by, ttlMs))) ?? null
    },

    async invalidateTag(...tags) {
      for (const tag of tags) checkTag(tag)
      const locks = loads.forgetTags(tags).map(layout.lock)
      // An entry whose tag has no version is void, and the next version is another one.
      await attempt((store) => store.delete(tags.map(layout.tag), locks))
    },

    secondaryStorage: () => (store ? secondaryStorage : undefined),

    status() {
      const { state, server, entries, bytes } = store?.status() ?? {
        state: 'off',
        server: null,
        entries: null,
        bytes: null,
      }
      return { state, server, prefix, ...counters, entries, bytes }
    },

    async close() {
      const closing = store
      store = undefined
      await closing?.close()
    },
  }
}

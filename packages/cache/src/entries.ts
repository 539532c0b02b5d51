/** What reading and loading share: the store behind its failures, and entries that hold. */
import type { KeyLayout } from './keys.ts'
import { readEntry, type TagVersion } from './entry.ts'
import type { Warn } from './log.ts'
import { check } from './schema.ts'
import { type Store, StoreError } from './store.ts'
import type { CacheSchema } from './types.ts'
import { parseJson } from './value.ts'

export interface Counters {
  hits: number
  staleHits: number
  misses: number
  invalid: number
  loads: number
  errors: number
  lastError: string | null
}

export interface Found {
  readonly json: string
  /** Parsed and validated. */
  readonly value: unknown
  readonly freshUntil: number | undefined
  readonly loadMs: number | undefined
  /** Past its `ttl`, and kept for those who would rather have it than wait. */
  readonly isStale: boolean
}

type MaybePromise<T> = T | Promise<T>

export interface Entries {
  /** Undefined while the cache is off. */
  readonly store: () => Store | undefined
  readonly layout: KeyLayout
  readonly counters: Counters
  readonly warn: Warn
  /** What the backend answers; undefined, and counted, when it could not. */
  readonly attempt: <T>(call: (store: Store) => Promise<T>) => Promise<T | undefined>
  /** Undefined for an entry that doesn't hold: broken, invalidated, or not as the schema wants it. */
  readonly find: (text: string, schema: CacheSchema | undefined) => MaybePromise<Found | undefined>
  readonly findMany: (
    texts: readonly (string | null)[],
    schema: CacheSchema | undefined,
  ) => Promise<(Found | undefined)[]>
}

export function createEntries({
  store,
  layout,
  counters,
  warn,
}: Pick<Entries, 'store' | 'layout' | 'counters' | 'warn'>): Entries {
  async function attempt<T>(call: (store: Store) => Promise<T>): Promise<T | undefined> {
    const current = store()
    if (!current) return undefined
    try {
      return await call(current)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      counters.errors++
      counters.lastError = error.message
      // That it is out of reach is told once, by the connection.
      if (error.kind === 'refused') warn(error.message, `the backend refused a call: ${error.message}`)
      return undefined
    }
  }

  /** The current versions of the entries' tags. Undefined where they can't be known. */
  async function versionsOf(tags: readonly TagVersion[]): Promise<Map<string, string | null> | undefined> {
    const names = [...new Set(tags.map(([tag]) => tag))]
    if (names.length === 0) return new Map()
    const versions = await attempt((store) => store.getMany(names.map((name) => layout.tag(name))))
    return versions && new Map(names.map((name, index) => [name, versions[index] ?? null]))
  }

  async function findMany(texts: readonly (string | null)[], schema: CacheSchema | undefined) {
    const entries = texts.map((text) => (text === null ? null : readEntry(text)))
    const versions = await versionsOf(entries.flatMap((entry) => entry?.tags ?? []))
    const found: (Found | undefined)[] = []
    for (const entry of entries) {
      if (entry === null || !versions || entry?.tags.some(([tag, version]) => versions.get(tag) !== version)) {
        found.push(undefined)
        continue
      }
      const parsed = entry && parseJson(entry.json)
      const checked = parsed && (schema ? await check(schema, parsed.value) : parsed)
      if (!entry || !checked || !('value' in checked)) {
        counters.invalid++
        found.push(undefined)
        continue
      }
      const { json, freshUntil, loadMs } = entry
      const isStale = freshUntil !== undefined && Date.now() >= freshUntil
      found.push({ json, value: checked.value, freshUntil, loadMs, isStale })
    }
    return found
  }

  return {
    store,
    layout,
    counters,
    warn,
    attempt,
    findMany,
    find(text, schema) {
      const parsed = schema || text.startsWith('#') ? undefined : parseJson(text)
      // The common case in one step: every hit passes here.
      if (parsed) return { json: text, value: parsed.value, freshUntil: undefined, loadMs: undefined, isStale: false }
      return findMany([text], schema).then(([found]) => found)
    },
  }
}

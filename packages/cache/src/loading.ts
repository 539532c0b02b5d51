/** One load however many ask: within the process by sharing it, between processes by a lock in the store. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CacheValueError } from './errors.ts'
import type { Entries, Found } from './entries.ts'
import { isDueEarly } from './early.ts'
import { writeEntry } from './entry.ts'
import type { LoadPlan } from './options.ts'
import { check } from './schema.ts'
import { parseJson, toJson } from './value.ts'

export type Load = () => unknown

export interface Loads {
  /** The value under the key, else what `load` gives. Rejects with what `load` rejects with. */
  cached(key: string, plan: LoadPlan, load: Load): Promise<unknown>
  /** Who asks from now on does not get what is being loaded for these keys. */
  forget(keys: readonly string[]): void
  /** The same for tags. Answers the keys that were being loaded. */
  forgetTags(tags: readonly string[]): string[]
}

/** What a flight brings. Everyone parses the JSON anew, so that nobody changes another's value. */
interface Landed {
  readonly json: string
  /** For who started it. */
  readonly value: unknown
  readonly from: 'store' | 'load'
  readonly isStale: boolean
}

interface Flight {
  readonly landed: Promise<Landed>
  readonly tags: readonly string[]
}

/** A lock that is ours. */
interface Held {
  readonly name: string
  readonly token: string
  /** The entry's text when it was taken. */
  readonly seen: string | null
}

/** Holders of a lock that are waited for, each no longer than the lock's time. */
const patience = 3
const firstPollMs = 15
const maxPollMs = 150

export function createLoads({ store, layout, counters, find, attempt, warn }: Entries): Loads {
  const flights = new Map<string, Flight>()
  const refreshing = new Set<string>()
  /** The keys whose loads this call stands in. */
  const within = new AsyncLocalStorage<readonly string[]>()

  /** Calls the loader. What it gives goes through JSON, so that a value looks the same loaded and stored. */
  async function loadNow(key: string, { schema }: LoadPlan, load: Load): Promise<Landed> {
    counters.loads++
    const json = toJson(key, await within.run([...(within.getStore() ?? []), key], load))
    const checked = await check(schema, parseJson(json)?.value)
    if ('problem' in checked) {
      throw new CacheValueError(`What was loaded for cache key '${key}' doesn't fit its schema: ${checked.problem}`)
    }
    return { json, value: checked.value, from: 'load', isStale: false }
  }

  /** Loads while holding the lock, stores, and lets go of the lock whatever happens. */
  async function loadAndStore(key: string, plan: LoadPlan, load: Load, lock: Held): Promise<Landed> {
    const { ttlMs, staleMs, lockMs, beta } = plan
    const { name, token, seen } = lock
    const keepsMs = ttlMs === undefined ? undefined : ttlMs + staleMs
    let isLost = false
    const renewal = setInterval(() => {
      void attempt(async (store) => {
        if (!(await store.renew(name, token, lockMs))) isLost = true
      })
    }, lockMs / 3)
    renewal.unref()
    try {
      // Before the load: an invalidation in the middle of it gives the tag another version, and the entry is void.
      const tags = plan.tags.map((tag) => ({ tag, key: layout.tag(tag) }))
      const versions =
        tags.length === 0
          ? []
          : await attempt((store) =>
              store.tagVersions(
                tags.map(({ key }) => key),
                randomUUID(),
                keepsMs,
              ),
            )
      const began = performance.now()
      const landed = await loadNow(key, plan, load)
      const loadMs = performance.now() - began
      // Without versions, or without the lock, it is given to who asked, and not kept.
      if (!versions || isLost) {
        await attempt((store) => store.release(name, token))
        return landed
      }
      const hasFreshness = ttlMs !== undefined && (staleMs > 0 || beta > 0)
      const text = writeEntry({
        json: landed.json,
        tags: tags.map(({ tag }, index) => [tag, versions[index] ?? '']),
        freshUntil: hasFreshness ? Date.now() + ttlMs : undefined,
        loadMs: beta > 0 ? Math.ceil(loadMs) : undefined,
      })
      await attempt((store) =>
        store.storeLoaded({
          lock: name,
          token,
          seen,
          entry: layout.entry(key),
          text,
          ttlMs: keepsMs,
          tags: tags.map(({ key }, index) => ({ key, version: versions[index] ?? '' })),
        }),
      )
      return landed
    } catch (error) {
      await attempt((store) => store.release(name, token))
      throw error
    } finally {
      clearInterval(renewal)
    }
  }

  /**
   * Takes the key's lock, or waits for who has it. Answers what was found meanwhile, or that the load is ours: under the
   * lock, or without it when the backend failed or its holders took too long.
   */
  async function claim(key: string, plan: LoadPlan): Promise<Found | Held | 'unlocked'> {
    const { schema, lockMs } = plan
    const token = randomUUID()
    const began = performance.now()
    let pollMs = firstPollMs
    let holder: { token: string; since: number } | undefined
    let holders = 0
    let refused: string | null = null
    for (;;) {
      const now = performance.now()
      if (holders > patience && now - began > patience * lockMs) return 'unlocked'
      const from = holder && now - holder.since > lockMs ? holder.token : undefined
      const claimed = await attempt((store) =>
        store.acquire({ lock: layout.lock(key), entry: layout.entry(key), token, ttlMs: lockMs, from }),
      )
      if (!claimed) return 'unlocked'
      const { owner, text } = claimed
      if (text !== null && text !== refused) {
        const found = await find(text, schema)
        if (found && !found.isStale) {
          if (owner === token) await attempt((store) => store.release(layout.lock(key), token))
          return found
        }
        refused = text
      }
      if (owner === token) return { name: layout.lock(key), token, seen: text }
      if (holder?.token !== owner) {
        holder = { token: owner, since: now }
        holders++
      }
      await sleep(pollMs * (0.5 + Math.random()))
      pollMs = Math.min(pollMs * 1.5, maxPollMs)
    }
  }

  async function loadOnce(key: string, plan: LoadPlan, load: Load): Promise<Landed> {
    const claimed = await claim(key, plan)
    if (claimed === 'unlocked') return loadNow(key, plan, load)
    if ('token' in claimed) return loadAndStore(key, plan, load, claimed)
    return { ...claimed, from: 'store' }
  }

  /** In the background, by one caller of all processes. The old value is served meanwhile. */
  async function refresh(key: string, plan: LoadPlan, load: Load): Promise<void> {
    if (refreshing.has(key)) return
    refreshing.add(key)
    try {
      const [name, token] = [layout.lock(key), randomUUID()]
      const claimed = await attempt((store) =>
        store.acquire({ lock: name, entry: layout.entry(key), token, ttlMs: plan.lockMs, from: undefined }),
      )
      if (claimed?.owner === token) await loadAndStore(key, plan, load, { name, token, seen: claimed.text })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      warn('refresh', `refreshing '${key}' failed, the old value is served on: ${reason}`, { key })
    } finally {
      refreshing.delete(key)
    }
  }

  async function fly(key: string, plan: LoadPlan, load: Load): Promise<Landed> {
    if (!store()) return loadNow(key, plan, load)
    const text = await attempt((store) => store.get(layout.entry(key)))
    if (text === undefined) return loadNow(key, plan, load)
    const found = text === null ? undefined : await find(text, plan.schema)
    if (!found) return loadOnce(key, plan, load)
    const { freshUntil, loadMs } = found
    const nowMs = Date.now()
    if (freshUntil === undefined) return { ...found, from: 'store' }
    if (nowMs >= freshUntil + plan.staleMs) return loadOnce(key, plan, load)
    const isEarly =
      plan.beta > 0 &&
      loadMs !== undefined &&
      isDueEarly({ nowMs, freshUntil, loadMs, beta: plan.beta }, 1 - Math.random())
    if (found.isStale || isEarly) void refresh(key, plan, load)
    return { ...found, from: 'store' }
  }

  function start(key: string, plan: LoadPlan, load: Load): Flight {
    const flight: Flight = { landed: fly(key, plan, load), tags: plan.tags }
    flights.set(key, flight)
    const leave = () => {
      if (flights.get(key) === flight) flights.delete(key)
    }
    flight.landed.then(leave, leave)
    return flight
  }

  function count({ from, isStale }: Landed): void {
    if (from === 'load') counters.misses++
    else counters.hits++
    if (isStale) counters.staleHits++
  }

  return {
    async cached(key, plan, load) {
      // It would wait for itself.
      if (within.getStore()?.includes(key)) {
        throw new CacheValueError(`cached('${key}', …) is called within its own load, which it would wait for`)
      }
      const shared = flights.get(key)
      if (shared) {
        const landed = await shared.landed
        const checked = await check(plan.schema, parseJson(landed.json)?.value)
        if ('value' in checked) {
          count(landed)
          return checked.value
        }
      }
      // What was shared may fit the other's schema and not this one.
      const landed = await start(key, plan, load).landed
      count(landed)
      return landed.value
    },
    forget(keys) {
      for (const key of keys) flights.delete(key)
    },
    forgetTags(tags) {
      const keys = [...flights].flatMap(([key, flight]) => (flight.tags.some((tag) => tags.includes(tag)) ? key : []))
      for (const key of keys) flights.delete(key)
      return keys
    },
  }
}

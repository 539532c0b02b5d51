import { randomUUID } from 'node:crypto'
import { requireServices, startRedis, type RedisServer } from '@backchannel/servers'
import { afterAll, beforeAll } from 'vitest'
import { createCache } from '../cache.ts'
import type { Cache, CacheOptions } from '../types.ts'

export interface LogLine {
  readonly fields: object
  readonly message: string
}

/** Something wrong in a test's own cache: nothing is logged unless the test says so. */
export function recordLog(): { lines: LogLine[]; logger: NonNullable<CacheOptions['logger']> } {
  const lines: LogLine[] = []
  return { lines, logger: { warn: (fields, message) => lines.push({ fields, message }) } }
}

export interface Stage {
  readonly url: string
  /** A cache whose keys nobody else has, closed at the end. */
  open(options?: Partial<CacheOptions>): Cache
}

/** What a suite runs on: the same tests over each store. */
export const stores = [
  { store: 'memory', needs: {} },
  { store: 'server', needs: await requireServices('redis') },
] as const

/** Call it in a `describe`. */
export function openStage(store: 'memory' | 'server', args: string[] = []): Stage {
  const caches: Cache[] = []
  let redis: RedisServer | undefined
  beforeAll(async () => {
    if (store === 'server') redis = await startRedis({ args })
  })
  afterAll(async () => {
    await Promise.all(caches.map((cache) => cache.close()))
    await redis?.stop()
  })
  return {
    get url() {
      return redis?.url ?? 'memory:'
    },
    open(options) {
      // Time enough for a machine that is busy with other tests.
      const cache = createCache({
        url: redis?.url ?? 'memory:',
        prefix: `${randomUUID()}:`,
        timeoutMs: 5_000,
        ...options,
      })
      caches.push(cache)
      return cache
    },
  }
}

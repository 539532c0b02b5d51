import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'iovalkey'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openStage, recordLog, stores } from './testing/stores.ts'

const soon = (read: () => unknown) => expect.poll(read, { timeout: 10_000, interval: 10 })

/** A loader that gives 1, 2, 3 and so on, each after a wait. */
function counting(ms = 20) {
  const loader = Object.assign(
    async () => {
      const count = ++loader.calls
      await sleep(ms)
      return { count }
    },
    { calls: 0 },
  )
  return loader
}

/** A loader that waits until it is told. */
function held<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const begun = Promise.withResolvers<void>()
  const load = () => {
    begun.resolve()
    return promise
  }
  return { load, resolve, reject, begun: begun.promise }
}

describe.each(stores)('cached over $store', ({ store, needs }) => {
  describe('one load', needs, () => {
    const stage = openStage(store)

    test('a thousand who ask at once call the loader once, and each gets a value of its own', async () => {
      const cache = stage.open()
      const load = counting()
      const values = await Promise.all(Array.from({ length: 1000 }, () => cache.cached('k', 60, load)))
      expect(load.calls).toBe(1)
      expect(values).toEqual(values.map(() => ({ count: 1 })))
      expect(new Set(values).size).toBe(1000)
      expect(await cache.cached('k', 60, load)).toEqual({ count: 1 })
      expect(await cache.get('k')).toEqual({ count: 1 })
      expect(await cache.ttl('k')).toBe(60)
      expect(cache.status()).toMatchObject({ loads: 1, misses: 1000, hits: 2, errors: 0 })
    })

    test('two caches on one store call it once', async () => {
      const options = { prefix: `two-${store}:` }
      const first = stage.open(options)
      const caches = store === 'memory' ? [first, first] : [first, stage.open(options)]
      const load = counting(100)
      const values = await Promise.all(caches.flatMap((cache) => [0, 1, 2].map(() => cache.cached('k', 60, load))))
      expect(load.calls).toBe(1)
      expect(values).toEqual(values.map(() => ({ count: 1 })))
    })

    test('looks the same loaded and stored', async () => {
      const cache = stage.open()
      const load = () => ({ at: new Date(0), none: undefined })
      const loaded = await cache.cached('k', 60, load)
      expect(loaded).toEqual({ at: '1970-01-01T00:00:00.000Z' })
      expect(await cache.cached('k', 60, load)).toEqual(loaded)
    })

    test('null is a value', async () => {
      const cache = stage.open()
      const load = Object.assign(() => (load.calls++, null), { calls: 0 })
      expect([await cache.cached('k', 60, load), await cache.cached('k', 60, load), load.calls]).toEqual([
        null,
        null,
        1,
      ])
    })

    test('without a ttl it stays', async () => {
      const cache = stage.open()
      await cache.cached('k', {}, () => 1)
      expect(await cache.ttl('k')).toBe(Infinity)
    })

    test('one that throws rejects for all who wait, is not stored, and frees the key', async () => {
      const cache = stage.open()
      const failing = held<number>()
      const waiting = Promise.allSettled(
        [0, 1, 2].map(() => cache.cached('k', { ttl: 60, lockTimeout: 1000 }, failing.load)),
      )
      await failing.begun
      const error = new Error('database gone')
      failing.reject(error)
      expect(await waiting).toEqual([0, 1, 2].map(() => ({ status: 'rejected', reason: error })))
      expect(await cache.get('k')).toBe(null)
      // With the lock still there this would wait longer than the test may last.
      expect(await cache.cached('k', { ttl: 60, lockTimeout: 1000 }, () => 2)).toBe(2)
    })

    test('one that throws at once, and one that gives what has no JSON', async () => {
      const cache = stage.open()
      const throwing = () => {
        throw new RangeError('no')
      }
      await expect(cache.cached('k', 60, throwing)).rejects.toThrow(new RangeError('no'))
      await expect(cache.cached('k', 60, () => undefined)).rejects.toThrow(
        "The value of cache key 'k' can't be written as JSON: it is undefined",
      )
      expect(await cache.cached('k', 60, () => 1)).toBe(1)
    })
  })

  describe('schemas', needs, () => {
    const stage = openStage(store)
    const schema = z.object({ id: z.number(), at: z.coerce.date() })

    test('an entry that does not fit is loaded anew', async () => {
      const cache = stage.open()
      await cache.set('k', { id: 'one' })
      const load = () => ({ id: 1, at: '2026-01-02' })
      const value: { id: number; at: Date } = await cache.cached('k', { ttl: 60, schema }, load)
      expect(value).toEqual({ id: 1, at: new Date('2026-01-02') })
      expect(await cache.cached('k', { ttl: 60, schema }, () => ({ id: 2, at: 0 }))).toEqual(value)
      expect(cache.status()).toMatchObject({ loads: 1, invalid: expect.any(Number) })
    })

    test("what is loaded and does not fit is the caller's error", async () => {
      const cache = stage.open()
      // Types can't know that the date is none.
      await expect(cache.cached('k', { ttl: 60, schema }, () => ({ id: 1, at: 'never' }))).rejects.toThrow(
        /^What was loaded for cache key 'k' doesn't fit its schema: at: /,
      )
      expect(await cache.get('k')).toBe(null)
    })

    test('who shares a load checks with the own schema', async () => {
      const cache = stage.open()
      const text = held<unknown>()
      const first = cache.cached('k', 60, text.load)
      await text.begun
      const second = cache.cached('k', { ttl: 60, schema: z.number() }, () => 7)
      text.resolve('seven')
      expect(await first).toBe('seven')
      expect(await second).toBe(7)
    })
  })

  describe('what changes during a load', needs, () => {
    const stage = openStage(store)

    // With the short lock the old load goes on long enough to look after it; the long one nobody could wait for.
    test.each([
      ['delete', 0.1],
      ['set', 0.1],
      ['invalidateTag', 0.1],
      ['delete', 1000],
      ['set', 1000],
      ['invalidateTag', 1000],
    ] as const)('%s wins over what was loaded before, with a lock of %d s', async (change, lockTimeout) => {
      const cache = stage.open()
      const options = { ttl: 60, tags: ['t'], lockTimeout }
      const old = held<string>()
      const before = cache.cached('k', options, old.load)
      await old.begun
      if (change === 'delete') await cache.delete('k')
      else if (change === 'set') await cache.set('k', 'set')
      else await cache.invalidateTag('t')
      // Who asks after the change waits for nothing that began before it.
      const next = change === 'set' ? 'set' : 'new'
      expect(await cache.cached('k', options, () => 'new')).toBe(next)
      await sleep(120)
      old.resolve('old')
      expect(await before).toBe('old')
      expect(await cache.get('k')).toBe(next)
    })

    test.each(['delete', 'invalidateTag'] as const)('after %s alone nothing old is kept', async (change) => {
      const cache = stage.open()
      const old = held<string>()
      const before = cache.cached('k', { ttl: 60, tags: ['t'] }, old.load)
      await old.begun
      await (change === 'delete' ? cache.delete('k') : cache.invalidateTag('t'))
      old.resolve('old')
      expect(await before).toBe('old')
      expect(await cache.get('k')).toBe(null)
    })
  })

  describe('locks', needs, () => {
    const stage = openStage(store)

    test('a load longer than the lock is kept all the same, when nobody else came', async () => {
      const cache = stage.open()
      expect(await cache.cached('k', { ttl: 60, lockTimeout: 0.05 }, counting(400))).toEqual({ count: 1 })
      expect(await cache.get('k')).toEqual({ count: 1 })
    })

    test('a load that blocks the process longer than the lock lasts is kept too', async () => {
      const cache = stage.open()
      const load = () => {
        const end = performance.now() + 150
        while (performance.now() < end);
        return 1
      }
      expect(await cache.cached('k', { ttl: 60, lockTimeout: 0.05 }, load)).toBe(1)
      expect(await cache.get('k')).toBe(1)
    })
  })

  describe('stale values', needs, () => {
    const stage = openStage(store)
    const options = { ttl: 0.05, stale: 60 }

    test('are served while one refreshes in the background', async () => {
      const cache = stage.open()
      await cache.cached('k', options, () => 'old')
      await soon(() => cache.get('k')).toBe(null)
      expect(await cache.ttl('k')).toBe(null)
      const refresh = held<string>()
      const asked = await Promise.all([0, 1, 2].map(() => cache.cached('k', options, refresh.load)))
      expect(asked).toEqual(['old', 'old', 'old'])
      await refresh.begun
      expect(await cache.cached('k', options, () => 'never called')).toBe('old')
      expect(cache.status()).toMatchObject({ loads: 2, staleHits: 4 })
      refresh.resolve('new')
      await soon(() => cache.cached('k', { ttl: 0.05, stale: 60 }, () => 'new')).toBe('new')
    })

    test('who does not want them loads', async () => {
      const cache = stage.open()
      await cache.cached('k', options, () => 'old')
      await soon(() => cache.get('k')).toBe(null)
      expect(await cache.cached('k', 60, () => 'new')).toBe('new')
    })

    test('a refresh that fails is logged, and the old value served on', async () => {
      const { lines, logger } = recordLog()
      const cache = stage.open({ logger })
      await cache.cached('k', options, () => 'old')
      await soon(() => cache.get('k')).toBe(null)
      const failing = () => {
        throw new Error('database gone')
      }
      expect(await cache.cached('k', options, failing)).toBe('old')
      await soon(() => lines).toEqual([
        { fields: { key: 'k' }, message: "[cache] refreshing 'k' failed, the old value is served on: database gone" },
      ])
      expect(await cache.cached('k', options, failing)).toBe('old')
      await soon(() => cache.cached('k', options, () => 'new')).toBe('new')
    })

    test('an invalidated one is not served', async () => {
      const cache = stage.open()
      await cache.cached('k', { ...options, tags: ['t'] }, () => 'old')
      await soon(() => cache.get('k')).toBe(null)
      await cache.invalidateTag('t')
      expect(await cache.cached('k', { ...options, tags: ['t'] }, () => 'new')).toBe('new')
    })
  })

  describe('early refresh', needs, () => {
    const stage = openStage(store)

    test('a fresh value is loaded anew before its end, in the background', async () => {
      const cache = stage.open()
      // The strongest: with loads of 0.2 s due at about every fifth read, long before the end.
      const options = { ttl: 30, early: 100 }
      const load = counting(200)
      expect(await cache.cached('k', options, load)).toEqual({ count: 1 })
      await soon(async () => (await cache.cached('k', options, load)).count).toBeGreaterThan(1)
      expect(cache.status().staleHits).toBe(0)
    })

    test('does not happen unless asked for', async () => {
      const cache = stage.open()
      const load = counting(50)
      for (let i = 0; i < 50; i++) await cache.cached('k', { ttl: 60, stale: 60 }, load)
      expect(load.calls).toBe(1)
    })
  })
})

describe('on a server', stores[1].needs, () => {
  const stage = openStage('server')
  let redis: Redis
  beforeAll(() => {
    redis = new Redis(stage.url)
  })
  afterAll(() => redis.disconnect())

  test('a lock is prolonged while its holder loads: who comes late waits', async () => {
    const [cache, other] = [stage.open({ prefix: 'late:' }), stage.open({ prefix: 'late:' })]
    const slow = held<string>()
    const options = { ttl: 60, lockTimeout: 1 }
    const first = cache.cached('k', options, slow.load)
    await slow.begun
    await sleep(1_500)
    const load = counting()
    const second = other.cached('k', options, load)
    await sleep(100)
    expect(load.calls).toBe(0)
    slow.resolve('slow')
    expect(await Promise.all([first, second])).toEqual(['slow', 'slow'])
  })

  test('a lock that was taken away is not forgotten by its holder, even when nothing of it is left', async () => {
    const cache = stage.open()
    const old = held<string>()
    const before = cache.cached('k', { ttl: 60, lockTimeout: 0.1 }, old.load)
    await old.begun
    await cache.delete('k')
    await sleep(120)
    // As after a minute.
    expect(await redis.del(`${cache.status().prefix}@lock:k`)).toBe(1)
    old.resolve('old')
    expect(await before).toBe('old')
    expect(await cache.get('k')).toBe(null)
  })

  test('a lock that was taken over is left to its new holder', async () => {
    const [cache, other] = [stage.open({ prefix: 'over:' }), stage.open({ prefix: 'over:' })]
    const [old, next] = [held<string>(), held<string>()]
    const options = { ttl: 60, lockTimeout: 0.1 }
    const before = cache.cached('k', options, old.load)
    await old.begun
    const after = other.cached('k', options, next.load)
    await next.begun
    old.reject(new Error('too late'))
    await expect(before).rejects.toThrow('too late')
    expect(await redis.exists('over:@lock:k')).toBe(1)
    next.resolve('next')
    expect(await after).toBe('next')
    expect(await redis.exists('over:@lock:k')).toBe(0)
  })

  test('who waits in vain for one holder after the other loads for itself, and stores nothing', async () => {
    const cache = stage.open({ prefix: 'vain:' })
    const holders = setInterval(() => void redis.set('vain:@lock:k', `holder ${performance.now()}`), 20)
    await soon(() => redis.exists('vain:@lock:k')).toBe(1)
    expect(await cache.cached('k', { ttl: 60, lockTimeout: 0.1 }, () => 'own')).toBe('own')
    clearInterval(holders)
    expect(await redis.exists('vain:k')).toBe(0)
  })

  test('what was void before it was loaded is not stored', async () => {
    const [cache, other] = [stage.open({ prefix: 'void:' }), stage.open({ prefix: 'void:' })]
    const old = held<string>()
    const before = cache.cached('k', { ttl: 60, tags: ['t'] }, old.load)
    await old.begun
    await other.invalidateTag('t')
    old.resolve('old')
    await before
    expect(await redis.exists('void:k', 'void:@tag:t')).toBe(0)
  })

  test('a tag lives as long as what was loaded for it, however long the load took', async () => {
    const cache = stage.open({ prefix: 'long:' })
    await cache.cached('k', { ttl: 60, stale: 30, tags: ['t'] }, counting(200))
    const [tag, entry] = (await redis.multi().pttl('long:@tag:t').pttl('long:k').exec())?.map(([, left]) => left) ?? []
    expect(Number(entry)).toBeGreaterThan(80_000)
    expect(Number(tag)).toBeGreaterThanOrEqual(Number(entry))
  })
})

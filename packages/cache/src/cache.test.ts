import * as fc from 'fast-check'
import { Redis } from 'iovalkey'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openStage, stores } from './testing/stores.ts'

const soon = (read: () => unknown) => expect.poll(read, { timeout: 10_000, interval: 10 })

describe.each(stores)('over $store', ({ store, needs }) => {
  describe('values', needs, () => {
    const stage = openStage(store)

    test('come back as they went in', async () => {
      const cache = stage.open()
      await cache.set('user:1', { name: 'Ann', tags: ['a', null, 1.5, true], deep: { 'with "quotes"\n': '☃ 𝒳' } })
      expect(await cache.get('user:1')).toEqual({
        name: 'Ann',
        tags: ['a', null, 1.5, true],
        deep: { 'with "quotes"\n': '☃ 𝒳' },
      })
      expect(await cache.get('user:2')).toBe(null)
      expect(cache.status()).toMatchObject({ hits: 1, misses: 1, errors: 0 })
    })

    test('any JSON under any key, plain and with tags', async () => {
      const cache = stage.open()
      const keys = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 })
      await fc.assert(
        fc.asyncProperty(keys, fc.jsonValue(), fc.boolean(), async (key, value, hasTags) => {
          const json = JSON.parse(JSON.stringify(value)) as unknown
          await cache.set(key, value, { ttl: 60, tags: hasTags ? ['t', key] : [] })
          expect(await cache.get(key)).toEqual(json)
          expect(await cache.getMany([key, key])).toEqual([json, json])
        }),
        { numRuns: 150 },
      )
    })

    test('keys that look like the own ones are ordinary keys', async () => {
      const cache = stage.open()
      await cache.secondaryStorage()?.set('session', 'secret')
      await cache.set('t', 1, { tags: ['news'] })
      const keys = ['@auth:session', '@@auth:session', '@tag:news', '@lock:t', '__proto__', '{a}b', '{a}c', 'a b\n']
      expect(await cache.getMany(keys)).toEqual(keys.map(() => null))
      await cache.setMany(keys.map((key) => [key, key]))
      expect(await cache.getMany(keys)).toEqual(keys)
      await cache.delete(keys)
      expect(await cache.secondaryStorage()?.get('session')).toBe('secret')
      expect(await cache.get('t')).toBe(1)
    })

    test('end after their ttl', async () => {
      const cache = stage.open()
      await cache.set('short', 1, 0.05)
      await cache.set('long', 2, 100)
      await cache.set('endless', 3)
      expect(await cache.ttl('long')).toBe(100)
      expect(await cache.ttl('endless')).toBe(Infinity)
      expect(await cache.ttl('nothing')).toBe(null)
      await soon(() => cache.get('short')).toBe(null)
      expect(await cache.ttl('short')).toBe(null)
      expect(await cache.getMany(['short', 'long', 'endless'])).toEqual([null, 2, 3])
    })

    test('a later set replaces value and ttl', async () => {
      const cache = stage.open()
      await cache.set('a', 1, 100)
      await cache.set('a', 2)
      expect([await cache.get('a'), await cache.ttl('a')]).toEqual([2, Infinity])
      await cache.set('a', 3, { ttl: 5 })
      expect([await cache.get('a'), await cache.ttl('a')]).toEqual([3, 5])
    })

    test('are deleted, one or many', async () => {
      const cache = stage.open()
      await cache.setMany(
        new Map([
          ['a', 1],
          ['b', 2],
          ['c', 3],
        ]),
        60,
      )
      await cache.delete('a')
      expect(await cache.getMany(['a', 'b', 'c'])).toEqual([null, 2, 3])
      await cache.delete(['b', 'c', 'never'])
      await cache.delete([])
      expect(await cache.getMany(['a', 'b', 'c'])).toEqual([null, null, null])
      expect(await cache.getMany([])).toEqual([])
      expect(cache.status()).toMatchObject({ errors: 0 })
    })

    test('caches with other prefixes are others', async () => {
      const [one, two] = [stage.open(), stage.open()]
      await one.set('a', 1)
      expect(await two.get('a')).toBe(null)
      expect(await one.get('a')).toBe(1)
    })

    test('a schema decides what is a hit, and what comes out', async () => {
      const cache = stage.open()
      const schema = z.object({ id: z.number(), at: z.coerce.date() })
      await cache.set('good', { id: 1, at: '2026-01-02T03:04:05Z' })
      await cache.set('bad', { id: 'one' })
      expect(await cache.get('good', schema)).toEqual({ id: 1, at: new Date('2026-01-02T03:04:05Z') })
      expect(await cache.get('bad', schema)).toBe(null)
      expect(await cache.getMany(['bad', 'good', 'none'], schema)).toMatchObject([null, { id: 1 }, null])
      expect(cache.status()).toMatchObject({ hits: 2, misses: 3, invalid: 2 })
    })

    test('a validator that throws or rejects makes a miss', async () => {
      const cache = stage.open()
      await cache.set('a', 1)
      const schemaOf = (validate: () => never | Promise<never>) => ({
        '~standard': { version: 1 as const, vendor: 'test', validate },
      })
      const throwing = schemaOf(() => {
        throw new Error('no')
      })
      expect(await cache.get('a', throwing)).toBe(null)
      expect(
        await cache.get(
          'a',
          schemaOf(async () => Promise.reject(new Error('no'))),
        ),
      ).toBe(null)
      expect(cache.status().invalid).toBe(2)
    })
  })

  describe('tags', needs, () => {
    const stage = openStage(store)

    test('void all entries that carry one of them, and no others', async () => {
      const cache = stage.open()
      await cache.set('a', 1, { tags: ['red'] })
      await cache.set('b', 2, { tags: ['red', 'blue'], ttl: 60 })
      await cache.set('c', 3, { tags: ['blue'] })
      await cache.set('d', 4)
      expect(await cache.getMany(['a', 'b', 'c', 'd'])).toEqual([1, 2, 3, 4])
      await cache.invalidateTag('red')
      expect(await cache.getMany(['a', 'b', 'c', 'd'])).toEqual([null, null, 3, 4])
      expect([await cache.ttl('a'), await cache.ttl('b'), await cache.ttl('c')]).toEqual([null, null, Infinity])
      await cache.set('a', 5, { tags: ['red'] })
      expect(await cache.getMany(['a', 'b', 'c', 'd'])).toEqual([5, null, 3, 4])
      await cache.invalidateTag('red', 'blue', 'unknown')
      expect(await cache.getMany(['a', 'b', 'c', 'd'])).toEqual([null, null, null, 4])
      await cache.invalidateTag()
      expect(cache.status()).toMatchObject({ errors: 0, invalid: 0 })
    })

    test('a tag lives as long as the longest entry that carries it', async () => {
      const cache = stage.open()
      await cache.set('first', 1, { tags: ['t'], ttl: 0.1 })
      await cache.set('long', 2, { tags: ['t'], ttl: 60 })
      await cache.set('last', 3, { tags: ['t'], ttl: 0.1 })
      await soon(() => cache.getMany(['first', 'last'])).toEqual([null, null])
      expect(await cache.get('long')).toBe(2)
      await cache.set('endless', 4, { tags: ['u'] })
      await cache.set('short', 5, { tags: ['u'], ttl: 0.1 })
      await soon(() => cache.get('short')).toBe(null)
      expect(await cache.get('endless')).toBe(4)
    })

    test('any order of sets and invalidations leaves exactly what was set since', async () => {
      const cache = stage.open()
      const names = ['x', 'y', 'z'] as const
      const step = fc.oneof(
        fc.record({ key: fc.constantFrom('a', 'b', 'c'), tags: fc.uniqueArray(fc.constantFrom(...names)) }),
        fc.record({ invalidate: fc.constantFrom(...names) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          await cache.delete(['a', 'b', 'c'])
          const model = new Map<string, { value: number; tags: readonly string[] }>()
          for (const [value, next] of steps.entries()) {
            if ('key' in next) {
              await cache.set(next.key, value, { tags: next.tags, ttl: 60 })
              model.set(next.key, { value, tags: next.tags })
            } else {
              await cache.invalidateTag(next.invalidate)
              for (const [key, { tags }] of model) if (tags.includes(next.invalidate)) model.delete(key)
            }
          }
          const expected = ['a', 'b', 'c'].map((key) => model.get(key)?.value ?? null)
          expect(await cache.getMany(['a', 'b', 'c'])).toEqual(expected)
        }),
        { numRuns: 60 },
      )
    })
  })

  describe('counters', needs, () => {
    const stage = openStage(store)

    test('add up, also backwards, and read as values', async () => {
      const cache = stage.open()
      expect(await cache.increment('n')).toBe(1)
      expect(await cache.increment('n', { by: 41 })).toBe(42)
      expect(await cache.increment('n', { by: -50 })).toBe(-8)
      expect(await cache.increment('n', { by: 0 })).toBe(-8)
      expect(await cache.get('n')).toBe(-8)
      expect(await cache.ttl('n')).toBe(Infinity)
    })

    test('a thousand at once are all counted', async () => {
      const cache = stage.open()
      const sums = await Promise.all(Array.from({ length: 1000 }, () => cache.increment('n', { ttl: 60 })))
      expect(new Set(sums).size).toBe(1000)
      expect(await cache.get('n')).toBe(1000)
    })

    test('the window is fixed: it begins with the first', async () => {
      const cache = stage.open()
      expect(await cache.increment('n', { ttl: 100 })).toBe(1)
      expect(await cache.increment('n', { ttl: 5000 })).toBe(2)
      expect(await cache.ttl('n')).toBeLessThanOrEqual(100)
      await cache.increment('short', { ttl: 0.1 })
      await cache.increment('short', { ttl: 60 })
      await soon(() => cache.get('short')).toBe(null)
      expect(await cache.increment('short', { ttl: 60 })).toBe(1)
    })

    test.each(['text', { a: 1 }, 1.5, null])('%j is no number to begin with', async (value) => {
      const cache = stage.open()
      await cache.set('n', value, { tags: ['t'] })
      expect(await cache.increment('n', { by: 3, ttl: 60 })).toBe(3)
      expect(await cache.ttl('n')).toBe(60)
    })

    test('none leaves the safe integers', async () => {
      const cache = stage.open()
      await cache.set('n', Number.MAX_SAFE_INTEGER - 1)
      expect(await cache.increment('n')).toBe(Number.MAX_SAFE_INTEGER)
      expect(await cache.increment('n')).toBe(null)
      expect(await cache.get('n')).toBe(Number.MAX_SAFE_INTEGER)
      expect(await cache.increment('n', { by: Number.MIN_SAFE_INTEGER })).toBe(0)
    })
  })

  describe('closing', needs, () => {
    const stage = openStage(store)

    test('leaves the cache off, whatever is going on', async () => {
      const cache = stage.open()
      await cache.set('a', 1)
      const reads = Array.from({ length: 20 }, () => cache.get('a'))
      await cache.close()
      for (const value of await Promise.all(reads)) expect([1, null]).toContain(value)
      expect(await cache.get('a')).toBe(null)
      expect(await cache.cached('a', 10, () => 2)).toBe(2)
      expect(cache.status().state).toBe('off')
      expect(cache.secondaryStorage()).toBe(undefined)
      await cache.close()
    })
  })
})

/** As JSON where it has one. */
function toText(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return String(value)
  }
}

describe('what lies on the server', stores[1].needs, () => {
  const stage = openStage('server')
  let redis: Redis
  beforeAll(() => {
    redis = new Redis(stage.url)
  })
  afterAll(() => redis.disconnect())

  test('plain JSON at prefix and key; a header where more is known', async () => {
    const cache = stage.open({ prefix: 'app:' })
    await cache.set('a', { x: 1 }, 60)
    await cache.set('b', [1], { tags: ['t'] })
    expect(await redis.get('app:a')).toBe('{"x":1}')
    expect(await redis.get('app:b')).toMatch(/^#\{"t":\[\["t","[\w-]+"\]\]\}\n\[1\]$/)
    expect(await redis.ttl('app:a')).toBe(60)
    await cache.set('b', [2])
    expect(await redis.get('app:b')).toBe('[2]')
  })

  test('dynamic tags go with their entries', async () => {
    const cache = stage.open({ prefix: 'gone:' })
    for (let id = 0; id < 20; id++) await cache.set(`k${id}`, id, { tags: [`user:${id}`], ttl: 0.05 })
    await soon(() => redis.keys('gone:*')).toEqual([])
  })

  test.each([
    ['no JSON', '{"a":'],
    ['empty', ''],
    ['a header without an end', '#{"t":[]}'],
    ['a header that is no object', '#1\n1'],
    ['null for a header', '#null\n1'],
    ['a header that is no JSON', '#x\n1'],
    ['tags that are no pairs', '#{"t":[["a"]]}\n1'],
    ['tags that are no list', '#{"t":{"a":"b"}}\n1'],
    ['a time that is none', '#{"f":"soon"}\n1'],
    ['no value', '#{}\n'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00])],
  ])('corrupt text is a miss, and is loaded anew: %s', async (_, text) => {
    const cache = stage.open()
    const { prefix } = cache.status()
    await redis.set(`${prefix}a`, text)
    expect(await cache.get('a')).toBe(null)
    expect(await cache.ttl('a')).toBe(null)
    expect(cache.status()).toMatchObject({ misses: 1, invalid: 2, errors: 0 })
    expect(await cache.cached('a', 10, () => 'new')).toBe('new')
    expect(await cache.get('a')).toBe('new')
  })

  test('whatever stands there, reading it throws nothing', async () => {
    const cache = stage.open()
    const { prefix } = cache.status()
    const header = fc.oneof(fc.json(), fc.record({ t: fc.anything(), f: fc.anything(), d: fc.anything() }).map(toText))
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.tuple(header, fc.oneof(fc.json(), fc.string())).map(([head, body]) => `#${head}\n${body}`),
    )
    await fc.assert(
      fc.asyncProperty(text, async (text) => {
        await redis.set(`${prefix}a`, text)
        const value = await cache.get('a')
        expect(await cache.getMany(['a'])).toEqual([value])
        expect([null, Infinity]).toContain(await cache.ttl('a'))
        await cache.cached('a', { ttl: 60, stale: 60, early: 1 }, () => 'loaded')
      }),
      { numRuns: 300 },
    )
    expect(cache.status().errors).toBe(0)
  })

  test('another type of key is a miss, and is told', async () => {
    const cache = stage.open({ logger: { warn: () => {} } })
    await redis.lpush(`${cache.status().prefix}list`, 'x')
    expect(await cache.get('list')).toBe(null)
    expect(cache.status()).toMatchObject({ state: 'up', errors: 1, lastError: expect.stringMatching(/^WRONGTYPE/) })
    await cache.set('list', 1)
    expect(await cache.get('list')).toBe(1)
  })

  test('scripts that the server forgot are sent again', async () => {
    const cache = stage.open()
    expect(await cache.increment('n')).toBe(1)
    await redis.script('FLUSH')
    expect(await cache.increment('n')).toBe(2)
    expect(cache.status().errors).toBe(0)
  })

  test('a version that was evicted voids its entries', async () => {
    const cache = stage.open()
    await cache.set('a', 1, { tags: ['t'] })
    await redis.del(`${cache.status().prefix}@tag:t`)
    expect(await cache.get('a')).toBe(null)
    await cache.set('b', 1, { tags: ['t'] })
    expect(await cache.getMany(['a', 'b'])).toEqual([null, 1])
  })
})

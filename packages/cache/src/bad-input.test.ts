// The caller's errors: the same whether the cache is on, off or down.
import { freePort } from '@backchannel/servers'
import { afterAll, describe, expect, test } from 'vitest'
import { createCache } from './cache.ts'
import { CacheValueError } from './errors.ts'
import type { Cache } from './types.ts'

const caches = {
  memory: createCache({ url: 'memory:' }),
  off: createCache({ url: undefined }),
  down: createCache({ url: `redis://127.0.0.1:${await freePort()}`, logger: { warn: () => {} } }),
}
afterAll(() => Promise.all(Object.values(caches).map((cache) => cache.close())))

/** What JavaScript callers can pass. */
const any = (value: unknown) => value as never

const cyclic: { self?: unknown } = {}
cyclic.self = cyclic

const values: [string, unknown, string][] = [
  ['undefined', undefined, 'it is undefined'],
  ['a function', () => 1, 'it is function, and JSON has no form for that'],
  ['a symbol', Symbol('x'), 'it is symbol, and JSON has no form for that'],
  ['a BigInt', { n: 1n }, 'Do not know how to serialize a BigInt'],
  ['a cycle', cyclic, 'Converting circular structure to JSON'],
  ['NaN', Number.NaN, 'it is NaN'],
  ['infinity', -Infinity, 'it is -Infinity'],
  ['a toJSON that throws', { toJSON: () => JSON.parse('{') as unknown }, 'Expected property name'],
]

const keys: [string, unknown, string][] = [
  ['empty', '', 'A cache key must not be empty'],
  ['a number', 1, 'A cache key is a string, not number'],
  ['an array', ['a'], 'A cache key is a string, not an array'],
  ['missing', undefined, 'A cache key is a string, not undefined'],
  ['too long', 'k'.repeat(1025), "A cache key has at most 1024 bytes, not 1025: 'kkkk"],
  ['too long in bytes', '☃'.repeat(342), 'A cache key has at most 1024 bytes, not 1026'],
  ['half a character', 'a\ud800', 'A cache key must not hold half of a surrogate pair'],
]

const options: [string, unknown, string][] = [
  ['no time', 0, 'ttl is a number of seconds above 0 and at most 3153600000, not 0. Leave it out'],
  ['a negative time', { ttl: -1 }, 'ttl is a number of seconds above 0'],
  ['NaN', Number.NaN, 'not NaN'],
  ['infinity', { ttl: Infinity }, 'not Infinity. Leave it out for an entry without an end'],
  ['milliseconds by mistake', { ttl: Date.now() }, 'ttl is a number of seconds'],
  ['text', { ttl: '60' }, 'not string'],
  ['null', null, 'not null'],
  ['one tag as text', { tags: 'news' }, 'tags is an array of strings, not string'],
  ['an empty tag', { tags: [''] }, 'A cache tag must not be empty'],
  ['a tag that is none', { tags: [1] }, 'A cache tag is a string, not number'],
  ['65 tags', { tags: Array.from({ length: 65 }, (_, index) => `${index}`) }, 'An entry has at most 64 tags, not 65'],
]

const loadOptions: [string, unknown, string][] = [
  ['stale without ttl', { stale: 5 }, 'stale and early count from the end of the ttl: set ttl too'],
  ['early without ttl', { early: 1 }, 'stale and early count from the end of the ttl: set ttl too'],
  ['negative stale', { ttl: 5, stale: -1 }, 'stale is a number of seconds above 0'],
  ['negative early', { ttl: 5, early: -1 }, 'early is a number from 0 (never) to 100, usually 1, not -1'],
  [
    'a lock of hours',
    { ttl: 5, lockTimeout: 3601 },
    'lockTimeout is a number of seconds above 0 and at most 3600, not 3601',
  ],
  ['a lock of no time', { ttl: 5, lockTimeout: 0 }, 'lockTimeout is a number of seconds above 0'],
]

/** As one kind of error with one text, and before anything is loaded. */
async function refuses(call: () => Promise<unknown>, text: string): Promise<void> {
  const error = await call().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(CacheValueError)
  expect(error).toBeInstanceOf(TypeError)
  expect((error as Error).message).toContain(text)
}

describe.each(Object.entries(caches))('a cache that is %s', (_, cache: Cache) => {
  test.each(values)('refuses a value: %s', async (_, value, why) => {
    const text = `The value of cache key 'k' can't be written as JSON: ${why}`
    await refuses(() => cache.set('k', value), text)
    await refuses(() => cache.setMany([['a', 1] as const, ['k', value] as const]), text)
    await refuses(() => cache.cached('k', 60, () => value), text)
    expect(await cache.getMany(['a', 'k'])).toEqual([null, null])
  })

  test.each(keys)('refuses a key: %s', async (_, key, text) => {
    await refuses(() => cache.get(any(key)), text)
    await refuses(() => cache.getMany([any(key)]), text)
    await refuses(() => cache.set(any(key), 1), text)
    await refuses(() => cache.setMany([[any(key), 1]]), text)
    await refuses(() => cache.delete([any(key)]), text)
    if (!Array.isArray(key)) await refuses(() => cache.delete(any(key)), text)
    await refuses(() => cache.ttl(any(key)), text)
    await refuses(() => cache.increment(any(key)), text)
    await refuses(() => cache.cached(any(key), 60, () => 1), text)
    if (typeof key === 'string') await refuses(() => cache.invalidateTag(key), text.replace('key', 'tag'))
  })

  test.each(options)('refuses options: %s', async (_, given, text) => {
    await refuses(() => cache.set('k', 1, any(given)), text)
    await refuses(() => cache.setMany([['k', 1]], any(given)), text)
    await refuses(() => cache.cached('k', any(given), () => expect.unreachable()), text)
  })

  test.each(loadOptions)('refuses options of cached: %s', async (_, given, text) => {
    await refuses(() => cache.cached('k', any(given), () => expect.unreachable()), text)
  })

  test.each([1.5, Number.NaN, Infinity, 2 ** 53, '1', null])('refuses to increment by %s', async (by) => {
    await refuses(() => cache.increment('k', { by: any(by) }), 'by is a whole number, not')
  })

  test('refuses what is misspelt, and what is no function or list', async () => {
    await refuses(
      () => cache.set('k', 1, any({ expires: 60 })),
      "There is no option 'expires'; what there is: ttl, tags",
    )
    await refuses(
      () => cache.cached('k', any({ tll: 60 }), () => 1),
      "There is no option 'tll'; what there is: ttl, tags",
    )
    await refuses(
      () => cache.increment('k', any({ expire: 60 })),
      "There is no option 'expire'; what there is: by, ttl",
    )
    await refuses(() => cache.cached('k', 60, any(undefined)), 'takes a function that loads the value, not undefined')
    await refuses(() => cache.getMany(any('a')), 'A list of keys is wanted, not string')
  })

  test('a load that waits for itself is refused, and one within another is not', async () => {
    await refuses(() => cache.cached('own', 60, () => cache.cached('own', 60, () => 1)), 'within its own load')
    expect(await cache.cached('outer', 60, () => cache.cached('inner', 60, () => 1))).toBe(1)
    expect(await cache.cached('inner', 60, () => 1)).toBe(1)
  })

  test('takes the longest key and the most tags', async () => {
    const tags = Array.from({ length: 64 }, (_, index) => `${index}`)
    await cache.set('k'.repeat(1024), 1, { tags: [...tags, ...tags] })
    await cache.set('☃'.repeat(341), 1)
  })
})

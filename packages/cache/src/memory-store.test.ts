import { describe, expect, test } from 'vitest'
import { createCache } from './cache.ts'
import type { Cache } from './types.ts'

async function withCache(bounds: string, use: (cache: Cache) => Promise<void>): Promise<void> {
  const cache = createCache({ url: `memory:?${bounds}` })
  await use(cache)
  await cache.close()
}

describe('the bounds of a store in this process', () => {
  test('entries: the least recently used goes first', () =>
    withCache('entries=3', async (cache) => {
      for (const key of ['a', 'b', 'c']) await cache.set(key, key)
      await cache.get('a')
      await cache.set('d', 'd')
      expect(await cache.getMany(['a', 'b', 'c', 'd'])).toEqual(['a', null, 'c', 'd'])
      for (let i = 0; i < 10_000; i++) await cache.set(`k${i}`, i)
      expect(cache.status().entries).toBe(3)
    }))

  test('bytes: never above, whatever is stored', () =>
    withCache('bytes=100kb', async (cache) => {
      for (let i = 0; i < 500; i++) {
        await cache.set(`k${i % 50}`, 'x'.repeat((i * 7919) % 20_000), { tags: i % 3 === 0 ? [`t${i}`] : [] })
        expect(cache.status().bytes).toBeLessThanOrEqual(100 * 1024)
      }
      expect(cache.status().bytes).toBeGreaterThan(10_000)
    }))

  test('a value that is too large is not kept, and neither is the one before it', () =>
    withCache('bytes=10kb', async (cache) => {
      await cache.set('a', 'small')
      await cache.set('b', 'other')
      await cache.set('a', 'x'.repeat(20_000))
      expect(await cache.getMany(['a', 'b'])).toEqual([null, 'other'])
    }))

  test('tags that were pushed out void their entries', () =>
    withCache('entries=5', async (cache) => {
      await cache.set('a', 1, { tags: ['t'] })
      for (let i = 0; i < 4; i++) await cache.set(`k${i}`, i)
      await cache.set('last', 1)
      expect(await cache.get('a')).toBe(null)
      await cache.set('b', 1, { tags: ['t'] })
      expect(await cache.getMany(['a', 'b'])).toEqual([null, 1])
    }))

  test('locks of many loads are let go', () =>
    withCache('entries=10', async (cache) => {
      const loads = Array.from({ length: 3000 }, (_, index) => cache.cached(`k${index}`, 60, async () => index))
      expect(await Promise.all(loads)).toHaveLength(3000)
      expect(cache.status()).toMatchObject({ entries: 10, loads: 3000, errors: 0 })
    }))
})

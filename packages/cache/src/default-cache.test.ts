import { afterEach, describe, expect, test, vi } from 'vitest'
import * as api from './index.ts'
import { cached, cacheDelete, cacheGet, cacheIncrement, cacheSet, cacheStatus, closeCache } from './index.ts'

afterEach(async () => {
  await closeCache()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

function environment(VALKEY_URL: string | undefined, CACHE_PREFIX?: string): void {
  vi.stubEnv('VALKEY_URL', VALKEY_URL)
  vi.stubEnv('CACHE_PREFIX', CACHE_PREFIX)
}

describe('the functions', () => {
  test('are off without VALKEY_URL', async () => {
    for (const unset of [undefined, '']) {
      environment(unset)
      await cacheSet('a', 1)
      expect(await cacheGet('a')).toBe(null)
      expect(await cached('a', 60, () => 2)).toBe(2)
      expect(await cacheIncrement('n')).toBe(null)
      expect(api.getSecondaryStorage()).toBe(undefined)
      expect(cacheStatus()).toMatchObject({ state: 'off', lastError: null })
      await closeCache()
    }
  })

  test('read the environment when first used, and again after closing', async () => {
    environment('memory:', 'app:')
    await cacheSet('a', { x: 1 }, { ttl: 60, tags: ['t'] })
    environment(undefined)
    expect(await cacheGet<{ x: number }>('a')).toEqual({ x: 1 })
    expect(cacheStatus()).toMatchObject({ state: 'memory', prefix: 'app:', hits: 1 })
    await closeCache()
    expect(cacheStatus().state).toBe('off')
  })

  test('each does what the method does', async () => {
    environment('memory:', '')
    await api.cacheSetMany([['a', 1] as const, ['b', 2] as const], { tags: ['t'] })
    expect(await api.cacheGetMany(['a', 'b', 'c'])).toEqual([1, 2, null])
    expect(await api.cacheTtl('a')).toBe(Infinity)
    await api.cacheInvalidateTag('t')
    expect(await cacheGet('a')).toBe(null)
    await cacheSet('a', 3, 60)
    await cacheDelete(['a'])
    expect(await cacheGet('a')).toBe(null)
    expect(await cacheIncrement('n', { by: 2, ttl: 60 })).toBe(2)
    expect(cacheStatus().prefix).toBe('cache:')
    await api.getSecondaryStorage()?.set('s', 'v')
    expect(await api.getSecondaryStorage()?.get('s')).toBe('v')
  })

  test('two copies of the module are one cache', async () => {
    environment('memory:')
    vi.resetModules()
    const copy = await import('./index.ts')
    expect(copy.cacheGet).not.toBe(cacheGet)
    await copy.cacheSet('a', 1)
    expect(await cacheGet('a')).toBe(1)
  })

  test('a VALKEY_URL that cannot be used is told once, without its password, and the cache is off', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    environment('https://user:canary@host:6379')
    expect(await cacheGet('a')).toBe(null)
    await cacheSet('a', 1)
    expect(await cached('a', 60, () => 2)).toBe(2)
    expect(api.getSecondaryStorage()).toBe(undefined)
    const message = expect.stringMatching(/^The cache's url begins with 'https:'/) as string
    expect(cacheStatus()).toMatchObject({ state: 'off', lastError: message })
    expect(warn).toHaveBeenCalledTimes(1)
    expect(JSON.stringify(warn.mock.calls)).toContain("off, because VALKEY_URL or CACHE_PREFIX can't be used")
    expect(JSON.stringify([warn.mock.calls, cacheStatus()])).not.toContain('canary')
  })
})

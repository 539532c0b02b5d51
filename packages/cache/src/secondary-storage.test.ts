import { betterAuth, type BetterAuthOptions } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort, type RedisServer, requireServices, startRedis } from '@backchannel/servers'
import { createCache } from './cache.ts'
import { CacheValueError } from './errors.ts'
import { openStage, stores } from './testing/stores.ts'
import type { SecondaryStorage } from './types.ts'

const requireRedis = await requireServices('redis')
const soon = (read: () => unknown) => expect.poll(read, { timeout: 10_000, interval: 10 })

function storageOf(cache: { secondaryStorage(): SecondaryStorage | undefined }): SecondaryStorage {
  const storage = cache.secondaryStorage()
  if (!storage) throw new Error('the cache is off')
  return storage
}

describe.each(stores)('over $store', ({ store, needs }) => {
  describe('the storage', needs, () => {
    const stage = openStage(store)

    test('keeps strings as they are, apart from the entries', async () => {
      const cache = stage.open()
      const storage = storageOf(cache)
      await storage.set('a', '{"not": json')
      await storage.set('empty', '')
      expect([await storage.get('a'), await storage.get('empty'), await storage.get('b')]).toEqual([
        '{"not": json',
        '',
        null,
      ])
      expect(await cache.get('a')).toBe(null)
      await cache.set('a', 'entry')
      await storage.delete('a')
      expect([await storage.get('a'), await cache.get('a')]).toEqual([null, 'entry'])
    })

    test('counts times to live in seconds; one that is over deletes', async () => {
      const storage = storageOf(stage.open())
      await storage.set('short', 'x', 0.05)
      await storage.set('long', 'x', 60)
      await storage.set('over', 'x')
      await storage.set('over', 'y', 0)
      await soon(() => storage.get('short')).toBe(null)
      expect([await storage.get('long'), await storage.get('over')]).toEqual(['x', null])
    })

    test('gives a value once, however many take it', async () => {
      const storage = storageOf(stage.open())
      await storage.set('once', 'x', 60)
      const taken = await Promise.all([0, 1, 2, 3, 4].map(() => storage.getAndDelete('once')))
      expect(taken.filter((value) => value === 'x')).toHaveLength(1)
      expect(await storage.get('once')).toBe(null)
    })

    test('increments within a fixed window, called without its object', async () => {
      const { increment, get } = storageOf(stage.open())
      const sums = await Promise.all(Array.from({ length: 50 }, () => increment('n', 60)))
      expect(new Set(sums)).toEqual(new Set(Array.from({ length: 50 }, (_, index) => index + 1)))
      expect(await get('n')).toBe('50')
      await increment('short', 0.05)
      await soon(() => get('short')).toBe(null)
      expect(await increment('short', 60)).toBe(1)
    })

    test('takes keys of any length, as paths are', async () => {
      const storage = storageOf(stage.open())
      const long = `203.0.113.7|/${'x'.repeat(100_000)}`
      await storage.set(long, 'long')
      await storage.set(`${long}y`, 'longer')
      expect([await storage.get(long), await storage.get(`${long}y`)]).toEqual(['long', 'longer'])
    })

    test('refuses what is no string', async () => {
      const storage = storageOf(stage.open())
      await expect(storage.set('a', { x: 1 } as unknown as string)).rejects.toThrow(CacheValueError)
    })
  })

  describe('Better Auth', needs, () => {
    const stage = openStage(store)

    test('keeps sessions and rate limits in it', async () => {
      const cache = stage.open()
      const rows = { user: [], session: [], account: [], verification: [] }
      const auth = authOver(storageOf(cache), rows)
      const cookie = await signUp(auth)
      expect(rows.session).toEqual([])
      expect((await auth.api.getSession({ headers: new Headers({ cookie }) }))?.user.email).toBe('ann@example.com')
      const second = authOver(storageOf(cache), rows)
      expect((await second.api.getSession({ headers: new Headers({ cookie }) }))?.user.email).toBe('ann@example.com')

      const statuses = []
      for (let i = 0; i < 5; i++) statuses.push((await (i % 2 === 0 ? auth : second).handler(signIn())).status)
      expect(statuses).toEqual([200, 200, 200, 429, 429])

      await auth.api.signOut({ headers: new Headers({ cookie }) })
      expect(await second.api.getSession({ headers: new Headers({ cookie }) })).toBe(null)
    })
  })
})

type Rows = Record<string, never[]>

function authOver(secondaryStorage: SecondaryStorage, rows: Rows, session: BetterAuthOptions['session'] = {}) {
  return betterAuth({
    secret: 'a secret of a test that is long enough',
    baseURL: 'http://app.test',
    database: memoryAdapter(rows),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: true },
    advanced: { ipAddress: { ipAddressHeaders: ['x-app-ip'] } },
    secondaryStorage,
    session,
  })
}

async function signUp(auth: ReturnType<typeof authOver>): Promise<string> {
  const { headers } = await auth.api.signUpEmail({
    body: { name: 'Ann', email: 'ann@example.com', password: 'correct horse' },
    returnHeaders: true,
  })
  return headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

function signIn(): Request {
  return new Request('http://app.test/api/auth/sign-in/email', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-app-ip': '203.0.113.7', origin: 'http://app.test' },
    body: JSON.stringify({ email: 'ann@example.com', password: 'correct horse' }),
  })
}

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

function openQuietly(url: string) {
  const cache = createCache({ url, timeoutMs: 1_000, logger: { warn: () => {} } })
  closing.push(() => cache.close())
  return cache
}

describe('while the server is down', () => {
  test('nothing is found and nothing thrown; rate limits hold within the process', async () => {
    const storage = storageOf(openQuietly(`redis://127.0.0.1:${await freePort()}`))
    await storage.set('a', 'x', 60)
    expect([await storage.get('a'), await storage.getAndDelete('a')]).toEqual([null, null])
    await storage.delete('a')
    expect([await storage.increment('n', 60), await storage.increment('n', 60)]).toEqual([1, 2])
    await storage.increment('short', 0.05)
    await soon(() => storage.increment('short', 0.05)).toBe(1)
  })

  test('sessions that are in the database too stay valid', requireRedis, async () => {
    const redis: RedisServer = await startRedis()
    closing.push(() => redis.stop())
    const cache = openQuietly(redis.url)
    await soon(async () => (await cache.get('probe'), cache.status().state)).toBe('up')
    const rows = { user: [], session: [], account: [], verification: [] }
    const auth = authOver(storageOf(cache), rows, { storeSessionInDatabase: true })
    const cookie = await signUp(auth)
    await redis.stop()
    await soon(async () => (await cache.get('probe'), cache.status().state)).toBe('down')
    expect((await auth.api.getSession({ headers: new Headers({ cookie }) }))?.user.email).toBe('ann@example.com')
    expect((await auth.handler(signIn())).status).toBe(200)
    await redis.restart()
    await soon(() => cache.status().state).toBe('up')
    expect((await auth.api.getSession({ headers: new Headers({ cookie }) }))?.user.email).toBe('ann@example.com')
  })
})

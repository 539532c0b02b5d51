// A server that is gone, slow, silent or unfit: every read is a miss, nothing is thrown, and it heals by itself.
import { randomUUID } from 'node:crypto'
import { freePort, type RedisServer, requireServices, startRedis } from '@backchannel/servers'
import { Redis } from 'iovalkey'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createCache } from './cache.ts'
import { type Proxy, startProxy } from './testing/proxy.ts'
import { recordLog } from './testing/stores.ts'
import type { Cache, CacheOptions } from './types.ts'

const needs = await requireServices('redis')
const soon = (read: () => unknown) => expect.poll(read, { timeout: 12_000, interval: 10 })

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

function open(url: string, options: Partial<CacheOptions> = {}): Cache {
  const cache = createCache({
    url,
    prefix: `${randomUUID()}:`,
    logger: { warn: () => {} },
    timeoutMs: 1_000,
    ...options,
  })
  closing.push(() => cache.close())
  return cache
}

const isUp = (cache: Cache) =>
  soon(async () => {
    await cache.get('probe')
    return cache.status().state
  }).toBe('up')
const isDown = (cache: Cache) =>
  soon(async () => {
    await cache.get('probe')
    return cache.status().state
  }).toBe('down')

/** What a promise has come to after one turn of the event loop: no timer and no socket can have had a part in it. */
async function atOnce<T>(promise: Promise<T>): Promise<T | 'pending'> {
  const turn = new Promise<'pending'>((resolve) => setImmediate(() => resolve('pending')))
  return Promise.race([promise, turn])
}

async function answersAsOff(cache: Cache): Promise<void> {
  expect(await cache.get('a')).toBe(null)
  expect(await cache.getMany(['a', 'b'])).toEqual([null, null])
  expect(await cache.set('a', 1, 60)).toBe(undefined)
  expect(await cache.setMany([['a', 1]], { tags: ['t'], ttl: 60 })).toBe(undefined)
  expect(await cache.delete(['a', 'b'])).toBe(undefined)
  expect(await cache.ttl('a')).toBe(null)
  expect(await cache.increment('n')).toBe(null)
  expect(await cache.invalidateTag('t')).toBe(undefined)
  expect(await cache.cached('a', { ttl: 60, stale: 60, tags: ['t'] }, () => 'loaded')).toBe('loaded')
  let calls = 0
  const load = async () => ++calls
  const values = await Promise.all(Array.from({ length: 100 }, () => cache.cached('many', 60, load)))
  expect(new Set(values)).toEqual(new Set([1]))
}

test('off: every function answers as without a cache', async () => {
  for (const url of [undefined, '']) {
    const cache = open(url as string)
    await answersAsOff(cache)
    expect(cache.secondaryStorage()).toBe(undefined)
    expect(cache.status()).toMatchObject({ state: 'off', errors: 0, server: null })
  }
})

test('nobody listens: the same, at once after the first', async () => {
  const port = await freePort()
  const { lines, logger } = recordLog()
  const cache = open(`redis://127.0.0.1:${port}`, { logger })
  expect(cache.status()).toMatchObject({ state: 'idle', server: `127.0.0.1:${port}/0` })
  expect(await cache.get('a')).toBe(null)
  expect(cache.status()).toMatchObject({ state: 'down', errors: 1 })
  await answersAsOff(cache)
  expect(await atOnce(cache.get('a'))).toBe(null)
  expect(await atOnce(cache.set('a', 1))).toBe(undefined)
  expect(await atOnce(cache.cached('a', 60, () => 1))).toBe(1)
  expect(lines.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^\[cache\] 127\.0\.0\.1:\d+\/0 is down, so every read is a miss until it is back: .*REFUSED/,
    ),
  ])
})

test('a port that takes connections and never answers', async () => {
  const proxy = await startProxy(1)
  closing.push(() => proxy.close())
  proxy.swallow()
  const cache = open(proxy.url, { timeoutMs: 50 })
  expect(await Promise.all([cache.get('a'), cache.get('b'), cache.cached('c', 60, () => 3)])).toEqual([null, null, 3])
  expect(cache.status()).toMatchObject({ state: 'down', errors: 3 })
  expect(await atOnce(cache.get('a'))).toBe(null)
  await answersAsOff(cache)
})

test('a name that does not exist', async () => {
  const cache = open('redis://cache.invalid:6379', { timeoutMs: 5000 })
  expect(await cache.get('a')).toBe(null)
  expect(cache.status().state).toBe('down')
})

describe('a server', needs, () => {
  let redis: RedisServer
  let direct: Redis
  let proxy: Proxy
  beforeAll(async () => {
    redis = await startRedis()
    proxy = await startProxy(redis.port)
    direct = new Redis(redis.url)
    direct.on('error', () => {})
  })
  afterAll(async () => {
    direct?.disconnect()
    await proxy?.close()
    await redis?.stop()
  })

  test('stopped and started again', async () => {
    const { lines, logger } = recordLog()
    const cache = open(redis.url, { logger })
    await isUp(cache)
    await cache.set('a', 1)
    await redis.stop()
    await isDown(cache)
    await answersAsOff(cache)
    expect(await atOnce(cache.get('a'))).toBe(null)
    await redis.restart()
    await soon(() => cache.status().state).toBe('up')
    await cache.set('a', 2)
    expect(await cache.get('a')).toBe(2)
    const told = lines.map(({ message }) => message.replace(/:\d+\/0/, '').replace(/[\d.]+ s$/, 'N s'))
    expect(told).toEqual([
      expect.stringMatching(/^\[cache\] 127\.0\.0\.1 is down, so every read is a miss until it is back: /),
      '[cache] 127.0.0.1 is back after N s',
    ])
  })

  test('killed in the middle of a thousand calls', async () => {
    const cache = open(redis.url)
    await isUp(cache)
    const reads = Array.from({ length: 1000 }, (_, index) => cache.cached(`k${index}`, 60, async () => index))
    await redis.kill()
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 1000 }, (_, index) => index))
    await redis.restart()
    await isUp(cache)
  })

  test('frozen: misses after the time-out, then at once; what could not be deleted is, before it is read', async () => {
    const cache = open(redis.url, { timeoutMs: 500 })
    await isUp(cache)
    await cache.set('a', 'old', { tags: ['t'] })
    await cache.set('b', 'old')
    await cache.set('c', 'old', { tags: ['t'] })
    await cache.set('d', 'kept')
    const prefix = cache.status().prefix
    await redis.pause()
    expect(await cache.get('d')).toBe(null)
    expect(cache.status().state).toBe('down')
    expect(await atOnce(cache.get('d'))).toBe(null)
    await cache.delete('a')
    await cache.set('b', 'new')
    await cache.invalidateTag('t')
    redis.resume()
    await soon(() => cache.status().state).toBe('up')
    expect(await cache.getMany(['a', 'b', 'c', 'd'])).toEqual([null, null, null, 'kept'])
    expect(await direct.exists(`${prefix}a`, `${prefix}b`, `${prefix}@tag:t`)).toBe(0)
  })

  test('a black hole in the middle of a connection, and the way back', async () => {
    const cache = open(proxy.url, { timeoutMs: 500 })
    await isUp(cache)
    await cache.set('a', 1)
    proxy.swallow()
    expect(await cache.get('a')).toBe(null)
    expect(await atOnce(cache.get('a'))).toBe(null)
    await cache.delete('a')
    proxy.restore()
    await soon(() => cache.status().state).toBe('up')
    expect(await direct.exists(`${cache.status().prefix}a`)).toBe(0)
  })

  test('too many deletions to remember empty the cache, and nothing else', async () => {
    const prefix = 'special*[a]?\\:'
    const cache = open(proxy.url, { prefix, timeoutMs: 1000 })
    const neighbour = open(redis.url, { prefix: 'specialx:', timeoutMs: 5000 })
    await isUp(cache)
    await neighbour.set('a', 'kept')
    await cache.setMany(Array.from({ length: 2500 }, (_, index) => [`k${index}`, index] as const))
    proxy.swallow()
    await isDown(cache)
    for (let part = 0; part < 51; part++) await cache.delete(Array.from({ length: 1000 }, (_, i) => `x${part}-${i}`))
    proxy.restore()
    await soon(() => cache.status().state).toBe('up')
    expect(await cache.getMany(['k0', 'k1', 'k2499'])).toEqual([null, null, null])
    expect((await direct.keys('special*')).toSorted()).toEqual(['specialx:a'])
  })

  test('a connection that the server ended, as servers do with idle ones, costs no miss', async () => {
    const cache = open(redis.url, { timeoutMs: 5000 })
    await cache.set('a', 1)
    await direct.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    expect(await cache.get('a')).toBe(1)
    expect(cache.status()).toMatchObject({ state: 'up', errors: 0 })
  })

  test('an answer that this process was too busy to read is no time-out', async () => {
    const cache = open(redis.url, { timeoutMs: 100 })
    await isUp(cache)
    await cache.set('a', 1)
    for (let i = 0; i < 5; i++) {
      // Sent at once, and answered while nobody looks.
      const read = cache.get('a')
      const end = performance.now() + 150
      while (performance.now() < end);
      expect(await read).toBe(1)
    }
    expect(cache.status()).toMatchObject({ state: 'up', errors: 0 })
  })

  test('a replica is unfit for writing, until it is a primary again', async () => {
    const cache = open(redis.url, { timeoutMs: 1000 })
    await cache.set('a', 'old')
    await direct.replicaof('127.0.0.1', await freePort())
    await cache.set('a', 'new')
    expect(cache.status()).toMatchObject({ state: 'down', lastError: expect.stringMatching(/^READONLY/) })
    await direct.replicaof('NO', 'ONE')
    await soon(() => cache.status().state).toBe('up')
    expect(await cache.get('a')).toBe(null)
    await cache.set('a', 'new')
    expect(await cache.get('a')).toBe('new')
  })

  test('a server without memory for more drops the outdated value', async () => {
    const { lines, logger } = recordLog()
    const cache = open(redis.url, { timeoutMs: 5000, logger })
    await cache.set('a', 'old')
    await cache.set('b', 'kept')
    await direct.config('SET', 'maxmemory', '1')
    try {
      await cache.set('a', 'new')
      expect(await cache.cached('c', 60, () => 3)).toBe(3)
      expect(await cache.getMany(['a', 'b', 'c'])).toEqual([null, 'kept', null])
      expect(cache.status()).toMatchObject({ state: 'up', lastError: expect.stringMatching(/^OOM/) })
      expect(lines[0]?.message).toMatch(/^\[cache\] the backend refused a call: OOM/)
    } finally {
      await direct.config('SET', 'maxmemory', '0')
    }
  })

  test('a database that does not exist is not replaced by another', async () => {
    const cache = open(`${redis.url}/99`)
    await cache.set('a', 1)
    expect(cache.status()).toMatchObject({ state: 'down', server: `127.0.0.1:${redis.port}/99` })
    expect(await direct.keys(`${cache.status().prefix}*`)).toEqual([])
  })

  test('databases are apart', async () => {
    const [third, zero] = [open(`${redis.url}/3`, { prefix: 'db:' }), open(redis.url, { prefix: 'db:' })]
    await third.set('a', 3)
    expect([await third.get('a'), await zero.get('a')]).toEqual([3, null])
  })

  test('a closed cache ends its attempts', async () => {
    const cache = open(redis.url)
    await isUp(cache)
    await redis.stop()
    await isDown(cache)
    await cache.close()
    expect(cache.status().state).toBe('off')
    await redis.restart()
    const clients = async () => (await direct.client('LIST')) as string
    await soon(async () => (await clients()).trim().split('\n').length).toBe(1)
  })
})

describe('a server with a password', needs, () => {
  let redis: RedisServer
  const secret = 'pa%ss/w?rd#:@'
  beforeAll(async () => {
    // The launcher asks PING, which the default user may still do.
    redis = await startRedis()
    const direct = new Redis(redis.url)
    await direct.acl('SETUSER', 'app', 'on', `>${secret}`, '~app:*', '+@all')
    await direct.acl('SETUSER', 'reader', 'on', `>${secret}`, '~*', '+@all', '-get')
    direct.disconnect()
  })
  afterAll(() => redis?.stop())

  const urlOf = (user: string, password: string) =>
    `redis://${user}:${encodeURIComponent(password)}@127.0.0.1:${redis.port}`

  test('is used with the right one, within the prefix that its user may use', async () => {
    const cache = open(urlOf('app', secret), { prefix: 'app:', timeoutMs: 5000 })
    await cache.set('a', 1, { tags: ['t'] })
    expect(await cache.get('a')).toBe(1)
    expect(await cache.cached('b', 10, () => 2)).toBe(2)
    expect(await cache.increment('n')).toBe(1)
    expect(cache.status()).toMatchObject({ state: 'up', errors: 0 })
  })

  test('a command that its user may not use fails alone', async () => {
    const cache = open(urlOf('reader', secret), { timeoutMs: 5000 })
    await cache.set('a', 1)
    expect(await cache.get('a')).toBe(null)
    expect(await cache.getMany(['a', 'b'])).toEqual([1, null])
    expect(cache.status()).toMatchObject({ state: 'up', lastError: expect.stringMatching(/^NOPERM/) })
  })

  test('is down with the wrong one, and the password is told nowhere', async () => {
    const { lines, logger } = recordLog()
    const cache = open(urlOf('app', 'canary-secret'), { logger, timeoutMs: 5000 })
    await answersAsOff(cache)
    expect(cache.status()).toMatchObject({ state: 'down' })
    const told = JSON.stringify([lines, cache.status()])
    expect(told).toContain('WRONGPASS')
    expect(told).not.toContain('canary')
  })
})

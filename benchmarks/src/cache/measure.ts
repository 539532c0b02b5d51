/** What a read costs over the bare client, what a dead server costs, and how often a shared loader runs. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@backchannel/cache'
import { freePort, startRedis } from '@backchannel/servers'
import { Redis } from 'iovalkey'

export interface Plan {
  readonly rounds: number
  /** Reads per measurement. */
  readonly reads: number
  /** Reads outstanding at a time. */
  readonly windows: readonly number[]
}

export interface HitRound {
  readonly window: number
  /** Microseconds of this process's CPU per read. */
  readonly bareCpu: number
  readonly cacheCpu: number
  /** Microseconds of time per read. */
  readonly bareTime: number
  readonly cacheTime: number
}

export interface Cost {
  readonly cpu: number
  readonly time: number
}

const silent = { warn: () => {} }

/** Some 700 bytes of JSON, as a small page has. */
const value = {
  id: randomUUID(),
  title: 'What a read costs',
  tags: ['cache', 'valkey', 'benchmark'],
  items: Array.from({ length: 12 }, (_, index) => ({ id: index, name: `Item number ${index}`, price: index * 1.25 })),
}

async function costOf(reads: number, window: number, read: () => Promise<unknown>): Promise<Cost> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  let left = reads
  await Promise.all(
    Array.from({ length: window }, async () => {
      while (left-- > 0) await read()
    }),
  )
  const time = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  return { cpu: (user + system) / reads, time: (time * 1000) / reads }
}

/** Bare `GET` and `JSON.parse` beside `get`, one right after the other in an order that turns. */
export async function measureHits({ rounds, reads, windows }: Plan): Promise<HitRound[]> {
  const server = await startRedis()
  const redis = new Redis(server.url)
  const cache = createCache({ url: server.url, prefix: 'bench:', timeoutMs: 5_000, logger: silent })
  try {
    await cache.set('page', value)
    const bare = async () => JSON.parse((await redis.get('bench:page')) ?? 'null') as unknown
    const cached = async () => cache.get('page')
    for (const read of [bare, cached]) await costOf(reads, 10, read)
    const results: HitRound[] = []
    for (let round = 0; round < rounds; round++) {
      for (const window of windows) {
        const isEven = round % 2 === 0
        const first = await costOf(reads, window, isEven ? bare : cached)
        const second = await costOf(reads, window, isEven ? cached : bare)
        const [ofBare, ofCache] = isEven ? [first, second] : [second, first]
        results.push({
          window,
          bareCpu: ofBare.cpu,
          cacheCpu: ofCache.cpu,
          bareTime: ofBare.time,
          cacheTime: ofCache.time,
        })
      }
    }
    const { misses, errors } = cache.status()
    if (misses + errors > 0) throw new Error(`${misses} reads missed and ${errors} failed: these are no hits`)
    return results
  } finally {
    redis.disconnect()
    await cache.close()
    await server.stop()
  }
}

export interface DeadRound {
  /** Milliseconds of the first read, which finds out. */
  readonly first: number
  /** Microseconds of each one after it. */
  readonly later: number
}

async function readDead(url: string, reads: number): Promise<DeadRound> {
  const cache = createCache({ url, logger: silent })
  const began = performance.now()
  await cache.get('page')
  const first = performance.now() - began
  const { time } = await costOf(reads, 1, async () => cache.get('page'))
  const { hits, misses } = cache.status()
  await cache.close()
  if (hits !== 0 || misses !== reads + 1) throw new Error('a dead server answered')
  return { first, later: time }
}

/** A port that nobody listens on, and one that takes connections and never answers. */
export async function measureDead({ rounds, reads }: Plan): Promise<{ refused: DeadRound[]; silent: DeadRound[] }> {
  const hole = createServer((socket) => socket.on('error', () => socket.destroy()).resume())
  hole.listen(0, '127.0.0.1')
  await once(hole, 'listening')
  const address = hole.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const refused: DeadRound[] = []
  const unanswered: DeadRound[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      refused.push(await readDead(`redis://127.0.0.1:${await freePort()}`, reads))
      unanswered.push(await readDead(`redis://127.0.0.1:${address.port}`, reads))
    }
  } finally {
    hole.close()
  }
  return { refused, silent: unanswered }
}

/** Calls of a slow loader when so many ask at once, over a server. */
export async function countLoads(callers: number): Promise<number> {
  const server = await startRedis()
  const cache = createCache({ url: server.url, timeoutMs: 5_000, logger: silent })
  let calls = 0
  const load = async () => {
    calls++
    await sleep(50)
    return value
  }
  try {
    const values = await Promise.all(Array.from({ length: callers }, () => cache.cached('page', 60, load)))
    if (values.some(({ id }) => id !== value.id)) throw new Error('a caller got something else')
    return calls
  } finally {
    await cache.close()
    await server.stop()
  }
}

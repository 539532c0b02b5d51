// One process of several that share a cache: asks for the same key many times at once, with a slow loader.
import { once } from 'node:events'
import { Redis } from 'iovalkey'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '../index.ts'

const { CACHE_URL = '', WORKER_PREFIX = '', CALLS = '20', LOAD_MS = '300', LOCK_TIMEOUT = '5' } = process.env

const cache = createCache({ url: CACHE_URL, prefix: WORKER_PREFIX, timeoutMs: 5_000 })
const redis = new Redis(CACHE_URL)
await cache.get('warm')
console.log('ready')
// All begin when they are told, not when they have started.
await once(process.stdin, 'data')
const load = async () => {
  const count = await redis.incr(`${WORKER_PREFIX}calls`)
  console.log('loading')
  await sleep(Number(LOAD_MS))
  return `load ${count}`
}
const options = { ttl: 60, lockTimeout: Number(LOCK_TIMEOUT) }
const values = await Promise.all(Array.from({ length: Number(CALLS) }, () => cache.cached('k', options, load)))
console.log(JSON.stringify(values))
await cache.close()
redis.disconnect()
process.stdin.destroy()

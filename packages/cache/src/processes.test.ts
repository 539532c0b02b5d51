// Several processes on one server, and processes that end.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { freePort, type RedisServer, requireServices, startRedis } from '@backchannel/servers'
import { Redis } from 'iovalkey'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

const needs = await requireServices('redis')
const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

interface Worker {
  readonly child: ChildProcess
  begin(): void
  /** The next line it prints. */
  line(): Promise<string>
}

async function startWorker(env: Record<string, string>): Promise<Worker> {
  const file = `${import.meta.dirname}/testing/worker.ts`
  const child = spawn(process.execPath, ['--conditions=@backchannel/source', file], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const line = async () => String((await lines.next()).value)
  expect(await line()).toBe('ready')
  return { child, line, begin: () => child.stdin.write('go\n') }
}

describe('processes on one server', needs, () => {
  let redis: RedisServer
  let direct: Redis
  beforeAll(async () => {
    redis = await startRedis()
    direct = new Redis(redis.url)
  })
  afterAll(async () => {
    direct?.disconnect()
    await redis?.stop()
  })

  test('twenty callers in each of three processes call the loader once', async () => {
    const env = { CACHE_URL: redis.url, WORKER_PREFIX: `${randomUUID()}:` }
    const workers = await Promise.all([0, 1, 2].map(() => startWorker(env)))
    for (const worker of workers) worker.begin()
    const printed = await Promise.all(
      workers.map(async (worker) => {
        const first = await worker.line()
        return first === 'loading' ? worker.line() : first
      }),
    )
    expect(printed.flatMap((line) => JSON.parse(line) as string[])).toEqual(Array.from({ length: 60 }, () => 'load 1'))
    expect(await direct.get(`${env.WORKER_PREFIX}calls`)).toBe('1')
  })

  test('when the one that loads is killed, one of the others loads', async () => {
    const env = { CACHE_URL: redis.url, WORKER_PREFIX: `${randomUUID()}:`, LOCK_TIMEOUT: '1' }
    const [first, ...others] = await Promise.all([
      startWorker({ ...env, LOAD_MS: '600000' }),
      startWorker(env),
      startWorker(env),
    ])
    first.begin()
    expect(await first.line()).toBe('loading')
    for (const worker of others) worker.begin()
    first.child.kill('SIGKILL')
    const printed = await Promise.all(
      others.map(async (worker) => {
        const line = await worker.line()
        return line === 'loading' ? worker.line() : line
      }),
    )
    expect(printed.flatMap((line) => JSON.parse(line) as string[])).toEqual(Array.from({ length: 40 }, () => 'load 2'))
    expect(await direct.get(`${env.WORKER_PREFIX}calls`)).toBe('2')
  })

  test('when the one that loads takes too long, one of the others takes over, and its value is kept', async () => {
    const env = { CACHE_URL: redis.url, WORKER_PREFIX: `${randomUUID()}:`, LOCK_TIMEOUT: '0.3' }
    const slow = await startWorker({ ...env, LOAD_MS: '2000' })
    const quick = await startWorker({ ...env, LOAD_MS: '1' })
    slow.begin()
    expect(await slow.line()).toBe('loading')
    quick.begin()
    expect(await quick.line()).toBe('loading')
    expect(new Set(JSON.parse(await quick.line()) as string[])).toEqual(new Set(['load 2']))
    expect(new Set(JSON.parse(await slow.line()) as string[])).toEqual(new Set(['load 1']))
    expect(await direct.get(`${env.WORKER_PREFIX}k`)).toBe('"load 2"')
  })

  test('a process ends by itself when its cache is closed', () => {
    const script = `
      import { createCache } from '@backchannel/cache'
      const cache = createCache({ url: process.env.VALKEY_URL, timeoutMs: 5000 })
      await cache.set('a', 1, { ttl: 60, tags: ['t'] })
      await cache.cached('b', { ttl: 60, stale: 1, early: 1 }, () => 2)
      console.log(await cache.get('a'), await cache.get('b'))
      await cache.close()`
    expect(run(script, { VALKEY_URL: redis.url })).toEqual({ status: 0, stdout: '1 2\n', stderr: '' })
  })
})

function run(script: string, env: Record<string, string>): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@backchannel/source', '--input-type=module-typescript', '--eval', script],
    { cwd: import.meta.dirname, encoding: 'utf8', timeout: 12_000, env: { PATH: process.env['PATH'], ...env } },
  )
  return { status, stdout, stderr }
}

test('a process with a store of its own ends by itself', () => {
  const script = `
    import { cacheSet, cached, cacheTtl, cacheGet } from '@backchannel/cache'
    await cacheSet('a', 1, 60)
    await cached('b', { ttl: 60, stale: 60 }, () => 2)
    console.log(await cacheGet('a'), await cacheGet('b'), await cacheTtl('a'))`
  expect(run(script, { VALKEY_URL: 'memory:' })).toEqual({ status: 0, stdout: '1 2 60\n', stderr: '' })
})

test('a process whose server is gone is not kept alive by attempts', async () => {
  const script = `
    import { cacheGet, cacheStatus } from '@backchannel/cache'
    console.log(await cacheGet('a'), cacheStatus().state)`
  const { status, stdout, stderr } = run(script, { VALKEY_URL: `redis://127.0.0.1:${await freePort()}` })
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'null down\n' })
  expect(stderr).toMatch(/^\[cache\] 127\.0\.0\.1:\d+\/0 is down, .*REFUSED.* \{\}\n$/)
})

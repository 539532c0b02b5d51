// Delivery on Postgres and on PGlite: order, refusals, outages, several relays.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createOutbox,
  createRelay,
  outboxSchema,
  publish,
  type Relay,
  type RelayOptions,
  broadcast,
  write,
} from './index.ts'
import { databases, type TestDatabase } from './testing/databases.ts'
import { answer, RecordingEngine } from './testing/engines.ts'

const quiet = { info: () => {}, warn: () => {}, error: () => {} }

for (const { name, needs, open } of databases) {
  describe(`a relay on ${name}`, needs, () => {
    let database: TestDatabase
    let engine: RecordingEngine
    const relays: Relay[] = []

    beforeAll(async () => {
      database = await open()
      await database.query(outboxSchema())
    })
    afterAll(() => database?.end())
    beforeEach(async () => {
      engine = new RecordingEngine()
      await database.query('truncate outbox, outbox_leases, outbox_parked restart identity')
    })
    afterEach(() => Promise.all(relays.splice(0).map((relay) => relay.close())))

    function create(options: Partial<RelayOptions> = {}): Relay {
      const relay = createRelay({ database: database.relay, publisher: engine.publish, logger: quiet, ...options })
      relays.push(relay)
      return relay
    }
    function start(options?: Partial<RelayOptions>): Relay {
      const relay = create(options)
      relay.start()
      return relay
    }
    const waiting = () => database.query('select id::text from outbox order by outbox.id')

    test('delivers in order what was there and what comes, and leaves nothing behind', async () => {
      for (let n = 0; n < 250; n++) await publish(database.query, `c${n % 3}`, n)
      const relay = start()
      await relay.drain()
      for (let n = 250; n < 260; n++) await publish(database.query, 'c', n)
      await relay.drain()
      expect(engine.data(engine.calls)).toEqual(Array.from({ length: 260 }, (_, n) => n))
      expect(await waiting()).toEqual([])
      expect(await relay.status()).toMatchObject({ delivered: 260, pending: 0, parked: 0, state: 'running' })
    })

    test('calls each method as the server API names it', async () => {
      await broadcast(database.query, ['a', 'b'], 1, { idempotencyKey: 'k', skipHistory: true })
      await write(database.query, 'unsubscribe', { user: '1', channel: 'a' })
      await database.query(`insert into outbox (method, payload) values
        ('', '{"method": "publish", "payload": {"channel": "x", "data": 2}}'),
        ('', '{"method": "disconnect", "payload": "{\\"user\\": \\"7\\"}"}')`)
      await start().drain()
      expect(engine.calls).toEqual([
        { method: 'broadcast', request: { channels: ['a', 'b'], data: 1, idempotency_key: 'k', skip_history: true } },
        { method: 'unsubscribe', request: { user: '1', channel: 'a' } },
        // A row of somebody else's that has no key gets its own.
        {
          method: 'publish',
          request: { channel: 'x', data: 2, idempotency_key: expect.stringMatching(/^3-\d+\.\d+$/) },
        },
        { method: 'disconnect', request: { user: '7' } },
      ])
    })

    test('a notification wakes it, long before it would look by itself', async () => {
      const relay = start({ pollInterval: 1_000_000 })
      await vi.waitFor(async () => expect(await relay.status()).toMatchObject({ isListening: true }))
      await publish(database.query, 'c', 'told')
      await vi.waitFor(() => expect(engine.data()).toEqual(['told']))
    })

    test('without notifications it finds rows by looking', async () => {
      const relay = start({ listen: false, pollInterval: 20 })
      await relay.drain()
      await publish(database.query, 'c', 'found')
      await vi.waitFor(() => expect(engine.data()).toEqual(['found']))
      expect(await relay.status()).toMatchObject({ isListening: false })
    })

    test('partitions are delivered beside each other, each in order, also those nobody announced', async () => {
      const outbox = createOutbox({ partitions: 8 })
      let release = () => {}
      const gate = new Promise<void>((resolve) => (release = resolve))
      engine.onCall = ({ request }) => (request['data'] === 'first' ? gate : undefined)
      await outbox.publish(database.query, 'c', 'first', { partition: 0 })
      await outbox.publish(database.query, 'c', 'behind it', { partition: 0 })
      await outbox.publish(database.query, 'd', 'beside it', { partition: 7 })
      await database.query(`insert into outbox (method, payload, partition)
        values ('publish', '{"channel": "e", "data": "far"}', 123456)`)
      const relay = start()
      await vi.waitFor(() => expect(new Set(engine.data())).toEqual(new Set(['beside it', 'far'])))
      release()
      await relay.drain()
      expect(engine.data().slice(2)).toEqual(['first', 'behind it'])
    })

    test('serves only the partitions that it is told to', async () => {
      await createOutbox({ partitions: 2 }).publish(database.query, 'c', 'other', { partition: 1 })
      await publish(database.query, 'c', 'own')
      await start({ partitions: 1 }).drain()
      expect(engine.data()).toEqual(['own'])
      expect(await waiting()).toHaveLength(1)
    })

    test('an outage: nothing is parked, order holds, it is told once, and once that it is over', async () => {
      const lines: string[] = []
      const told: unknown[] = []
      const log = (_: object, message: string) => void lines.push(message)
      let tries = 0
      engine.onCall = () => {
        if (++tries <= 200) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
      }
      const outbox = createOutbox({ partitions: 40 })
      for (let n = 0; n < 40; n++) await outbox.publish(database.query, 'c', n, { partition: n })
      const relay = start({
        maxAttempts: 2,
        logger: { info: log, warn: log, error: log },
        onError: (error, where) => told.push([error.message, where]),
      })
      await vi.waitFor(async () =>
        expect((await relay.status()).outage).toMatchObject({ error: 'refused', forMs: expect.any(Number) }),
      )
      await relay.drain()
      expect(new Set(engine.data())).toEqual(new Set(Array.from({ length: 40 }, (_, n) => n)))
      expect(engine.heard).toHaveLength(40)
      expect(tries).toBeGreaterThan(200)
      expect(await relay.status()).toMatchObject({ parked: 0, outage: undefined })
      expect(lines).toEqual(['the engine is out of reach: rows wait until it answers', 'the engine answers again'])
      expect(told).toEqual([['refused', { stage: 'engine' }]])
    })

    test('a refusal that may pass is tried again, in its place', async () => {
      let refusals = 0
      engine.onCall = ({ request }) => {
        if (request['data'] === 1 && refusals++ < 2) throw answer(100)
      }
      for (let n = 0; n < 4; n++) await publish(database.query, 'c', n)
      await start().drain()
      expect(engine.data(engine.calls)).toEqual([0, 1, 1, 1, 2, 3])
    })

    test('after so many attempts a row is parked and the others go on; attempts outlive the relay', async () => {
      engine.onCall = ({ request }) => {
        if (request['data'] === 'bad') throw answer(100, 'internal server error')
      }
      await publish(database.query, 'c', 'bad')
      await publish(database.query, 'c', 'good')
      const first = start({ maxAttempts: 3 })
      await vi.waitFor(() => expect(engine.calls).toHaveLength(1))
      await first.close()
      const failing = { id: '1', attempts: 1, retryInMs: expect.any(Number) }
      expect((await first.status()).partitions).toMatchObject([{ partition: 0, pending: 2, failing }])
      const second = start({ maxAttempts: 3 })
      await vi.waitFor(() => expect(engine.calls.length).toBeGreaterThan(3), 10_000)
      // Until the engine has taken something else it may be in trouble itself: then all rows would be parked.
      expect(await second.parked()).toEqual([])
      await createOutbox({ partitions: 8 }).publish(database.query, 'd', 'beside it', { partition: 7 })
      await second.drain()
      const calls = engine.data(engine.calls)
      expect(calls.filter((data) => data === 'beside it')).toHaveLength(1)
      expect(new Set(calls.slice(0, -1))).toEqual(new Set(['bad', 'beside it']))
      expect(calls.at(-1)).toBe('good')
      const [row] = await second.parked()
      expect(row).toMatchObject({ id: '1', method: 'publish', code: 100, error: 'internal server error' })
      expect(row?.attempts).toBe(calls.filter((data) => data === 'bad').length)
      expect(row?.payload).toMatchObject({ channel: 'c', data: 'bad' })
      expect(Math.abs((row?.parkedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000)
      const status = await second.status()
      expect(status).toMatchObject({ pending: 0, parked: 1, oldestMs: undefined })
      expect(status.partitions[0]).toMatchObject({
        failing: undefined,
        lastError: { message: 'internal server error' },
      })
    })

    test('what no attempt can help is parked at once; replayed and discarded by hand', async () => {
      engine.onCall = ({ request }) => {
        if (String(request['channel']).startsWith('unknown:')) throw answer(102, 'unknown channel')
      }
      await publish(database.query, 'unknown:1', 1)
      await publish(database.query, 'unknown:2', 2)
      await publish(database.query, 'c', 3)
      await database.query(`insert into outbox (method, payload) values
        ('rpc', '{}'), ('publish', '[1]'), ('', '{"method": "toString", "payload": {}}'), ('', '5')`)
      const told: string[] = []
      const relay = start({ onError: (error, { stage, id }) => told.push(`${stage} ${id}: ${error.message}`) })
      await relay.drain()
      expect(engine.data(engine.calls)).toEqual([1, 2, 3])
      expect((await relay.parked()).map(({ id, code, attempts, error }) => [id, code, attempts, error])).toEqual([
        ['1', 102, 1, 'unknown channel'],
        ['2', 102, 1, 'unknown channel'],
        ['4', undefined, 1, "there is no method 'rpc'"],
        ['5', undefined, 1, 'the payload of publish is no object'],
        ['6', undefined, 1, "there is no method 'toString'"],
        ['7', undefined, 1, 'the method is empty, and the payload holds no method and payload'],
      ])
      expect(told[0]).toBe('parked 1: row 1 (publish) is parked: unknown channel')
      expect(told).toHaveLength(6)
      expect(await relay.parked({ limit: 1 })).toHaveLength(1)
      engine.onCall = () => {}
      expect(await relay.replay('1')).toBe(1)
      expect(await relay.replay('1')).toBe(0)
      await relay.drain()
      expect(engine.data()).toEqual([3, 1])
      expect(await relay.discard('4')).toBe(1)
      expect(await relay.replay('all')).toBe(4)
      await relay.drain()
      expect(engine.data()).toEqual([3, 1, 2])
      expect(await relay.discard('all')).toBe(3)
      await expect(relay.replay("1' or true")).rejects.toThrow("a row's id is wanted")
    })

    test('a broadcast that some channels refuse: tried again as a whole, then parked with those', async () => {
      const failing = new Map([['b', 100]])
      engine.onCall = ({ request }) => ({
        responses: (request['channels'] as string[]).map((channel) => {
          const code = failing.get(channel)
          return code === undefined ? { result: {} } : { error: { code, message: `no ${channel}` } }
        }),
      })
      await broadcast(database.query, ['a', 'b', 'c'], 1)
      const relay = start({ maxAttempts: 2 })
      await relay.drain()
      expect(engine.calls.map(({ request }) => request['channels'])).toEqual([
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
      ])
      expect(await relay.parked()).toMatchObject([
        { code: 100, error: '1 of 3 channels (b): no b', payload: { channels: ['b'], data: 1 } },
      ])
      failing.clear()
      await relay.replay('all')
      await relay.drain()
      expect(engine.calls.at(-1)?.request).toEqual({ ...engine.calls[0]?.request, channels: ['b'] })
      // Only what stays wrong is parked at once.
      failing.set('a', 102).set('c', 102)
      await broadcast(database.query, ['a', 'b', 'c'], 2)
      await relay.drain()
      expect(engine.calls).toHaveLength(4)
      expect(await relay.parked()).toMatchObject([{ code: 102, payload: { channels: ['a', 'c'] } }])
    })

    test('a publisher that never answers is an outage, not the end', async () => {
      let tries = 0
      engine.onCall = () => (++tries < 3 ? new Promise(() => {}) : undefined)
      await publish(database.query, 'c', 1)
      await start({ publishTimeout: 20 }).drain()
      expect(engine.data()).toEqual([1])
      expect(tries).toBe(3)
    })

    test('a database whose answers do not come is a database that failed; closing does not wait for them', async () => {
      let silent = false
      const lines: string[] = []
      const log = (_: object, message: string) => void lines.push(message)
      const never = new Promise<never>(() => {})
      await publish(database.query, 'c', 1)
      const relay = createRelay({
        database: {
          query: (text, values) => (silent ? never : database.relay.query(text, values)),
          listen: () => never,
        },
        publisher: engine.publish,
        leaseDuration: 500,
        logger: { info: log, warn: log, error: log },
        onError: () => Promise.reject(new Error('the reporter is down')),
      })
      relay.start()
      await relay.drain()
      silent = true
      await vi.waitFor(() => expect(lines.filter((line) => line.startsWith('the database failed'))).toHaveLength(1))
      await relay.close()
    })

    test('what RealtimeError tells beside a code: answers about the row, and outages', async () => {
      const failures = [
        { reason: 'status', status: 503 },
        { reason: 'timeout' },
        { reason: 'disabled' },
        // A gateway in the engine's place, and a call that was given up.
        { reason: 'status', status: 503, code: 14 },
        { reason: 'status', status: 413 },
        { reason: 'internal' },
        { reason: 'unserialisable' },
      ]
      engine.onCall = () => {
        const failure = failures.shift()
        if (failure && failures.length === 4) throw new DOMException('aborted', 'AbortError')
        if (failure) throw Object.assign(new Error(JSON.stringify(failure)), failure)
      }
      await publish(database.query, 'c', 1)
      const relay = start()
      await relay.drain()
      expect(await relay.parked()).toMatchObject([{ attempts: 3, error: '{"reason":"unserialisable"}' }])
    })

    test('answers that no table holds: an odd code, a message with U+0000', async () => {
      const odd = [Object.assign(new Error('a\0b'), { code: 1e12 }), answer(1.5), answer(107, 'c\0d')]
      engine.onCall = () => {
        const error = odd.shift()
        if (error) throw error
      }
      await publish(database.query, 'c', 1)
      const relay = start()
      await relay.drain()
      expect(await relay.parked()).toMatchObject([{ attempts: 3, code: 107, error: 'cd' }])
    })

    test('closing waits for the call under way, removes what was delivered, and leaves the rest to the next at once', async () => {
      for (let n = 0; n < 10; n++) await publish(database.query, 'c', n)
      let release = () => {}
      const gate = new Promise<void>((resolve) => (release = resolve))
      engine.onCall = ({ request }) => (request['data'] === 3 ? gate : undefined)
      const first = start({ leaseDuration: 3_600_000 })
      await vi.waitFor(() => expect(engine.calls).toHaveLength(4))
      const closed = first.close()
      release()
      await closed
      expect(await waiting()).toHaveLength(6)
      await start({ leaseDuration: 3_600_000 }).drain()
      expect(engine.data(engine.calls)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(() => first.start()).toThrow('This relay is closed')
      await expect(first.drain()).rejects.toThrow('this relay does not run')
    })

    test('a partition whose relay died is taken over when its lease has run out, and not before', async () => {
      await publish(database.query, 'c', 1)
      const held = "insert into outbox_leases (partition, owner, fence, leased_until) values (0, 'dead', 7, $1)"
      await database.query(held, [new Date(Date.now() + 700)])
      const relay = start({ pollInterval: 20 })
      await relay.drain()
      expect(engine.data()).toEqual([1])
      const [lease] = await database.query('select fence::int, owner, leased_until < now() as free from outbox_leases')
      expect(lease).toEqual({ fence: 8, owner: null, free: true })
    })

    test('who has lost its lease neither publishes nor removes', async () => {
      for (let n = 0; n < 6; n++) await publish(database.query, 'c', n)
      engine.onCall = async ({ request }) => {
        if (request['data'] !== 2) return
        // Longer than half of the lease, and somebody else has taken the partition meanwhile.
        await database.query("update outbox_leases set owner = 'other', fence = fence + 1, leased_until = 'infinity'")
        await sleep(300)
      }
      const relay = start({ leaseDuration: 500 })
      await vi.waitFor(() => expect(engine.calls).toHaveLength(3))
      await relay.close()
      expect(engine.data(engine.calls)).toEqual([0, 1, 2])
      expect(await waiting()).toHaveLength(6)
    })

    test('a lease is held on while its batch lasts', async () => {
      for (let n = 0; n < 30; n++) await publish(database.query, 'c', n)
      engine.onCall = () => sleep(100)
      const [first, second] = [start({ leaseDuration: 2_000 }), start({ leaseDuration: 2_000, pollInterval: 20 })]
      await first.drain()
      await second.drain()
      expect(engine.data(engine.calls)).toEqual(Array.from({ length: 30 }, (_, n) => n))
    })

    test('two relays share the partitions, and each row is delivered once and in order', async () => {
      const outbox = createOutbox({ partitions: 8 })
      for (let n = 0; n < 400; n++) {
        await outbox.publish(database.query, `c${n % 8}`, n, { partition: n % 8 })
      }
      const counts = [0, 0]
      const both = counts.map((_, index) =>
        start({
          batchSize: 5,
          leaseDuration: 1_000,
          publisher: async (method, request) => {
            counts[index] = (counts[index] ?? 0) + 1
            await sleep(3)
            return engine.publish(method, request)
          },
        }),
      )
      await Promise.all(both.map((relay) => relay.drain()))
      expect(engine.heard).toHaveLength(400)
      for (let channel = 0; channel < 8; channel++) {
        const own = engine.heard.filter(({ request }) => request['channel'] === `c${channel}`)
        expect(engine.data(own)).toEqual(Array.from({ length: 50 }, (_, n) => n * 8 + channel))
      }
      expect(counts.every((count) => count > 0)).toBe(true)
    })

    test('status tells what waits, for how long, and who delivers', async () => {
      let release = () => {}
      const gate = new Promise<void>((resolve) => (release = resolve))
      engine.onCall = () => gate
      await createOutbox({ partitions: 3 }).publish(database.query, 'c', 1, { partition: 2 })
      await database.query("update outbox set created_at = now() - interval '1 minute'")
      const relay = start()
      await vi.waitFor(() => expect(engine.calls).toHaveLength(1))
      const status = await relay.status()
      expect(status).toMatchObject({ pending: 1, parked: 0 })
      expect(status.partitions).toMatchObject([{ partition: 2, pending: 1, owner: status.id, lastError: undefined }])
      expect(status.oldestMs).toBeGreaterThanOrEqual(60_000)
      await expect(relay.drain({ timeout: 30 })).rejects.toThrow('rows still wait after 30 ms')
      release()
      await relay.drain()
    })

    test('a table that is missing is waited for, and told', async () => {
      const lines: string[] = []
      const log = (fields: object, message: string) => void lines.push(`${message}: ${JSON.stringify(fields)}`)
      await database.query('drop schema if exists late cascade')
      await database.query('create schema late')
      const relay = start({ table: 'late.outbox', logger: { info: log, warn: log, error: log } })
      await vi.waitFor(() => expect(lines[0]).toMatch(/outboxSchema\(\).*late\.outbox/))
      await database.query(outboxSchema({ table: 'late.outbox' }))
      await createOutbox({ table: 'late.outbox' }).publish(database.query, 'c', 1)
      await vi.waitFor(() => expect(engine.data()).toEqual([1]), 10_000)
      await relay.drain()
    })
  })
}

test('a database that rejects with nothing at all is waited for, too', async () => {
  const lines: unknown[] = []
  const log = (fields: object, message: string) => void lines.push([message, fields])
  const nothing: unknown = null
  const relay = createRelay({
    database: { query: () => Promise.reject(nothing), listen: () => Promise.reject(nothing) },
    publisher: () => {},
    logger: { info: log, warn: log, error: log },
  })
  relay.start()
  await vi.waitFor(() => expect(lines).toHaveLength(2))
  expect(lines).toContainEqual([expect.stringMatching(/^the database failed/), { error: 'null' }])
  await relay.close()
})

test.each([
  [{ batchsize: 1 }, "createRelay: there is no option 'batchsize'"],
  [{ batchSize: 0 }, 'createRelay: batchSize must be a whole number from 1 to 10000, not 0'],
  [{ database: {} }, 'createRelay: database must be pgDatabase(pool) or pgliteDatabase(pglite), not an object'],
  [{ publisher: {} }, 'createRelay: publisher must be serverApi(), or a function (method, request), not an object'],
  [{ table: 'x y' }, 'createRelay: table must be a name'],
  [{ listen: 'off' }, "createRelay: listen must be true or false, not 'off'"],
  [{ onError: 1 }, 'createRelay: onError must be a function, not 1'],
])('createRelay(%j)', (options, message) => {
  const database = { query: async () => ({ rows: [] }), listen: async () => async () => {} }
  const whole = { database, publisher: () => {}, ...options } as unknown as RelayOptions
  expect(() => createRelay(whole)).toThrow(TypeError)
  expect(() => createRelay(whole)).toThrow(message)
})

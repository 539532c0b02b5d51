// Connections that break, and transactions that commit late, on a real Postgres.
import { type PostgresServer, requireServices, startPostgres } from '@backchannel/servers'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createRelay, outboxSchema, pgDatabase, publish, type Relay, transaction } from './index.ts'
import { RecordingEngine } from './testing/engines.ts'

const quiet = { info: () => {}, warn: () => {}, error: () => {} }

describe('a relay and its connections', await requireServices('postgres'), () => {
  let server: PostgresServer
  /** The app's. */
  let pool: Pool
  /** The relay's, under a name of its own. */
  let relayPool: Pool
  let engine: RecordingEngine
  let relay: Relay

  beforeAll(async () => {
    server = await startPostgres()
    pool = new Pool({ connectionString: server.url })
    relayPool = new Pool({ connectionString: server.url, application_name: 'relay' })
    for (const each of [pool, relayPool]) each.on('error', () => {})
    await pool.query(outboxSchema())
  })
  afterAll(async () => {
    await pool?.end()
    await relayPool?.end()
    await server?.stop()
  })
  beforeEach(() => {
    engine = new RecordingEngine()
    relay = createRelay({ database: pgDatabase(relayPool), publisher: engine.publish, logger: quiet, batchSize: 20 })
  })
  afterEach(() => relay.close())

  const killConnections = () =>
    pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'relay'")
  const listening = () =>
    vi.waitFor(async () => expect(await relay.status()).toMatchObject({ isListening: true }), 10_000)

  test('a transaction that commits late: its row has a smaller id than what was delivered before it', async () => {
    relay.start()
    const early = await pool.connect()
    await early.query('begin')
    const { id } = await publish(early, 'c', 'late')
    await transaction(pool, (tx) => publish(tx, 'c', 'first'))
    await vi.waitFor(() => expect(engine.data()).toEqual(['first']))
    await relay.drain()
    await early.query('commit')
    early.release()
    await vi.waitFor(() => expect(engine.data()).toEqual(['first', 'late']))
    await relay.drain()
    expect(Number(id)).toBeGreaterThan(0)
  })

  test('all connections ended in the middle of a batch: it goes on, and listens again', async () => {
    relay.start()
    await listening()
    let killed = false
    engine.onCall = async ({ request }) => {
      if (request['data'] === 120 && !killed) {
        killed = true
        await killConnections()
      }
    }
    for (let n = 0; n < 100; n++) await publish(pool, 'c', n)
    await killConnections()
    for (let n = 100; n < 150; n++) await publish(pool, 'c', n)
    await vi.waitFor(() => relay.drain(), 10_000)
    expect(engine.data()).toEqual(Array.from({ length: 150 }, (_, n) => n))
    expect(killed).toBe(true)
    await listening()
    engine.onCall = () => {}
    await publish(pool, 'c', 'heard')
    await vi.waitFor(() => expect(engine.data().at(-1)).toBe('heard'))
  })

  test('the server restarts: rows wait, and are delivered when it is back', async () => {
    const lines: string[] = []
    const warn = (_: object, message: string) => void lines.push(message)
    await relay.close()
    relay = createRelay({
      database: pgDatabase(relayPool),
      publisher: engine.publish,
      logger: { ...quiet, warn },
    })
    relay.start()
    await listening()
    await server.stop()
    await vi.waitFor(() => expect(lines).toContain('notifications are lost: rows are found by polling'))
    await vi.waitFor(() => expect(lines.join()).toContain('the database failed'), 10_000)
    await server.restart()
    await publish(pool, 'c', 'after it')
    await vi.waitFor(() => expect(engine.data()).toEqual(['after it']), 10_000)
    await listening()
    expect(lines).toContain('the database answers again')
    expect(lines).toContain('notifications come again')
  })

  test('a listening pool of its own', async () => {
    const listenPool = new Pool({ connectionString: server.url, max: 1, application_name: 'listener' })
    listenPool.on('error', () => {})
    await relay.close()
    relay = createRelay({
      database: pgDatabase(relayPool, { listenPool }),
      publisher: engine.publish,
      logger: quiet,
    })
    relay.start()
    await listening()
    expect(listenPool.totalCount).toBe(1)
    await relay.close()
    expect(listenPool.totalCount).toBe(0)
    await listenPool.end()
  })
})

test.each([
  [null, {}, 'pgDatabase: a Pool of pg is wanted, not null'],
  [{ query: () => {} }, {}, 'pgDatabase: a Pool of pg is wanted, not an object'],
  [{ query: () => {}, connect: () => {} }, { listenPool: 5 }, 'pgDatabase: listenPool must be a Pool of pg, not 5'],
  [{ query: () => {}, connect: () => {} }, { listen: 5 }, "pgDatabase: there is no option 'listen'"],
])('pgDatabase(%j, %j)', (given, options, message) => {
  expect(() => pgDatabase(given as never, options as never)).toThrow(message)
})

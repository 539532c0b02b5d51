// An outbox in Postgres, read by the program and by the real Centrifugo.
import { setTimeout as sleep } from 'node:timers/promises'
import { createOutbox, outboxSchema } from '@backchannel/outbox'
import { type PostgresServer, requireServices, startCentrifugo, startPostgres } from '@backchannel/servers'
import { Centrifuge } from 'centrifuge'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { exitCodes } from '../failure.ts'
import { loadConfig } from '../load/load-config.ts'
import { Folder, run, type Running, start } from '../testing/cli.ts'

const config = {
  client: { allow_anonymous_connect_without_token: true, allowed_origins: ['*'] },
  channel: {
    namespaces: [
      {
        name: 'room',
        allow_subscribe_for_client: true,
        allow_subscribe_for_anonymous: true,
        history_size: 100,
        history_ttl: '300s',
      },
    ],
  },
}

const withCentrifugo = await requireServices('centrifugo')

interface Heard {
  readonly channel: string
  readonly data: unknown
  readonly tags: unknown
  readonly offset: unknown
}

describe('a consumer of Postgres', await requireServices('postgres'), () => {
  let postgres: PostgresServer
  let url: string
  let pool: Pool
  const running: Running[] = []
  const clients: Centrifuge[] = []
  const folder = new Folder()

  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(async () => {
    folder[Symbol.dispose]()
    await postgres?.stop()
  })
  beforeEach(async () => {
    url = await postgres.createDatabase()
    pool = new Pool({ connectionString: url, max: 4 })
    pool.on('error', () => {})
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect()
    for (const { child } of running) child.kill('SIGKILL')
    await Promise.all(running.splice(0).map(({ ended }) => ended))
    await pool.end()
  })

  const consumer = (postgresql: object = {}, name = 'outbox') => ({
    name,
    enabled: true,
    type: 'postgresql',
    postgresql: { dsn: url, outbox_table_name: 'outbox', partition_poll_interval: '50ms', ...postgresql },
  })

  async function serve(...consumers: object[]): Promise<Running> {
    const file = folder.write(`${running.length}.json`, { ...config, consumers })
    const server = start(['serve', '-c', file, '--address', '127.0.0.1', '--port', '0'])
    running.push(server)
    return server
  }

  /** Listens to three rooms. */
  async function listen(endpoint: string): Promise<Heard[]> {
    const heard: Heard[] = []
    const client = new Centrifuge(endpoint)
    clients.push(client)
    const rooms = ['room:1', 'room:2', 'room:3'].map((channel) => {
      const subscription = client.newSubscription(channel)
      subscription.on('publication', ({ data, tags, offset }) => heard.push({ channel, data, tags, offset }))
      subscription.subscribe()
      return subscription.ready()
    })
    client.connect()
    await Promise.all(rooms)
    return heard
  }
  const listenTo = async (server: Running) => listen(`ws://${await server.address()}/connection/websocket`)
  const waiting = async (table = 'outbox') => (await pool.query(`select from ${table}`)).rowCount

  /** What an app may write, good and bad. */
  async function fill(table: string, { wrapped }: { wrapped: boolean }): Promise<void> {
    const { publish, broadcast, write } = createOutbox({ table, partitions: 2 })
    await publish(pool, 'room:1', { n: 1 }, { partition: 0, idempotencyKey: 'a', tags: { kind: 'x' } })
    await publish(pool, 'room:1', { n: 'again' }, { partition: 0, idempotencyKey: 'a' })
    await publish(pool, 'unknown:1', 0, { partition: 0 })
    await broadcast(pool, ['room:1', 'unknown:1', 'room:2'], { n: 2 }, { partition: 0 })
    await write(pool, 'disconnect', { user: 'nobody' }, { partition: 0 })
    await publish(pool, 'room:3', [3], { partition: 1, skipHistory: true })
    const insert = `insert into ${table} (method, payload, partition) values ($1, $2, 0)`
    for (const [method, payload] of [
      ['rpc', {}],
      ['publish', { data: 1 }],
      ['publish', { channel: 5, data: 1 }],
      ['publish', [1]],
      ['history_remove', { channel: 'room:3' }],
      ...(wrapped
        ? ([
            ['', { method: 'publish', payload: { channel: 'room:2', data: { n: 4 } } }],
            ['', { method: 'publish', payload: '{"channel": "room:2", "data": {"n": 5}}' }],
          ] as const)
        : []),
      ['publish', { channel: 'room:1', data: 'last' }],
    ] as const) {
      await pool.query(insert, [method, JSON.stringify(payload)])
    }
  }
  const byRoom = (heard: readonly Heard[]) => Object.groupBy(heard, ({ channel }) => channel)

  test('does with every row what the real Centrifugo does', { timeout: 60_000, ...withCentrifugo }, async () => {
    await pool.query(outboxSchema({ table: 'ours', notify: false }))
    await pool.query(outboxSchema({ table: 'theirs', notify: false }))
    const ours = await serve(consumer({ outbox_table_name: 'ours', num_partitions: 2 }))
    const own = await listenTo(ours)
    const theirs = consumer({ outbox_table_name: 'theirs', num_partitions: 2 })
    const centrifugo = await startCentrifugo({ config, env: { CENTRIFUGO_CONSUMERS: JSON.stringify([theirs]) } })
    try {
      const real = await listen(centrifugo.websocketUrl)
      // Rows whose payload holds the method came with v6.
      const wrapped = centrifugo.version === 6
      await fill('ours', { wrapped })
      await fill('theirs', { wrapped })
      const expected = wrapped ? 7 : 5
      await vi.waitFor(async () => expect([await waiting('ours'), await waiting('theirs')]).toEqual([0, 0]), 10_000)
      await vi.waitFor(() => expect(real).toHaveLength(expected))
      await vi.waitFor(() => expect(own).toHaveLength(expected))
      expect(byRoom(own)).toEqual(byRoom(real))
      expect(byRoom(own)['room:1']).toMatchObject([
        { data: { n: 1 }, tags: { kind: 'x' }, offset: 1 },
        { data: { n: 2 }, offset: 2 },
        { data: 'last', offset: 3 },
      ])
      // What was dropped is told, with the row's id.
      const dropped = ours.lines.filter(({ message }) => String(message).startsWith('non retryable error'))
      expect(dropped.map(({ id, code }) => [id, code])).toEqual([
        ['3', 102],
        ['4', 102],
        ['7', undefined],
        ['8', 107],
        ['9', 107],
        ['10', undefined],
      ])
    } finally {
      await centrifugo.stop()
    }
  })

  test(
    'beside a real Centrifugo of the same name, each row is one’s or the other’s',
    { timeout: 60_000, ...withCentrifugo },
    async () => {
      await pool.query(outboxSchema({ notify: false }))
      const same = consumer({ partition_select_limit: 5, partition_poll_interval: '10ms', num_partitions: 2 })
      const ours = await listenTo(await serve(same))
      const centrifugo = await startCentrifugo({ config, env: { CENTRIFUGO_CONSUMERS: JSON.stringify([same]) } })
      try {
        const theirs = await listen(centrifugo.websocketUrl)
        const { publish } = createOutbox({ partitions: 2 })
        for (let n = 0; n < 200; n++) await publish(pool, 'room:1', n, { partition: n % 2 })
        await vi.waitFor(() => expect(ours.length + theirs.length).toBe(200), 10_000)
        const all = new Set([...ours, ...theirs].map(({ data }) => data))
        expect(all.size).toBe(200)
      } finally {
        await centrifugo.stop()
      }
    },
  )

  test('waits while somebody else holds the lock of a partition, and ends while it waits', async () => {
    await pool.query(outboxSchema({ notify: false }))
    const holder = await pool.connect()
    await holder.query("select pg_advisory_lock(hashtext('centrifugo_partition_lock_outbox0'))")
    const server = await serve(consumer({ num_partitions: 2 }))
    const heard = await listenTo(server)
    const { publish } = createOutbox({ partitions: 2 })
    await publish(pool, 'room:1', 'locked', { partition: 0 })
    await publish(pool, 'room:1', 'free', { partition: 1 })
    await vi.waitFor(() => expect(heard.map(({ data }) => data)).toEqual(['free']))
    await sleep(150)
    expect(heard).toHaveLength(1)
    await holder.query('select pg_advisory_unlock_all()')
    await vi.waitFor(() => expect(heard.map(({ data }) => data)).toEqual(['free', 'locked']))
    await holder.query("select pg_advisory_lock(hashtext('centrifugo_partition_lock_outbox0'))")
    await sleep(150)
    server.child.kill('SIGTERM')
    expect(await server.ended).toMatchObject({ code: 0 })
    holder.release(true)
  })

  test('with use_try_lock it goes on looking instead', async () => {
    await pool.query(outboxSchema({ notify: false }))
    const holder = await pool.connect()
    await holder.query("select pg_advisory_lock(hashtext('centrifugo_partition_lock_outbox0'))")
    const heard = await listenTo(await serve(consumer({ use_try_lock: true })))
    await createOutbox().publish(pool, 'room:1', 1)
    await sleep(150)
    expect(heard).toEqual([])
    holder.release(true)
    await vi.waitFor(() => expect(heard).toHaveLength(1))
  })

  test('is woken by a notification, again after its connections were ended', async () => {
    await pool.query(outboxSchema())
    const server = await serve(
      consumer({
        partition_poll_interval: '1h',
        partition_notification_channel: 'outbox',
        partition_notification_dsn: url,
      }),
    )
    const heard = await listenTo(server)
    const { publish } = createOutbox()
    // Until it listens nothing tells it.
    await vi.waitFor(async () => {
      await publish(pool, 'room:1', 1)
      await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0), 100)
    }, 10_000)
    await pool
      .query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      )
      .catch(() => {})
    await server.logged('error listening outbox notifications')
    const before = heard.length
    await vi.waitFor(async () => {
      await publish(pool, 'room:1', 2)
      await vi.waitFor(() => expect(heard.length).toBeGreaterThan(before), 100)
    }, 10_000)
  })

  test('a database that can’t be reached ends the start, as a mistake in the options does', async () => {
    const dead = folder.write('dead.json', {
      ...config,
      consumers: [consumer({ dsn: 'postgres://user:secret@127.0.0.1:1/none' })],
    })
    const ended = await run(['serve', '-c', dead, '--address', '127.0.0.1', '--port', '0'])
    expect(ended.code).toBe(exitCodes.failed)
    expect(ended.stderr).toMatch(/consumers\[outbox\]: the database can't be reached: .*REFUSED/)
    expect(ended.stderr + ended.stdout).not.toContain('secret')
  })
})

describe('options of a consumer', () => {
  const load = (consumers: object[]) => {
    using folder = new Folder()
    return loadConfig({ file: folder.write('c.json', { consumers }), isExplicit: true, env: {} })
  }
  const whole = { name: 'a', enabled: true, type: 'postgresql' }

  test('are taken with Centrifugo’s defaults', () => {
    const { consumers, warnings } = load([
      { ...whole, postgresql: { dsn: 'postgres://h/d', outbox_table_name: 'app."Outbox"' } },
      { name: 'off', type: 'postgresql' },
    ])
    expect(warnings).toEqual([])
    expect(consumers).toEqual([
      {
        name: 'a',
        dsn: 'postgres://h/d',
        table: 'app."Outbox"',
        partitions: 1,
        selectLimit: 100,
        pollIntervalMs: 300,
        notificationChannel: '',
        notificationDsn: '',
        useTryLock: false,
        tls: undefined,
      },
    ])
  })

  test('TLS', () => {
    const tls = { enabled: true, server_ca_pem: 'ca.pem', server_name: 'db', insecure_skip_verify: true }
    const { consumers } = load([{ ...whole, postgresql: { dsn: 'postgres://h/d', outbox_table_name: 'o', tls } }])
    expect(consumers[0]?.tls).toEqual({ cert: '', key: '', ca: 'ca.pem', serverName: 'db', isUnverified: true })
  })

  test.each([
    [{}, 'consumers[a].postgresql.dsn: expected a URL such as'],
    [{ dsn: 'host=localhost' }, 'consumers[a].postgresql.dsn: expected a URL'],
    [{ dsn: 'postgres://h/d' }, 'consumers[a].postgresql.outbox_table_name: expected the name of a table'],
    [{ outbox_table_name: 'a; drop table b' }, 'outbox_table_name: expected the name of a table'],
    [{ num_partitions: -1 }, 'consumers[a].postgresql.num_partitions: expected a whole number from 1 to 256'],
    [{ partition_notification_dsn: 'x' }, 'consumers[a].postgresql.partition_notification_dsn: expected a URL'],
  ])('%j', (postgresql, message) => {
    expect(() => load([{ ...whole, postgresql }])).toThrow(message)
  })

  test('other types are refused, by the name of the option', () => {
    expect(() => load([{ name: 'a', enabled: true, type: 'kafka' }])).toThrow(
      "consumers.enabled: the hub can't do this",
    )
    expect(() => load([{ name: 'a', enabled: true }])).toThrow("consumers.enabled: the hub can't do this")
  })
})

import { isRealtimeEnabled } from '@backchannel/realtime'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { requireServices, startCentrifugo } from '@backchannel/servers'
import { Client } from 'pg'
import type { DeliveryMode } from '../../../server/settings.ts'
import type { Message, MessagePage, Room } from '../model.ts'
import {
  engines,
  postgres,
  startBackend,
  startTestHub,
  soon,
  statuses,
  versionOf,
  type Backend,
  type Caller,
  type Engine,
} from './testing/backend.ts'

const seqOf = ({ body }: { body: object }) => (body as Message).seq

describe.each(engines)('delivery on $name', ({ start, needs }) => {
  describe('by', needs, () => {
    let engine: Engine
    let stopHub: () => Promise<void>
    let backend: Backend
    beforeAll(async () => {
      engine = await start()
      stopHub = await startTestHub()
    })
    afterAll(async () => {
      await stopHub()
      await engine.stop()
    })
    afterEach(() => backend.close())

    const rowsLeft = async () => (await engine.database.query('select id from outbox', [])).rows.length
    const two = async (mode: DeliveryMode): Promise<[Caller, Caller, Room]> => {
      backend = await startBackend(engine, { mode })
      const [ada, grace] = [await backend.newPerson('Ada'), await backend.newPerson('Grace')]
      const room = await ada.createRoom()
      await grace.send('POST', `rooms/${room.id}/join`)
      // Who begins to listen now hears nothing of that.
      await backend.context.messenger.delivery.idle()
      if (mode !== 'consumer') await soon(rowsLeft).toBe(0)
      return [ada, grace, room]
    }

    test.each(['commit', 'outbox', 'both'] as const)(
      '%s: every event once, in order, to whoever is concerned',
      async (mode) => {
        const [ada, grace, room] = await two(mode)
        const listener = await grace.listen()
        for (const text of ['one', 'two']) await ada.post(room.id, text)
        const { body: last } = await ada.post(room.id, 'three')
        await ada.send('PATCH', `rooms/${room.id}/messages/${last.id}`, { content: 'tree' })
        await grace.send('POST', `rooms/${room.id}/read`, { seq: 3 })
        await grace.send('POST', `rooms/${room.id}/leave`)
        await soon(rowsLeft).toBe(0)
        await expect
          .poll(() => listener.events.map(({ type }) => type))
          .toEqual(['message_added', 'message_added', 'message_added', 'message_changed', 'room_read', 'user_left'])
        listener.close()
      },
      30_000,
    )

    test.each(['commit', 'outbox', 'both'] as const)(
      '%s: what is rolled back is told to nobody, and leaves no gap',
      async (mode) => {
        const [ada, grace, room] = await two(mode)
        const listener = await grace.listen()
        await engine.database.query(
          `create or replace function refuse() returns trigger language plpgsql as
           $$ begin if new.content = 'refused' then raise exception 'refused by the database'; end if; return null; end $$`,
          [],
        )
        // At the commit, when everything has been written, and told.
        await engine.database.query(
          `create constraint trigger refuse after insert on message deferrable initially deferred
           for each row execute function refuse()`,
          [],
        )
        expect(await ada.post(room.id, 'refused')).toMatchObject({
          status: 500,
          body: { detail: 'Something went wrong on the server. Please try again.' },
        })
        await engine.database.query('drop trigger refuse on message', [])
        const { body } = await ada.post(room.id, 'taken')
        expect(body).toMatchObject({ seq: 2, version: 4 })
        await soon(rowsLeft).toBe(0)
        await soon(() => listener.events.map(seqOf)).toEqual([2])
        listener.close()
      },
      30_000,
    )

    test('outbox: in the order of the commits, also when two processes write at once', async () => {
      const [ada, , room] = await two('outbox')
      const other = await startBackend(engine, { mode: 'outbox' })
      const people = await Promise.all(
        Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? backend : other).newPerson(`Poster ${index}`)),
      )
      for (const person of people) await person.send('POST', `rooms/${room.id}/join`)
      await soon(rowsLeft).toBe(0)
      const listener = await ada.listen()
      const posts = people.flatMap((person) => [1, 2, 3].map((count) => person.post(room.id, `message ${count}`)))
      expect(new Set(statuses(await Promise.all(posts)))).toEqual(new Set([201]))
      await soon(() => listener.events).toHaveLength(30)
      expect(listener.events.map(seqOf)).toEqual(Array.from({ length: 30 }, (_, index) => index + 2))
      listener.close()
      await other.close()
    })

    test('outbox: what was written while there was no relay is told by the next one', async () => {
      const [ada, grace, room] = await two('outbox')
      await backend.close()
      await ada.post(room.id, 'into the dark')
      expect(await rowsLeft()).toBe(1)
      const listener = await grace.listen()
      backend = await startBackend(engine, { mode: 'outbox' })
      await soon(() => listener.events.map(seqOf)).toEqual([2])
      await soon(rowsLeft).toBe(0)
      listener.close()
    })

    test('consumer: rows as Centrifugo reads them, for at most a thousand channels each', async () => {
      const [ada, , room] = await two('consumer')
      await engine.database.query('delete from outbox', [])
      await engine.database.query(
        `with people as (
           insert into "user" (id, name, email) select $1 || n, 'Many', $1 || n || '@example.com' from generate_series(1, 1500) n
           returning id)
         insert into room_member (room_id, user_id, joined_version) select $2, id, 1 from people`,
        [`many-${room.id}-`, room.id],
      )
      const { body } = await ada.post(room.id, 'to many')
      const { rows } = await engine.database.query('select method, payload, partition from outbox order by id', [])
      const payloads = rows.map((row) => (row as { payload: { channels: string[]; data: object } }).payload)
      expect(rows).toMatchObject([
        { method: 'broadcast', partition: 0, payload: { idempotency_key: `message_${body.id}` } },
        { method: 'broadcast', partition: 0, payload: { idempotency_key: `message_${body.id}` } },
      ])
      expect(payloads.map(({ channels }) => channels.length)).toEqual([1000, 502])
      expect(new Set(payloads.flatMap(({ channels }) => channels)).size).toBe(1502)
      expect(payloads[0]?.data).toMatchObject({ type: 'message_added', body: { content: 'to many' } })
      await engine.database.query('delete from outbox', [])
    })
  })
})

describe('with realtime off', () => {
  test('everything is written, and nobody waits', async () => {
    expect(isRealtimeEnabled()).toBe(false)
    const engine = await (engines[0]?.start() as Promise<Engine>)
    const backend = await startBackend(engine)
    const ada = await backend.newPerson('Ada')
    const room = await ada.createRoom()
    expect((await ada.post(room.id, 'kept')).status).toBe(201)
    expect((await ada.send('POST', `rooms/${room.id}/typing`)).status).toBe(204)
    expect((await ada.get<MessagePage>(`rooms/${room.id}/messages`)).body.messages).toHaveLength(2)
    expect((await ada.get<{ members: object[] }>(`rooms/${room.id}/members`)).body.members).toMatchObject([
      { online: null },
    ])
    await backend.close()
    await engine.stop()
  })
})

describe('membership', await requireServices('postgres'), () => {
  let engine: Engine
  let backend: Backend
  let outside: Client
  beforeAll(async () => {
    engine = await postgres()
    backend = await startBackend(engine)
    outside = new Client({ connectionString: engine.url })
    await outside.connect()
  })
  afterAll(async () => {
    await outside.end()
    await backend.close()
    await engine.stop()
  })

  const waiters = async () => {
    const sql = `select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock'`
    const { rows } = await engine.database.query(sql, [])
    return (rows[0] as { waiting: number }).waiting
  }

  const asked: [string, (caller: Caller, room: Room, message: Message) => Promise<{ status: number }>][] = [
    ['written', (caller, { id }) => caller.post(id, 'still here?')],
    [
      'edited',
      (caller, { id }, message) => caller.send('PATCH', `rooms/${id}/messages/${message.id}`, { content: 'x' }),
    ],
    ['deleted', (caller, { id }, message) => caller.send('DELETE', `rooms/${id}/messages/${message.id}`)],
    ['left', (caller, { id }) => caller.send('POST', `rooms/${id}/leave`)],
    ['invited', (caller, { id }) => caller.send('POST', `rooms/${id}/members`, { user_id: caller.id })],
  ]
  test.each(asked)('is asked under the room’s lock: who is removed meanwhile has not %s', async (_what, request) => {
    const ada = await backend.newPerson('Ada')
    const room = await ada.createRoom()
    const { body: message } = await ada.post(room.id, 'hello')
    await outside.query('begin')
    await outside.query('select id from room where id = $1 for update', [room.id])
    const answer = request(ada, room, message)
    await soon(waiters).toBeGreaterThan(0)
    await outside.query('delete from room_member where room_id = $1', [room.id])
    await outside.query('commit')
    expect((await answer).status).toBe(404)
    const { rows } = await outside.query('select version, last_seq from room where id = $1', [room.id])
    expect(rows).toEqual([{ version: message.version, last_seq: 2 }])
  })

  test('is made under the room’s lock: who was brought in meanwhile is a member already', async () => {
    const ada = await backend.newPerson('Ada')
    const grace = await backend.newPerson('Grace')
    const room = await ada.createRoom()
    await outside.query('begin')
    await outside.query('select id from room where id = $1 for update', [room.id])
    const joining = grace.send('POST', `rooms/${room.id}/join`)
    await soon(waiters).toBeGreaterThan(0)
    await outside.query('insert into room_member (room_id, user_id, joined_version) values ($1, $2, 3)', [
      room.id,
      grace.id,
    ])
    await outside.query('commit')
    expect((await joining).status).toBe(409)
    expect((await ada.get<Room>(`rooms/${room.id}`)).body.version).toBe(room.version)
  })

  test('holds one connection per room at most: a busy room does not stop the others', async () => {
    const ada = await backend.newPerson('Ada')
    const [busy, quiet] = [await ada.createRoom(), await ada.createRoom()]
    await outside.query('begin')
    await outside.query('select id from room where id = $1 for update', [busy.id])
    const waiting = Array.from({ length: 30 }, (_, index) => ada.post(busy.id, `waiting ${index}`))
    await soon(waiters).toBe(1)
    expect((await ada.post(quiet.id, 'goes on')).status).toBe(201)
    expect(await waiters()).toBe(1)
    await outside.query('commit')
    expect(new Set(statuses(await Promise.all(waiting)))).toEqual(new Set([201]))
  })
})

describe('Centrifugo’s own consumer', await requireServices('postgres', 'centrifugo'), () => {
  afterEach(() => vi.unstubAllEnvs())

  test('reads the table and tells the members', async () => {
    const engine = await postgres()
    const backend = await startBackend(engine, { mode: 'consumer' })
    const centrifugo = await startCentrifugo({
      config: {
        client: { token: { hmac_secret_key: 'test-secret' }, allowed_origins: ['*'] },
        http_api: { key: 'test-key' },
        channel: { namespaces: [{ name: 'personal', history_size: 300, history_ttl: '600s', force_recovery: true }] },
      },
      env: {
        CENTRIFUGO_CONSUMERS: JSON.stringify([
          {
            enabled: true,
            name: 'messenger',
            type: 'postgresql',
            postgresql: {
              dsn: engine.url,
              outbox_table_name: 'outbox',
              num_partitions: 1,
              partition_poll_interval: '50ms',
            },
          },
        ]),
      },
    })
    vi.stubEnv('CENTRIFUGO_TOKEN_HMAC_SECRET', 'test-secret')
    vi.stubEnv('CENTRIFUGO_API_KEY', 'test-key')
    vi.stubEnv('CENTRIFUGO_API_URL', centrifugo.apiUrl)
    vi.stubEnv('CENTRIFUGO_WS_URL', centrifugo.websocketUrl)
    const ada = await backend.newPerson('Ada')
    const listener = await ada.listen()
    const room = await ada.createRoom()
    await Promise.all([1, 2, 3].map((count) => ada.post(room.id, `message ${count}`)))
    await soon(() => listener.events).toHaveLength(5)
    expect(listener.events.map(versionOf)).toEqual([1, 2, 3, 4, 5])
    const left = async () => (await engine.database.query('select id from outbox', [])).rows.length
    await soon(left).toBe(0)
    listener.close()
    await centrifugo.stop()
    await backend.close()
    await engine.stop()
  })
})

// What is written, through every library that a transaction may come from, on Postgres and on PGlite.
import { createHash } from 'node:crypto'
import { assert, asyncProperty, jsonValue, string } from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { broadcast, createOutbox, onCommit, outboxSchema, publish, transaction, write } from './index.ts'
import { type Begin, databases, type TestDatabase } from './testing/databases.ts'

for (const { name, clients, needs, open } of databases) {
  describe(`writing into ${name}`, needs, () => {
    let database: TestDatabase
    beforeAll(async () => {
      database = await open()
      await database.query(outboxSchema())
    })
    afterAll(() => database?.end())
    beforeEach(() => database.query('truncate outbox'))

    const rows = () => database.query('select id::text, method, payload, partition from outbox order by outbox.id')

    test('the schema can be made again, also by several at once, and a second table beside the first', async () => {
      await Promise.all([1, 2, 3].map(() => database.query(outboxSchema())))
      await database.query('create schema if not exists app')
      await database.query(outboxSchema({ table: 'app.events', notify: false }))
      await createOutbox({ table: 'app.events' }).publish(database.query, 'c', 1)
      expect(await database.query('select method, partition from app.events')).toEqual([
        { method: 'publish', partition: 0 },
      ])
      const triggers = await database.query('select tgname from pg_trigger where not tgisinternal')
      expect(triggers).toEqual([{ tgname: 'outbox_notify' }])
    })

    test('the table has the columns that a PostgreSQL consumer of Centrifugo reads', async () => {
      const columns = await database.query(
        "select column_name, data_type from information_schema.columns where table_name = 'outbox' order by ordinal_position",
      )
      expect(columns.map(({ column_name: column, data_type: type }) => [column, type].join(' '))).toEqual([
        'id bigint',
        'method text',
        'payload jsonb',
        'partition integer',
        'created_at timestamp with time zone',
      ])
    })

    describe.each(clients)('with %s', (client) => {
      const begin: Begin = (work, options) => (database.begin[client] as Begin)(work, options)

      test('a publication is a row as soon as the transaction commits', async () => {
        const written = await begin(async (tx) => {
          const written = await publish(tx, 'room:1', { text: "it's", $1: '\\u0000 ${x} -- ;' })
          expect(written.id).toMatch(/^\d+$/)
          return written
        })
        expect(await rows()).toEqual([
          {
            id: written.id,
            method: 'publish',
            payload: {
              channel: 'room:1',
              data: { text: "it's", $1: '\\u0000 ${x} -- ;' },
              idempotency_key: expect.stringMatching(/^[\da-f-]{36}$/),
            },
            partition: 0,
          },
        ])
      })

      test('rolled back, there is none', async () => {
        const failure = new Error('no')
        const work = begin(async (tx) => {
          await publish(tx, 'room:1', 1)
          throw failure
        })
        await expect(work).rejects.toBe(failure)
        expect(await rows()).toEqual([])
      })

      test('every option comes to its place', async () => {
        await begin(async (tx) => {
          await publish(tx, 'c', null, {
            idempotencyKey: 'k',
            skipHistory: true,
            tags: { a: 'b' },
            delta: true,
            version: 7,
            versionEpoch: 'e',
          })
          await broadcast(tx, ['a', 'b'], [1], { idempotencyKey: 'l' })
          await write(tx, 'disconnect', { user: '42' })
          await write(tx, 'unsubscribe', { user: '42', channel: 'c', client: undefined })
        })
        expect((await rows()).map(({ method, payload }) => [method, payload])).toEqual([
          [
            'publish',
            {
              channel: 'c',
              data: null,
              idempotency_key: 'k',
              skip_history: true,
              tags: { a: 'b' },
              delta: true,
              version: 7,
              version_epoch: 'e',
            },
          ],
          ['broadcast', { channels: ['a', 'b'], data: [1], idempotency_key: 'l' }],
          ['disconnect', { user: '42' }],
          ['unsubscribe', { user: '42', channel: 'c' }],
        ])
      })

      test('any JSON comes back as it was', async () => {
        const text = string({ unit: 'binary' }).filter((value) => !value.includes('\0') && value.isWellFormed())
        const json = jsonValue({ noUnicodeString: false }).filter((value) => {
          const text = JSON.stringify(value)
          return !text.includes('\\u0000') && !/\\ud[89a-f]/.test(text) && !text.includes('-0')
        })
        await assert(
          asyncProperty(json, text, async (data, more) => {
            const sent: unknown = JSON.parse(JSON.stringify([data, more]))
            const { id } = await begin((tx) => publish(tx, 'c', sent))
            const [row] = await database.query('select payload from outbox where id = $1', [id])
            expect(row).toEqual({ payload: expect.objectContaining({ data: sent }) })
          }),
          { numRuns: 50 },
        )
      })

      test('what is given to onCommit runs in order after the commit, and one that fails is told', async () => {
        const told: unknown[] = []
        const seen: unknown[] = []
        const failure = new Error('mail')
        await begin(
          async (tx) => {
            await publish(tx, 'c', 1)
            onCommit(tx, async () => seen.push(['first', (await rows()).length]))
            onCommit(tx, () => {
              throw failure
            })
            onCommit(tx, () => seen.push('last'))
            expect(seen).toEqual([])
          },
          { onError: (error) => told.push(error) },
        )
        expect(seen).toEqual([['first', 1], 'last'])
        expect(told).toEqual([failure])
      })

      test('after a rollback nothing runs, also not when the failure was kept quiet', async () => {
        const seen: unknown[] = []
        const thrown = begin(async (tx) => {
          onCommit(tx, () => seen.push('thrown'))
          throw new Error('no')
        })
        await expect(thrown).rejects.toThrow('no')
        const quiet = begin(async (tx) => {
          onCommit(tx, () => seen.push('quiet'))
          await createOutbox({ table: 'missing' })
            .publish(tx, 'c', 1)
            .catch(() => {})
        })
        await expect(quiet).rejects.toThrow(/./)
        expect(seen).toEqual([])
        await begin((tx) => publish(tx, 'c', 1))
        expect(await rows()).toHaveLength(1)
      })

      test('a savepoint: its functions run after the outer commit, and go with its own rollback', async () => {
        const seen: unknown[] = []
        await begin(async (tx) => {
          onCommit(tx, () => seen.push('outer 1'))
          await transaction(tx as never, async (inner: typeof tx) => {
            await publish(inner, 'kept', 1)
            onCommit(inner, () => seen.push('inner'))
          })
          const dropped = transaction(tx as never, async (inner: typeof tx) => {
            await publish(inner, 'dropped', 1)
            onCommit(inner, () => seen.push('dropped'))
            throw new Error('inner')
          })
          await expect(dropped).rejects.toThrow('inner')
          onCommit(tx, () => seen.push('outer 2'))
          expect(seen).toEqual([])
        })
        expect(seen).toEqual(['outer 1', 'inner', 'outer 2'])
        expect((await rows()).map(({ payload }) => (payload as { channel: string }).channel)).toEqual(['kept'])
      })

      test('onCommit outside of a transaction says what to do', async () => {
        const tx = await begin(async (tx) => tx)
        expect(() => onCommit(tx, () => {})).toThrow('begun by transaction(db, work)')
        expect(() => onCommit({}, () => {})).toThrow('begun by transaction(db, work)')
      })
    })

    test('a function (text, values) will do', async () => {
      await publish((text, values) => database.query(text, values), 'c', { a: 1 })
      expect(await rows()).toMatchObject([{ payload: { data: { a: 1 } } }])
    })

    test('rows are spread by their key, and an equal key keeps them together', async () => {
      const outbox = createOutbox({ partitions: 16 })
      for (let n = 0; n < 20; n++) {
        await outbox.publish(database.query, `room:${n}`, n)
        await outbox.publish(database.query, `other:${n}`, n, { partitionKey: `room:${n}` })
      }
      await outbox.broadcast(database.query, ['a'], 0)
      await outbox.broadcast(database.query, ['b'], 0, { partition: 15 })
      await outbox.write(database.query, 'subscribe', { user: 'u', channel: 'room:0' })
      await outbox.write(database.query, 'disconnect', { user: 'room:0' })
      const partitions = (await rows()).map(({ partition }) => Number(partition))
      const expected = (key: string) => createHash('sha256').update(key).digest().readUInt32BE() % 16
      const rooms = Array.from({ length: 20 }, (_, n) => expected(`room:${n}`))
      expect(partitions.slice(0, 40)).toEqual(rooms.flatMap((room) => [room, room]))
      expect(partitions.slice(40)).toEqual([expected(''), 15, expected('room:0'), expected('room:0')])
      expect(new Set(rooms).size).toBeGreaterThan(6)
    })
  })
}

describe('what can not be', () => {
  const never = () => {
    throw new Error('a statement was run')
  }
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle

  test.each([
    ['undefined', undefined, 'data has no JSON form: it is undefined'],
    ['a function', () => {}, 'data has no JSON form: it is a function'],
    ['a BigInt', { a: 1n }, 'it holds a BigInt or refers to itself'],
    ['a cycle', cycle, 'it holds a BigInt or refers to itself'],
    ['U+0000', { a: 'x\0y' }, 'no U+0000'],
    ['U+0000 behind a backslash', ['\\\0'], 'no U+0000'],
    ['a lone surrogate', '\ud800', 'no lone surrogates'],
    ['too much', 'x'.repeat(2 ** 20), 'at most 1048576 bytes (maxPayloadBytes)'],
  ])('data: %s', async (_, data, message) => {
    const work = publish(never, 'c', data)
    await expect(work).rejects.toThrow(TypeError)
    await expect(work).rejects.toThrow(message)
  })

  test.each([
    [() => publish(never, '', 1), 'publish: channel must be text that is not empty'],
    [() => publish(never, 'c', 1, { idempotencykey: 'x' } as object), "publish: there is no option 'idempotencykey'"],
    [() => publish(never, 'c', 1, { partition: 1 }), 'publish: partition must be a whole number from 0 to 0, not 1'],
    [() => publish(never, 'c', 1, { partitionKey: 5 as never }), 'publish: partitionKey must be text, not 5'],
    [() => publish(never, 'c', 1, { delta: 'off' as never }), "publish: delta must be true or false, not 'off'"],
    [() => publish(never, 'c', 1, { tags: { a: 1 } as never }), 'publish: tags must be an object of texts'],
    [() => publish(never, 'c', 1, { version: -1 }), 'publish: version must be a whole number'],
    [() => broadcast(never, [], 1), 'broadcast: channels must be an array of channels, not an empty one'],
    [() => broadcast(never, 'c' as never, 1), "broadcast: channels must be an array of channels, not 'c'"],
    [() => broadcast(never, ['a', ''], 1), 'broadcast: each of the channels must be text'],
    [() => write(never, 'publish' as never, {} as never), 'call publish()'],
    [() => write(never, 'rpc' as never, {} as never), "refresh, history_remove, not 'rpc'"],
    [() => write(never, 'toString' as never, {} as never), "not 'toString'"],
    [() => write(never, 'subscribe', { user: 'u' } as never), 'write subscribe: channel must be text'],
    [() => write(never, 'disconnect', null as never), 'write: the request must be an object, not null'],
  ])('%s', async (call, message) => {
    await expect(call()).rejects.toThrow(TypeError)
    await expect(call()).rejects.toThrow(message)
  })

  test.each([null, undefined, 5, {}, { query: {} }])('a transaction: %j', async (tx) => {
    await expect(publish(tx as never, 'c', 1)).rejects.toThrow('the transaction must be one of Drizzle, a client of pg')
  })

  test.each([
    [{ table: 'a"b' }, 'table must be a name'],
    [{ table: 'Outbox' }, 'table must be a name'],
    [{ table: 'a.b.c' }, 'table must be a name'],
    [{ partitions: 0 }, 'partitions must be a whole number from 1 to 1024, not 0'],
    [{ tabel: 'x' }, "there is no option 'tabel'"],
  ])('createOutbox(%j)', (options, message) => {
    expect(() => createOutbox(options as object)).toThrow(message)
  })

  test('transaction() of something that is no database', async () => {
    await expect(transaction({} as never, async () => {})).rejects.toThrow('must be one of Drizzle, a PGlite')
    await expect(transaction(null as never, async () => {})).rejects.toThrow('not null')
    await expect(transaction({} as never, 5 as never)).rejects.toThrow('work must be a function')
  })
})

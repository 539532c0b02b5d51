// What transaction() refuses, and what the types of each library become.
import { PGlite } from '@electric-sql/pglite'
import { requireServices, startPostgres } from '@backchannel/servers'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import { Client, Pool, type PoolClient } from 'pg'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { onCommit, publish, transaction } from './index.ts'
import { openPglite } from './testing/databases.ts'

describe('transactions of pg', await requireServices('postgres'), () => {
  test('a client of one’s own, with savepoints; and never a second begin', async () => {
    const server = await startPostgres()
    const client = new Client({ connectionString: server.url })
    await client.connect()
    try {
      await client.query('create table t (n int)')
      const seen: string[] = []
      const five = await transaction(client, async (tx) => {
        expectTypeOf(tx).toEqualTypeOf<Client>()
        await tx.query('insert into t values (1)')
        await transaction(tx, async () => {
          await tx.query('insert into t values (2)')
          onCommit(tx, () => seen.push('kept'))
        })
        await transaction(tx, async () => {
          await tx.query('insert into t values (3)')
          onCommit(tx, () => seen.push('dropped'))
          throw new Error('no')
        }).catch(() => {})
        return 5
      })
      expect([five, seen]).toEqual([5, ['kept']])
      expect((await client.query('select n from t order by n')).rows).toEqual([{ n: 1 }, { n: 2 }])
      await client.query('begin')
      await expect(transaction(client, async () => {})).rejects.toThrow('a transaction is open here already')
      await client.query('rollback')
    } finally {
      await client.end()
      await server.stop()
    }
  })

  test('a client whose connection broke does not go back to the pool', async () => {
    const server = await startPostgres()
    const pool = new Pool({ connectionString: server.url, max: 1 })
    pool.on('error', () => {})
    try {
      const broken = transaction(pool, async (tx) => {
        expectTypeOf(tx).toEqualTypeOf<PoolClient>()
        await tx.query('select pg_terminate_backend(pg_backend_pid())')
      })
      await expect(broken).rejects.toThrow(/terminat/)
      expect(await transaction(pool, async (tx) => (await tx.query('select 1 as one')).rows)).toEqual([{ one: 1 }])
    } finally {
      await pool.end()
      await server.stop()
    }
  })

  test('two at once on one client: the second is refused, and not made a part of the first', async () => {
    const server = await startPostgres()
    const client = new Client({ connectionString: server.url })
    await client.connect()
    try {
      await client.query('create table t (n int)')
      const first = transaction(client, (tx) => tx.query('insert into t values (1)'))
      const second = transaction(client, (tx) => tx.query('insert into t values (2)'))
      await expect(second).rejects.toThrow('a transaction is open here already')
      await first
      expect((await client.query('select n from t')).rows).toEqual([{ n: 1 }])
    } finally {
      await client.end()
      await server.stop()
    }
  })

  test('Drizzle over a pool: a connection that breaks within a transaction rejects it, and ends nothing else', async () => {
    const server = await startPostgres()
    const pool = new Pool({ connectionString: server.url })
    pool.on('error', () => {})
    const killer = new Pool({ connectionString: server.url })
    try {
      const broken = transaction(drizzlePg(pool), async (tx) => {
        const { rows } = await tx.execute<{ pid: number }>('select pg_backend_pid() as pid')
        await killer.query('select pg_terminate_backend($1)', [rows[0]?.pid])
        // Nothing is asked meanwhile: only the event tells.
        await new Promise((resolve) => setTimeout(resolve, 200))
      })
      await expect(broken).rejects.toThrow(/rollback|terminat|connection/i)
    } finally {
      await pool.end()
      await killer.end()
      await server.stop()
    }
  })

  test('a begin whose answer is late: its client does not go back to the pool', async () => {
    const released: unknown[] = []
    const client = {
      query: (text: string) => (text === 'begin' ? Promise.reject(new Error('Query read timeout')) : Promise.resolve()),
      release: (broken: unknown) => void released.push(broken),
      on: () => {},
      removeListener: () => {},
    }
    const pool = { totalCount: 1, connect: () => Promise.resolve(client) }
    await expect(transaction(pool, async () => {})).rejects.toThrow('Query read timeout')
    expect(released).toEqual([true])
  })

  test('a constraint that is checked at the commit: rejected, and nothing runs', async () => {
    const server = await startPostgres()
    const pool = new Pool({ connectionString: server.url })
    pool.on('error', () => {})
    try {
      await pool.query('create table d (n int unique deferrable initially deferred)')
      for (const db of [{ transaction: (work: never) => drizzlePg(pool).transaction(work) }, pool] as const) {
        const seen: string[] = []
        const work = transaction(db as Pool, async (tx) => {
          await ('execute' in tx ? (tx as never as ReturnType<typeof drizzlePg>) : drizzlePg(tx)).execute(
            'insert into d values (1), (1)',
          )
          onCommit(tx, () => seen.push('ran'))
        })
        await expect(work).rejects.toThrow(/duplicate key|Failed query/)
        expect(seen).toEqual([])
      }
    } finally {
      await pool.end()
      await server.stop()
    }
  })
})

describe('transactions of PGlite', () => {
  test('rolled back by its own method, nothing runs and the result comes through', async () => {
    const pglite = await openPglite()
    const seen: string[] = []
    const result = await transaction(pglite, async (tx) => {
      onCommit(tx, () => seen.push('ran'))
      await tx.rollback()
      return 5
    })
    expect([result, seen]).toEqual([5, []])
    await pglite.transaction(async (tx) => {
      await expect(transaction(tx, async () => {})).rejects.toThrow('a transaction is open here already')
    })
    await pglite.close()
  })
})

test("the transaction is of its library's type", () => {
  const pool = new Pool()
  const forTypes = () => [
    transaction(drizzlePg(pool), async (tx) => {
      expectTypeOf(tx).not.toBeAny()
      expectTypeOf(tx.select).toBeFunction()
      await publish(tx, 'c', 1)
    }),
    transaction(drizzlePglite(new PGlite()), async (tx) => publish(tx, 'c', 1)),
  ]
  expectTypeOf(forTypes).returns.toEqualTypeOf<(Promise<void> | Promise<{ readonly id: string }>)[]>()
})

test('who begins anew after a rollback has only what the last attempt wanted', async () => {
  const ran: number[] = []
  let attempts = 0
  const retrying = {
    transaction: async <T>(work: (tx: object) => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await work({})
        } catch (error) {
          if (++attempts === 3) throw error
        }
      }
    },
  }
  await transaction(retrying, async (tx) => {
    const attempt = attempts + 1
    onCommit(tx, () => ran.push(attempt))
    if (attempt < 3) throw new Error('could not serialize access')
  })
  expect(ran).toEqual([3])
})

test('an onError that rejects is nobody’s undoing', async () => {
  const beginner = { transaction: <T>(work: (tx: object) => Promise<T>) => work({}) }
  const told: unknown[] = []
  const onError = async (error: unknown) => {
    told.push(error)
    throw new Error('the reporter is down')
  }
  const failing = (tx: object) =>
    onCommit(tx, () => {
      throw new Error('no engine')
    })
  await transaction(beginner, async (tx) => failing(tx), { onError })
  expect(told).toEqual([new Error('no engine')])
})

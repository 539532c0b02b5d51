// What transaction() refuses, and what the types of each library become.
import { PGlite } from '@electric-sql/pglite'
import { requireServices, startPostgres } from '@backchannel/servers'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import { Client, Pool, type PoolClient } from 'pg'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { onCommit, publish, transaction } from './index.ts'

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
    const pglite = new PGlite()
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

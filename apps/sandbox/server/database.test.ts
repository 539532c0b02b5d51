import { requireServices, startPostgres } from '@backchannel/servers'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client } from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { messages } from '../src/db/schema.ts'
import { DatabaseUnavailable, openPglite, openPostgres, type OpenDatabase } from './database.ts'

const log = pino({ level: 'silent' })

interface Engine {
  open(): Promise<OpenDatabase>
  end(): Promise<void>
}

async function pglite(): Promise<Engine> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'sandbox-pglite-'))
  // What a process that was killed while making its database leaves behind.
  mkdirSync(path.join(dataDir, 'pglite.new'))
  writeFileSync(path.join(dataDir, 'pglite.new/PG_VERSION'), '17')
  return {
    open: () => openPglite(dataDir),
    end: () => Promise.resolve(rmSync(dataDir, { recursive: true })),
  }
}

async function postgres(): Promise<Engine> {
  const server = await startPostgres()
  const url = await server.createDatabase()
  return { open: () => openPostgres(url, log), end: () => server.stop() }
}

const engines = [
  { name: 'PGlite', start: pglite, needs: {} },
  { name: 'Postgres', start: postgres, needs: await requireServices('postgres') },
]

describe.each(engines)('$name', ({ start, needs }) => {
  describe('migrations', needs, () => {
    let engine: Engine
    beforeAll(async () => {
      engine = await start()
    })
    afterAll(() => engine.end())

    test('are applied once; what was written is there after reopening', async () => {
      const first = await engine.open()
      await first.db.insert(messages).values({ channel: 'sandbox:demo', author: 'Ada', text: 'kept' })
      await first.close()

      const second = await engine.open()
      const rows = await second.db.select().from(messages)
      expect(rows).toMatchObject([{ channel: 'sandbox:demo', author: 'Ada', text: 'kept' }])
      expect(rows[0]?.createdAt).toBeInstanceOf(Date)
      await second.close()
    }, 60_000)
  })
})

describe('Postgres', await requireServices('postgres'), () => {
  test('two instances that start at once migrate one after the other', async () => {
    const engine = await postgres()
    const both = await Promise.all([engine.open(), engine.open()])
    await Promise.all(both.map((database) => database.close()))
    await engine.end()
  }, 60_000)

  test('connections that the server ends cost what they carried, and neither the process nor the pool', async () => {
    const server = await startPostgres()
    const url = await server.createDatabase()
    const database = await openPostgres(url, log)
    // Lent for as long as the process lives, and asked nothing.
    const unlock = await database.tryLock(1)
    expect(unlock).toBeDefined()
    const killer = new Client({ connectionString: url })
    await killer.connect()
    const endAll = () =>
      killer.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
      )
    // More often than the pool has connections.
    for (let round = 0; round < 12; round++) {
      const outcomes = Promise.allSettled(
        Array.from({ length: 4 }, () =>
          database.db.transaction(async (tx) => {
            await tx.select().from(messages)
            await tx.select().from(messages)
          }),
        ),
      )
      await endAll()
      await outcomes
    }
    await database.db.transaction((tx) =>
      tx.insert(messages).values({ channel: 'c', author: 'Ada', text: 'after all' }),
    )
    expect(await database.db.select().from(messages)).toHaveLength(1)
    await killer.end()
    unlock?.()
    await database.close()
    await server.stop()
  }, 60_000)

  test('a server that is away is an error, not a hang', async () => {
    const opening = openPostgres('postgres://ada:hunter2@127.0.0.1:9/none', log)
    await expect(opening).rejects.toThrow(DatabaseUnavailable)
    await expect(opening).rejects.toThrow(/^(?!.*hunter2)DATABASE_URL: .*127\.0\.0\.1.*ECONNREFUSED/)
  })
})

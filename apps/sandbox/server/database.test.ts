import { requireServices, startPostgres } from '@backchannel/servers'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
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

  test('a server that is away is an error, not a hang', async () => {
    const opening = openPostgres('postgres://ada:hunter2@127.0.0.1:9/none', log)
    await expect(opening).rejects.toThrow(DatabaseUnavailable)
    await expect(opening).rejects.toThrow(/^(?!.*hunter2)DATABASE_URL: .*127\.0\.0\.1.*ECONNREFUSED/)
  })
})

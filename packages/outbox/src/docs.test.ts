// The programs of docs/outbox.md that need a Postgres: they run as they are written.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PostgresServer, requireServices, startPostgres } from '@backchannel/servers'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const page = readFileSync(new URL('../../../docs/outbox.md', import.meta.url), 'utf8')
const programs = Array.from(page.matchAll(/^```ts postgres\n([\s\S]*?)^```/gm), ([, code = '']) => code)

describe('docs/outbox.md', await requireServices('postgres'), () => {
  let server: PostgresServer
  const cache = join(import.meta.dirname, '../../../.cache')
  mkdirSync(cache, { recursive: true })
  // Within the repository, so that the packages are found from there.
  const folder = mkdtempSync(join(cache, 'outbox-docs-'))
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await server?.stop()
  })

  test('has a program for pg and one for Drizzle', () => {
    expect(programs).toHaveLength(2)
  })

  test.each(programs.map((code, index) => [index + 1, code] as const))(
    'program %i writes, and ends at SIGTERM',
    { timeout: 30_000 },
    async (index, code) => {
      const database = `docs_${index}`
      const client = new Client({ connectionString: await server.createDatabase(database) })
      await client.connect()
      const file = join(folder, `program-${index}.ts`)
      writeFileSync(file, code)
      const env = { PGHOST: '127.0.0.1', PGPORT: `${server.port}`, PGUSER: 'postgres', PGDATABASE: database }
      const child = spawn(process.execPath, ['--conditions=@backchannel/source', file], {
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let printed = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += String(text)))
      const ended = once(child, 'exit')
      try {
        // No hub runs there: the row waits, which the relay tells once.
        await vi.waitFor(() => expect(printed).toContain('the engine is out of reach'), 20_000)
        const { rows } = await client.query(
          'select text, channel from messages, (select payload->>$1 as channel from outbox) as o',
          ['channel'],
        )
        expect(rows).toEqual([{ text: 'Hello', channel: 'room:42' }])
        child.kill('SIGTERM')
        expect(await ended).toEqual([0, null])
      } finally {
        child.kill('SIGKILL')
        await ended
        await client.end()
      }
    },
  )
})

import { Client } from 'pg'
import { describe, expect, test } from 'vitest'

import { startPostgres } from './postgres.ts'
import { requireServices } from './require-services.ts'

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

describe('startPostgres', await requireServices('postgres'), () => {
  test('gives databases of their own, and keeps committed rows over a crash', async () => {
    const server = await startPostgres()
    try {
      const [one, other] = [await server.createDatabase(), await server.createDatabase()]
      await query(one, 'create table note (text text)')
      await query(one, "insert into note values ('kept')")
      await server.kill()
      await server.restart()
      expect(await query(one, 'select text from note')).toEqual([{ text: 'kept' }])
      await expect(query(other, 'select text from note')).rejects.toThrow('does not exist')
    } finally {
      await server.stop()
    }
  })
})

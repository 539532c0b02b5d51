import { outboxSchema } from '@backchannel/outbox'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

test('the migration makes the tables that the outbox works with', () => {
  const file = path.join(import.meta.dirname, '../drizzle/0002_outbox.sql')
  const statement = readFileSync(file, 'utf8').replace(/^--.*\n/, '')
  expect(statement.trim()).toBe(outboxSchema())
})

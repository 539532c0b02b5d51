/**
 * Fills the sandbox's database with people, rooms and messages: that of DATABASE_URL, or the one in the data folder
 * while no server runs on it.
 *
 *     npm run seed -w apps/sandbox -- --users 10000 --rooms "100x1,1000x1,10000x1" --messages 500
 */
import { parseArgs } from 'node:util'
import { lockDataFolder } from './server/data-lock.ts'
import { openPglite, openPostgres } from './server/database.ts'
import { createLogger } from './server/logger.ts'
import { readSettings } from './server/settings.ts'
import { readPlan, seed } from './src/messenger/server/seed.ts'

/** Failures whose message says all: no stack trace. */
const plainFailures = ['SeedError', 'SettingsError', 'DataFolderInUse', 'DatabaseUnavailable', 'TypeError']

try {
  const { values } = parseArgs({
    options: {
      users: { type: 'string', default: '1000' },
      rooms: { type: 'string', default: '100x1,1000x1' },
      messages: { type: 'string', default: '100' },
    },
  })
  const plan = readPlan(values)
  const settings = readSettings(process.env, { mode: 'production', appDir: import.meta.dirname })
  const log = createLogger(settings.logLevel)
  const unlock =
    settings.databaseUrl === undefined
      ? await lockDataFolder(settings.dataDir, () => process.exit(1))
      : () => Promise.resolve()
  const database = await (settings.databaseUrl === undefined
    ? openPglite(settings.dataDir)
    : openPostgres(settings.databaseUrl, log))
  const { added, rooms } = await seed(database.query, plan)
  await database.close()
  await unlock()
  const number = (count: number) => count.toLocaleString('en')
  process.stdout.write(
    `Added ${number(added.users)} people, ${number(added.members)} memberships, ${number(added.messages)} messages.\n` +
      rooms.map(({ id, name, members }) => `Room ${id}: ${name}, ${number(members)} members\n`).join(''),
  )
} catch (error) {
  console.error(error instanceof Error && plainFailures.includes(error.name) ? error.message : error)
  process.exit(1)
}

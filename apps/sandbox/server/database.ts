/** The database: PGlite in the data folder, or Postgres by URL. Both take the same migrations. */
import type { SqlQuery } from '@backchannel/collab/server'
import { pgDatabase, pgliteDatabase, type OutboxDatabase } from '@backchannel/outbox'
import { PGlite } from '@electric-sql/pglite'
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres'
import { migrate as migratePostgres } from 'drizzle-orm/node-postgres/migrator'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import { migrate as migratePglite } from 'drizzle-orm/pglite/migrator'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { Pool } from 'pg'
import type { Logger } from 'pino'
import * as messengerSchema from '../src/db/messenger-schema.ts'
import * as appSchema from '../src/db/schema.ts'

const schema = { ...appSchema, ...messengerSchema }

export type Database = PgDatabase<PgQueryResultHKT, typeof schema>

export interface OpenDatabase {
  readonly db: Database
  /** One statement, for what brings its own SQL. */
  readonly query: SqlQuery
  /** For the relay of the outbox, which also listens. */
  readonly outbox: OutboxDatabase
  /** Takes a lock that one process on this database can have. @returns gives it back; undefined: another has it */
  tryLock(key: number): Promise<(() => void) | undefined>
  close(): Promise<void>
}

const migrationsFolder = path.join(import.meta.dirname, '../drizzle')
// Any number, the same in every instance: instances that start together migrate one after the other.
const migrationLock = 6_237_771_004

/** Opens PGlite in `<dataDir>/pglite` and migrates it. The folder must be locked by the caller. */
export async function openPglite(dataDir: string): Promise<OpenDatabase> {
  const folder = path.join(dataDir, 'pglite')
  if (!existsSync(folder)) {
    // Made beside its place and moved there whole: a process killed in the middle leaves no half database behind.
    const draft = `${folder}.new`
    rmSync(draft, { recursive: true, force: true })
    mkdirSync(draft, { recursive: true, mode: 0o700 })
    await (await PGlite.create(draft)).close()
    renameSync(draft, folder)
  }
  const client = await PGlite.create(folder)
  const db = drizzlePglite({ client, schema })
  await migratePglite(db, { migrationsFolder })
  return {
    db,
    query: (sql, parameters) => client.query(sql, parameters),
    outbox: pgliteDatabase(client),
    // The folder is this process's alone.
    tryLock: async () => () => {},
    close: () => client.close(),
  }
}

/** No connection to the Postgres of DATABASE_URL; the message names its host and the reason, never the password. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable'

  constructor(url: string, cause: unknown) {
    const host = URL.parse(url)?.hostname || 'the local socket'
    const { message, code } = cause as NodeJS.ErrnoException
    // A host with several addresses fails with an error for each, and no message of its own.
    super(`DATABASE_URL: can't connect to Postgres at ${host} (${message || code}).`, { cause })
  }
}

/**
 * Connects to Postgres and migrates it.
 * @throws DatabaseUnavailable
 */
export async function openPostgres(url: string, log: Logger): Promise<OpenDatabase> {
  const pool = new Pool({ connectionString: url, connectionTimeoutMillis: 5_000, application_name: 'backchannel' })
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'a database connection broke'))
  // One that is lent has no other listener; who uses it learns by the next statement.
  pool.on('connect', (client) => client.on('error', () => {}))
  try {
    const client = await pool.connect().catch((error: unknown) => {
      throw new DatabaseUnavailable(url, error)
    })
    try {
      await client.query('select pg_advisory_lock($1)', [migrationLock])
      await migratePostgres(drizzlePostgres({ client }), { migrationsFolder })
    } finally {
      // Ending the connection also gives the lock back, whatever went wrong before.
      client.release(true)
    }
  } catch (error) {
    await pool.end()
    throw error
  }
  return {
    db: Object.assign(drizzlePostgres({ client: pool, schema }), { transaction: transactionsOf(pool) }),
    query: (sql, parameters) => pool.query(sql, parameters),
    outbox: pgDatabase(pool),
    tryLock: (key) => tryLock(pool, key),
    close: () => pool.end(),
  }
}

/**
 * In place of Drizzle's own way to borrow a connection, which never gives back one whose `begin` has failed: with each
 * restart of Postgres the pool would have fewer.
 */
function transactionsOf(pool: Pool): Database['transaction'] {
  return async (work, options) => {
    const client = await pool.connect()
    // Until it has begun, and when its connection breaks, nobody knows what state it is in.
    let isUsable = false
    const onError = () => (isUsable = false)
    client.on('error', onError)
    try {
      return await drizzlePostgres({ client, schema }).transaction((tx) => {
        isUsable = true
        return work(tx)
      }, options)
    } finally {
      client.removeListener('error', onError)
      client.release(!isUsable)
    }
  }
}

/** The lock goes with the connection that took it, also when the process is killed. */
async function tryLock(pool: Pool, key: number): Promise<(() => void) | undefined> {
  const client = await pool.connect()
  try {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [key])
    if (rows[0]?.locked === true) return () => client.release(true)
    client.release()
    return undefined
  } catch (error) {
    client.release(true)
    throw error
  }
}

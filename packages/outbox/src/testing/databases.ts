/** The databases that a suite runs on: a real Postgres through pg's pool, and PGlite. */
import { PGlite } from '@electric-sql/pglite'
import { pgliteData, type PostgresServer, requireServices, startPostgres } from '@backchannel/servers'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import { Pool } from 'pg'
import {
  type OutboxDatabase,
  pgDatabase,
  pgliteDatabase,
  transaction,
  type Transaction,
  type TransactionOptions,
} from '../index.ts'

type Rows = Record<string, unknown>[]

export type Begin = <T>(work: (tx: Transaction & object) => Promise<T>, options?: TransactionOptions) => Promise<T>

export interface TestDatabase {
  readonly query: (text: string, values?: unknown[]) => Promise<Rows>
  /** As each library that takes transactions here gives them. */
  readonly begin: Readonly<Record<string, Begin>>
  /** As a relay takes it. */
  readonly relay: OutboxDatabase
  readonly end: () => Promise<void>
}

async function postgres(): Promise<TestDatabase & { pool: Pool; server: PostgresServer }> {
  const server = await startPostgres()
  const pool = new Pool({ connectionString: server.url, max: 8 })
  // Connections are ended in some tests.
  pool.on('error', () => {})
  const drizzle = drizzlePg(pool)
  return {
    server,
    pool,
    query: async (text, values = []) => (await pool.query<Rows[number]>(text, values)).rows,
    relay: pgDatabase(pool),
    begin: {
      pg: (work, options) => transaction(pool, work, options),
      'Drizzle on pg': (work, options) => transaction(drizzle, work, options),
    },
    end: async () => {
      await pool.end()
      await server.stop()
    },
  }
}

/** An empty PGlite in memory. */
export async function openPglite(): Promise<PGlite> {
  return PGlite.create({ loadDataDir: await pgliteData(() => PGlite.create()) })
}

async function pglite(): Promise<TestDatabase & { pglite: PGlite }> {
  const pglite = await openPglite()
  const drizzle = drizzlePglite(pglite)
  return {
    pglite,
    query: async (text, values = []) => (await pglite.query<Rows[number]>(text, values)).rows,
    relay: pgliteDatabase(pglite),
    begin: {
      PGlite: (work, options) => transaction(pglite, work, options),
      'Drizzle on PGlite': (work, options) => transaction(drizzle, work, options),
    },
    end: () => pglite.close(),
  }
}

export const databases = [
  { name: 'Postgres', clients: ['pg', 'Drizzle on pg'], needs: await requireServices('postgres'), open: postgres },
  { name: 'PGlite', clients: ['PGlite', 'Drizzle on PGlite'], needs: {}, open: pglite },
] as const

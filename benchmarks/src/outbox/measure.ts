/** What an outbox costs: from the commit to the engine, and rows in a second. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import {
  createOutbox,
  createRelay,
  type OutboxDatabase,
  outboxSchema,
  pgDatabase,
  pgliteDatabase,
  type Publisher,
  publish,
  transaction,
  type Transaction,
} from '@backchannel/outbox'
import { Pool } from 'pg'

export interface BenchDatabase {
  readonly relay: OutboxDatabase
  readonly query: (text: string, values?: unknown[]) => Promise<unknown>
  readonly begin: (work: (tx: Transaction) => Promise<void>) => Promise<void>
  readonly end: () => Promise<void>
}

/** @param url an empty database */
export async function openPostgres(url: string): Promise<BenchDatabase> {
  const pool = new Pool({ connectionString: url, max: 12 })
  pool.on('error', () => {})
  await pool.query(outboxSchema())
  return {
    relay: pgDatabase(pool),
    query: (text, values) => pool.query(text, values),
    begin: (work) => transaction(pool, work),
    end: () => pool.end(),
  }
}

export async function openPglite(): Promise<BenchDatabase> {
  const pglite = new PGlite()
  await pglite.query(outboxSchema())
  return {
    relay: pgliteDatabase(pglite),
    query: (text, values) => pglite.query(text, values),
    begin: (work) => transaction(pglite, work),
    end: () => pglite.close(),
  }
}

/**
 * One publication after the other, with pauses of a random length between them.
 * @returns milliseconds from the moment the commit is sent to the call of the engine, of each, ascending
 */
export async function measureLatency(
  { relay: database, begin }: BenchDatabase,
  count: number,
  options: { readonly listen: boolean },
): Promise<number[]> {
  let arrived = Promise.withResolvers<number>()
  const relay = createRelay({
    database,
    listen: options.listen,
    publisher: () => {
      arrived.resolve(performance.now())
      return {}
    },
  })
  relay.start()
  if (options.listen) while (!(await relay.status()).isListening) await sleep(5)
  const delays: number[] = []
  for (let n = -5; n < count; n++) {
    arrived = Promise.withResolvers<number>()
    let sentAt = 0
    await begin(async (tx) => {
      await publish(tx, 'room:1', { n })
      sentAt = performance.now()
    })
    const delay = (await arrived.promise) - sentAt
    // The first ones are about connections and caches.
    if (n >= 0) delays.push(delay)
    // Long enough to meet any moment between two polls.
    await sleep(5 + Math.random() * (options.listen ? 20 : 300))
  }
  await relay.close()
  return delays.toSorted((a, b) => a - b)
}

/** Rows that wait already. @returns rows a second */
export async function measureThroughput(
  { relay: database, query }: BenchDatabase,
  publisher: Publisher,
  plan: { readonly rows: number; readonly partitions: number },
): Promise<number> {
  const { rows, partitions } = plan
  const outbox = createOutbox({ partitions })
  // As many rows as one statement makes, after the first, which says what they look like.
  await outbox.publish(query as Transaction & typeof query, 'room:0', { text: 'x'.repeat(200) }, { partition: 0 })
  await query(
    `insert into outbox (method, payload, partition)
    select method, payload || jsonb_build_object(
      'channel', 'room:' || n % ${partitions}, 'idempotency_key', gen_random_uuid()::text), n % ${partitions}
    from outbox, generate_series(1, ${rows - 1}) as n`,
  )
  const relay = createRelay({ database, publisher })
  const startedAt = performance.now()
  relay.start()
  await relay.drain()
  const seconds = (performance.now() - startedAt) / 1000
  const { delivered } = await relay.status()
  await relay.close()
  if (delivered !== rows) throw new Error(`${delivered} rows were delivered, not ${rows}`)
  return rows / seconds
}

/** Rows that the engine does not take: listed, tried again, or thrown away. */
import type { OutboxDatabase } from './database.ts'
import type { Names } from './names.ts'

export interface ParkedRow {
  readonly id: string
  readonly method: string
  /** The request; of a broadcast, with the channels that it did not reach. */
  readonly payload: unknown
  readonly partition: number
  readonly createdAt: Date
  /** Attempts that the engine answered. */
  readonly attempts: number
  /** The engine's error code; undefined when the row never got there. */
  readonly code: number | undefined
  readonly error: string
  readonly parkedAt: Date
}

export async function parkedRows(database: OutboxDatabase, names: Names, limit: number): Promise<ParkedRow[]> {
  const { rows } = await database.query(
    `select id::text as id, method, payload::text as payload, partition, attempts, code, error,
      (extract(epoch from created_at) * 1000)::float8 as created_at,
      (extract(epoch from parked_at) * 1000)::float8 as parked_at
    from ${names.parked} as p order by p.id limit $1::integer`,
    [limit],
  )
  return (rows as Record<string, unknown>[]).map((row) => ({
    id: String(row['id']),
    method: String(row['method']),
    payload: JSON.parse(String(row['payload'])) as unknown,
    partition: Number(row['partition']),
    createdAt: new Date(Number(row['created_at'])),
    attempts: Number(row['attempts']),
    code: row['code'] === null ? undefined : Number(row['code']),
    error: String(row['error']),
    parkedAt: new Date(Number(row['parked_at'])),
  }))
}

/** Back into the outbox, under the same ids: they come before what waits there. @returns how many */
export async function replay(database: OutboxDatabase, names: Names, id: string): Promise<number> {
  const { rows } = await database.query(
    `with back as (
      delete from ${names.parked} where $1::text = 'all' or id::text = $1::text returning *
    ), again as (
      insert into ${names.outbox} (id, method, payload, partition, created_at)
      select id, method, payload, partition, created_at from back returning id
    )
    select count(*)::integer as count from again`,
    [id],
  )
  return Number((rows[0] as Record<string, unknown> | undefined)?.['count'])
}

/** @returns how many */
export async function discard(database: OutboxDatabase, names: Names, id: string): Promise<number> {
  const { rows } = await database.query(
    `delete from ${names.parked} where $1::text = 'all' or id::text = $1::text returning id`,
    [id],
  )
  return rows.length
}

/** What an operator wants to know, from one look at the tables. */
import type { OutboxDatabase } from './database.ts'
import type { Names } from './names.ts'

export interface PartitionStatus {
  readonly partition: number
  /** Rows that wait; exact while `pending` of the whole is. */
  readonly pending: number
  /** Of the row that has waited longest, milliseconds; undefined without any. */
  readonly oldestMs: number | undefined
  /** The relay that delivers it now. */
  readonly owner: string | undefined
  /** Of the row that was refused last and is to be tried again. */
  readonly failing: { readonly id: string; readonly attempts: number; readonly retryInMs: number } | undefined
  /** The last failure, also when it is over. */
  readonly lastError: { readonly message: string; readonly agoMs: number } | undefined
}

export interface TableStatus {
  /** Rows that wait, counted up to 10000. */
  readonly pending: number
  /** Of the row that has waited longest, milliseconds; undefined without any. */
  readonly oldestMs: number | undefined
  /** Parked rows, counted up to 10000. */
  readonly parked: number
  /** By number; of partitions that have rows or have had some. */
  readonly partitions: readonly PartitionStatus[]
}

/** Beyond it counting would cost more than the number is worth. */
const most = 10_000

const age = (time: string) => `(extract(epoch from clock_timestamp() - ${time}) * 1000)::float8`

export async function tableStatus(database: OutboxDatabase, { outbox, leases, parked }: Names): Promise<TableStatus> {
  const rowsOf = async (text: string): Promise<Record<string, unknown>[]> => {
    const { rows } = await database.query(text, [most])
    return rows as Record<string, unknown>[]
  }
  const [waiting, known, aside] = await Promise.all([
    rowsOf(`select partition, count(*)::integer as pending, ${age('min(created_at)')} as oldest
      from (select partition, created_at from ${outbox} order by id limit $1::integer) as oldest group by partition`),
    rowsOf(`select partition, case when leased_until > clock_timestamp() then owner end as owner,
      failing_id::text as failing_id, attempts, -${age('retry_at')} as retry_in, last_error, ${age('failed_at')} as failed
      from ${leases} order by partition limit $1::integer`),
    rowsOf(`select count(*)::integer as parked from (select from ${parked} limit $1::integer) as counted`),
  ])
  const partitions = new Map(known.map((lease) => [Number(lease['partition']), partitionStatus(lease)]))
  for (const { partition, pending, oldest } of waiting) {
    const number = Number(partition)
    const before = partitions.get(number) ?? partitionStatus({ partition, failing_id: null, last_error: null })
    partitions.set(number, { ...before, pending: Number(pending), oldestMs: Math.max(0, Number(oldest)) })
  }
  const all = [...partitions.values()].toSorted((a, b) => a.partition - b.partition)
  const ages = all.flatMap(({ oldestMs }) => oldestMs ?? [])
  return {
    pending: all.reduce((sum, { pending }) => sum + pending, 0),
    oldestMs: ages.length === 0 ? undefined : ages.reduce((a, b) => Math.max(a, b)),
    parked: Number(aside[0]?.['parked']),
    partitions: all,
  }
}

function partitionStatus(lease: Record<string, unknown>): PartitionStatus {
  const { partition, owner, failing_id: id, attempts, retry_in: retryIn, last_error: message, failed } = lease
  return {
    partition: Number(partition),
    pending: 0,
    oldestMs: undefined,
    owner: typeof owner === 'string' ? owner : undefined,
    failing:
      typeof id === 'string' ? { id, attempts: Number(attempts), retryInMs: Math.max(0, Number(retryIn)) } : undefined,
    lastError: typeof message === 'string' ? { message, agoMs: Number(failed) } : undefined,
  }
}

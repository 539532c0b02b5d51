/**
 * The table's statements: who may deliver a partition, and what becomes of its rows. Each is one statement that commits
 * by itself, so no transaction is ever open while something is published.
 */
import type { OutboxDatabase } from './database.ts'
import type { Refusal } from './dispatch.ts'
import type { Names } from './names.ts'

/** A row that waits. */
export interface Row {
  readonly id: string
  readonly method: string
  readonly payload: unknown
  /** Of this row alone, also when the table is emptied and its ids begin anew. */
  readonly ownKey: string
}

/** A partition that this relay may deliver, until somebody else's fence is higher. */
export interface Lease {
  readonly partition: number
  readonly fence: string
  /** The row that failed last, how often. */
  readonly failingId: string | undefined
  readonly attempts: number
  /** On the monotonic clock of this process, milliseconds. Beyond it nothing may be published. */
  safeUntil: number
  renewAt: number
}

/** What every change asks of the lease. */
const stillOwn = 'partition = $1::integer and owner = $2::text and fence = $3::bigint'

const milliseconds = (parameter: string) => `${parameter}::float8 * interval '1 millisecond'`

export class Leases {
  readonly #database: OutboxDatabase
  readonly #owner: string
  readonly #durationMs: number
  readonly #names: Names

  constructor(database: OutboxDatabase, names: Names, owner: string, durationMs: number) {
    this.#database = database
    this.#owner = owner
    this.#durationMs = durationMs
    this.#names = names
  }

  /**
   * Partitions that have rows, and that nobody holds.
   * @param below partitions from this number on are left out
   */
  async open(below: number): Promise<number[]> {
    const { outbox, leases } = this.#names
    // From one partition to the next by the index: what this costs does not grow with the rows.
    const rows = await this.#query(
      `with recursive p as (
        (select partition from ${outbox} where partition < $2::integer order by partition limit 1)
        union all
        select (
          select partition from ${outbox} where partition > p.partition and partition < $2::integer
          order by partition limit 1
        ) from p where p.partition is not null
      )
      select p.partition from (select partition from p where partition is not null limit 1024) as p
      left join ${leases} as l on l.partition = p.partition
      where l.partition is null
        or (l.leased_until <= clock_timestamp() or l.owner = $1::text) and l.retry_at <= clock_timestamp()`,
      [this.#owner, below],
    )
    return rows.map(({ partition }) => Number(partition))
  }

  /** undefined: somebody else has it, it is not yet time to try again, or there is nothing to do. */
  async claim(partition: number): Promise<Lease | undefined> {
    const sentAt = performance.now()
    const { outbox, leases } = this.#names
    const [row] = await this.#query(
      `insert into ${leases} as l (partition, owner, fence, leased_until)
      select $1::integer, $2::text, 1, clock_timestamp() + ${milliseconds('$3')}
      where exists (select from ${outbox} where partition = $1::integer)
      on conflict (partition) do update
        set owner = excluded.owner, fence = l.fence + 1, leased_until = excluded.leased_until
        where (l.leased_until <= clock_timestamp() or l.owner = excluded.owner) and l.retry_at <= clock_timestamp()
      returning fence::text as fence, failing_id::text as failing_id, attempts`,
      [partition, this.#owner, this.#durationMs],
    )
    if (!row) return undefined
    return {
      partition,
      fence: String(row['fence']),
      failingId: typeof row['failing_id'] === 'string' ? row['failing_id'] : undefined,
      attempts: Number(row['attempts']),
      ...this.#times(sentAt),
    }
  }

  /** Rows by id, always from the first: one that commits late may have a smaller id than those before it. */
  async rows(lease: Lease, limit: number): Promise<Row[]> {
    const rows = await this.#query(
      `select id::text as id, method, payload::text as payload, extract(epoch from created_at)::text as created
      from ${this.#names.outbox} as o where partition = $1::integer order by o.id limit $2::integer`,
      [lease.partition, limit],
    )
    return rows.map(({ id, method, payload, created }) => ({
      id: String(id),
      method: String(method),
      payload: JSON.parse(String(payload)) as unknown,
      ownKey: `${String(id)}-${String(created)}`,
    }))
  }

  /** @returns false: the lease is somebody else's */
  async renew(lease: Lease): Promise<boolean> {
    return this.finish(lease, [], { release: false })
  }

  /**
   * Removes rows that were delivered, and holds the lease on or gives it up, in one step.
   * @returns false: the lease is somebody else's, and nothing was changed
   */
  async finish(
    lease: Lease,
    ids: readonly string[],
    { release, error }: { release: boolean; error?: string },
  ): Promise<boolean> {
    const sentAt = performance.now()
    const { outbox, leases } = this.#names
    // The lease is changed first, which makes whoever wants it wait for this statement.
    const [row] = await this.#query(
      `with held as (
        update ${leases} set
          owner = case when $5::boolean then null else owner end,
          leased_until = case when $5::boolean then 'epoch' else clock_timestamp() + ${milliseconds('$6')} end,
          attempts = case when failing_id = any($4::bigint[]) then 0 else attempts end,
          failing_id = case when failing_id = any($4::bigint[]) then null else failing_id end,
          last_error = coalesce($7::text, last_error),
          failed_at = case when $7::text is null then failed_at else clock_timestamp() end
        where ${stillOwn} returning partition
      ), removed as (
        delete from ${outbox} where id = any($4::bigint[]) and exists (select from held)
      )
      select count(*)::integer as held from held`,
      [lease.partition, this.#owner, lease.fence, ids, release, this.#durationMs, error ?? null],
    )
    if (row?.['held'] !== 1) return false
    Object.assign(lease, this.#times(sentAt))
    return true
  }

  /** Says that there are rows in a partition, to whoever listens. */
  async announce(partition: number): Promise<void> {
    await this.#query('select pg_notify($1::text, $2::text)', [this.#names.channel, String(partition)])
  }

  /** Counts an attempt at a row, and gives the partition up: nobody tries it again before the delay is over. */
  async fail(lease: Lease, id: string, attempts: number, delayMs: number, error: string): Promise<void> {
    await this.#query(
      `update ${this.#names.leases} set
        owner = null, leased_until = 'epoch', failing_id = $4::bigint, attempts = $5::integer,
        retry_at = clock_timestamp() + ${milliseconds('$6')}, last_error = $7::text, failed_at = clock_timestamp()
      where ${stillOwn}`,
      [lease.partition, this.#owner, lease.fence, id, attempts, delayMs, error],
    )
  }

  /**
   * Moves a row out of the way.
   * @param rest the request that is kept in place of the row's own: of a broadcast, what it did not reach
   * @returns false: the lease is somebody else's, and nothing was changed
   */
  async park(lease: Lease, id: string, attempts: number, refusal: Refusal, rest?: object): Promise<boolean> {
    const { outbox, leases, parked } = this.#names
    const { code, message } = refusal
    const [row] = await this.#query(
      `with held as (
        update ${leases} set failing_id = null, attempts = 0, last_error = $7::text, failed_at = clock_timestamp()
        where ${stillOwn} returning partition
      ), moved as (
        delete from ${outbox} where id = $4::bigint and exists (select from held) returning *
      ), kept as (
        insert into ${parked} as p (id, method, payload, partition, created_at, attempts, code, error)
        select id, method,
          case when $8::jsonb is null then payload
            when method = '' then jsonb_set(payload, '{payload}', $8::jsonb) else $8::jsonb end,
          partition, created_at, $5::integer, $6::integer, $7::text from moved
        on conflict (id) do update set method = excluded.method, payload = excluded.payload,
          partition = excluded.partition, created_at = excluded.created_at, attempts = excluded.attempts,
          code = excluded.code, error = excluded.error, parked_at = excluded.parked_at
      )
      select count(*)::integer as held from held`,
      [
        lease.partition,
        this.#owner,
        lease.fence,
        id,
        attempts,
        code ?? null,
        message,
        rest === undefined ? null : JSON.stringify(rest),
      ],
    )
    return row?.['held'] === 1
  }

  /** A margin for what passes between looking at the clock and the engine's having it. */
  #times(sentAt: number): Pick<Lease, 'safeUntil' | 'renewAt'> {
    return { safeUntil: sentAt + this.#durationMs * 0.8, renewAt: sentAt + this.#durationMs * 0.5 }
  }

  async #query(text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
    const { rows } = await this.#database.query(text, values)
    return rows as Record<string, unknown>[]
  }
}

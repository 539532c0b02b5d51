/**
 * Reads an outbox table as Centrifugo's PostgreSQL consumer does, one worker per partition. A batch is one transaction, and
 * the partition's lock is that transaction's: a lock of the session would spare nothing, since publishing in this process
 * takes microseconds, and would be lost behind a PgBouncer that pools by transaction. Named as Centrifugo names it, the lock
 * also keeps a Centrifugo beside this hub out.
 */
import type { ConnectionOptions } from 'node:tls'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Hub } from '@backchannel/hub'
import { commandOf, dispatch, type Outcome, type PublishFunction } from '@backchannel/outbox/dispatch'
import { Client, Pool, type PoolClient, type QueryConfig, type QueryResultRow } from 'pg'
import { Failure, reasonOf } from '../failure.ts'
import type { ConsumerSettings, ConsumerTls } from './consumer-settings.ts'
import type { Logger } from './log.ts'

const connectTimeoutMs = 10_000
/** A call within this process: beyond it something of the app's own hangs. */
const callTimeoutMs = 30_000
/** A statement without an answer by then has a connection that is gone; the lock alone may be waited for. */
const statementTimeoutMs = 30_000
const closeGraceMs = 5000
const listenAgainMs = 1000
const firstDelayMs = 50
const longestDelayMs = 20_000
/** What Centrifugo tries again; everything else it drops. */
const internalError = 100

interface OutboxRow {
  readonly id: string
  readonly method: string
  readonly payload: string
}

export class PostgresConsumer {
  readonly #settings: ConsumerSettings
  readonly #log: Logger
  readonly #pool: Pool
  readonly #publish: PublishFunction
  readonly #stop = new AbortController()
  /** Wakes the worker of a partition. */
  readonly #wakers = new Map<number, () => void>()
  /** Told of while their workers were busy. */
  readonly #woken = new Set<number>()
  /** Their workers stand before a lock, perhaps for long. */
  readonly #waiting = new Set<PoolClient>()
  #workers: Promise<void>[] = []

  constructor(settings: ConsumerSettings, hub: Pick<Hub, 'call'>, log: Logger) {
    this.#settings = settings
    this.#log = log
    this.#pool = new Pool({
      ...connection(settings, settings.dsn),
      // A worker may hold its connection while it waits for a lock: with fewer they would wait for each other.
      max: settings.partitions,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
    })
    this.#pool.on('error', (error) => log.warn({ error: reasonOf(error) }, 'an idle connection to the database ended'))
    this.#publish = async (method, request) => {
      const reply = await hub.call(method, request as never)
      if ('error' in reply) throw Object.assign(new Error(reply.error.message), { code: reply.error.code })
      return reply.result
    }
  }

  /** @throws Failure when the database can't be reached */
  async start(): Promise<void> {
    const { name, partitions, notificationChannel } = this.#settings
    try {
      await this.#pool.query('select 1')
    } catch (error) {
      throw new Failure('failed', `consumers[${name}]: the database can't be reached: ${reasonOf(error)}`, error)
    }
    this.#workers = Array.from({ length: partitions }, (_, partition) => this.#work(partition))
    if (notificationChannel !== '') this.#workers.push(this.#listen())
    this.#log.info({ table: this.#settings.table, partitions }, 'reading an outbox')
  }

  async close(): Promise<void> {
    this.#stop.abort()
    for (const wake of this.#wakers.values()) wake()
    for (const client of this.#waiting) void client.end().catch(() => {})
    const ended = Promise.all(this.#workers).then(() => this.#pool.end())
    // A connection that has gone silent keeps nobody from closing: its transaction ends with it.
    const late = new AbortController()
    await Promise.race([ended, sleep(closeGraceMs, undefined, { signal: late.signal }).catch(() => {})])
    late.abort()
  }

  async #work(partition: number): Promise<void> {
    let failures = 0
    while (!this.#stop.signal.aborted) {
      try {
        this.#woken.delete(partition)
        const outcome = await this.#batch(partition)
        failures = 0
        if (outcome === 'more' || this.#woken.delete(partition)) continue
        await this.#pause(this.#settings.pollIntervalMs, partition)
      } catch (error) {
        if (this.#stop.signal.aborted) return
        this.#log.error({ partition, error: reasonOf(error) }, 'error processing postgresql outbox')
        await this.#pause(Math.min(firstDelayMs * 2 ** failures++, longestDelayMs))
      }
    }
  }

  /** Rejects after a row that is to be tried again; what came before it is removed. */
  async #batch(partition: number): Promise<'more' | 'idle'> {
    const { table, selectLimit } = this.#settings
    const client = await this.#pool.connect()
    // A connection that breaks is told by the statement under way, or by the next one.
    const ignore = () => {}
    client.on('error', ignore)
    let isWhole = false
    try {
      await query(client, 'begin isolation level read committed')
      if (!(await this.#lock(client, partition))) {
        await query(client, 'rollback')
        isWhole = true
        return 'idle'
      }
      const { rows } = await query<OutboxRow>(
        client,
        `select id::text as id, method, payload::text as payload from ${table} as o
        where partition = $1 order by o.id limit $2`,
        [partition, selectLimit],
      )
      const { done, failed } = await this.#dispatch(rows)
      if (done.length > 0) {
        await endOfTick()
        await query(client, `delete from ${table} where id = any($1::bigint[])`, [done])
      }
      await query(client, 'commit')
      isWhole = true
      if (failed) throw failed
      return done.length < selectLimit ? 'idle' : 'more'
    } finally {
      client.removeListener('error', ignore)
      // One whose transaction did not end is of no more use.
      client.release(!isWhole)
    }
  }

  async #lock(client: PoolClient, partition: number): Promise<boolean> {
    const { name, useTryLock } = this.#settings
    const lock = [`centrifugo_partition_lock_${name}${partition}`]
    if (useTryLock) {
      const { rows } = await query<{ held: boolean }>(
        client,
        'select pg_try_advisory_xact_lock(hashtext($1)) as held',
        lock,
      )
      return rows[0]?.held === true
    }
    this.#waiting.add(client)
    try {
      await client.query('select pg_advisory_xact_lock(hashtext($1))', lock)
    } finally {
      this.#waiting.delete(client)
    }
    return true
  }

  async #dispatch(rows: readonly OutboxRow[]): Promise<{ done: string[]; failed?: Error }> {
    const done: string[] = []
    for (const { id, method, payload } of rows) {
      if (this.#stop.signal.aborted) break
      const command = commandOf(method, JSON.parse(payload))
      const outcome: Outcome = 'kind' in command ? command : await dispatch(this.#publish, command, callTimeoutMs)
      if (outcome.kind === 'outage') return { done, failed: outcome.error }
      if (outcome.kind === 'refused') {
        if (outcome.code === internalError) return { done, failed: new Error(outcome.message) }
        const { code, message: error } = outcome
        this.#log.error({ id, method, code, error }, 'non retryable error during consuming, skip message')
      }
      done.push(id)
    }
    return { done }
  }

  async #listen(): Promise<void> {
    const { dsn, notificationDsn } = this.#settings
    while (!this.#stop.signal.aborted) {
      const client = new Client({
        ...connection(this.#settings, notificationDsn || dsn),
        connectionTimeoutMillis: connectTimeoutMs,
        keepAlive: true,
      })
      try {
        await this.#heedNotifications(client)
      } catch (error) {
        this.#log.error({ error: reasonOf(error) }, 'error listening outbox notifications')
      } finally {
        await client.end().catch(() => {})
      }
      if (!this.#stop.signal.aborted) await this.#pause(listenAgainMs)
    }
  }

  /** Resolves when the consumer is closed, rejects when the connection is lost. */
  async #heedNotifications(client: Client): Promise<void> {
    const ended = Promise.withResolvers<void>()
    const stop = () => ended.resolve()
    this.#stop.signal.addEventListener('abort', stop)
    client.on('error', ended.reject)
    client.on('end', () => ended.reject(new Error('the connection ended')))
    client.on('notification', ({ payload = '' }) => {
      const partition = /^\d{1,9}$/.test(payload) ? Number(payload) : this.#settings.partitions
      const wake = this.#wakers.get(partition)
      if (wake) wake()
      else if (partition < this.#settings.partitions) this.#woken.add(partition)
    })
    try {
      await client.connect()
      await client.query(`listen ${client.escapeIdentifier(this.#settings.notificationChannel)}`)
      await ended.promise
    } finally {
      this.#stop.signal.removeEventListener('abort', stop)
      // What is told after this is nobody's any more.
      ended.promise.catch(() => {})
    }
  }

  /** Until the time is over, the consumer is closed or the partition is woken. */
  #pause(ms: number, partition?: number): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#stop.signal.removeEventListener('abort', end)
        if (partition !== undefined) this.#wakers.delete(partition)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#stop.signal.addEventListener('abort', end)
      if (partition !== undefined) this.#wakers.set(partition, end)
    })
  }
}

function query<Row extends QueryResultRow = never>(client: PoolClient, text: string, values: unknown[] = []) {
  // pg takes the limit with the statement; its types know it for the whole client only.
  const config: QueryConfig & { query_timeout: number } = { text, values, query_timeout: statementTimeoutMs }
  return client.query<Row>(config)
}

/** The hub writes to its sockets then; a row that is removed before would be lost with the process. */
function endOfTick(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}

function connection(
  { name, tls }: ConsumerSettings,
  dsn: string,
): { connectionString: string; ssl?: ConnectionOptions } {
  if (!tls) return { connectionString: dsn }
  // What stands in the URL would win over the options.
  const url = new URL(dsn)
  for (const option of ['ssl', 'sslmode', 'sslcert', 'sslkey', 'sslrootcert']) url.searchParams.delete(option)
  return { connectionString: url.href, ssl: tlsOptions(name, tls) }
}

/** @throws Failure file */
function tlsOptions(name: string, tls: ConsumerTls): ConnectionOptions {
  const pem = (text: string) => pemOf(name, text)
  return {
    rejectUnauthorized: !tls.isUnverified,
    ...(tls.cert !== '' && { cert: pem(tls.cert) }),
    ...(tls.key !== '' && { key: pem(tls.key) }),
    ...(tls.ca !== '' && { ca: pem(tls.ca) }),
    ...(tls.serverName !== '' && { servername: tls.serverName }),
  }
}

/** As Centrifugo takes it: the text itself, its base64, or a file's path. @throws Failure file */
function pemOf(name: string, text: string): string {
  if (text.includes('-----BEGIN')) return text
  const decoded = Buffer.from(text, 'base64').toString('latin1')
  if (decoded.includes('-----BEGIN')) return decoded
  try {
    return readFileSync(text, 'utf8')
  } catch (error) {
    throw new Failure('file', `consumers[${name}]: a PEM file can't be read: ${reasonOf(error)}`, error)
  }
}

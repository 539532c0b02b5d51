/** The delivering half: rows that have committed go to the engine, in order, and are removed. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Blame } from './blame.ts'
import { checkInteger, checkNames, describe } from './checks.ts'
import { inTime, type OutboxDatabase } from './database.ts'
import { type Publisher, publisherOf } from './dispatch.ts'
import { Leases } from './leases.ts'
import { Listener } from './listener.ts'
import { consoleLogger, guardLogger, type OutboxLogger } from './log.ts'
import { type Names, namesOf } from './names.ts'
import { deliver, type DeliveryContext } from './partition.ts'
import { discard, type ParkedRow, parkedRows, replay } from './parked.ts'
import { type TableStatus, tableStatus } from './status.ts'
import { Trouble } from './trouble.ts'

export interface RelayOptions {
  /** `pgDatabase(pool)` or `pgliteDatabase(pglite)`. */
  readonly database: OutboxDatabase
  /** `serverApi()` of `@backchannel/realtime`, or a function (method, request). */
  readonly publisher: Publisher
  /** @default 'outbox' */
  readonly table?: string | undefined
  /** Serve only partitions below this number. @default all that have rows */
  readonly partitions?: number | undefined
  /** Rows that are read at once, and removed at once. @default 100 */
  readonly batchSize?: number | undefined
  /** Milliseconds between looks at the table, beside notifications. @default 300 */
  readonly pollInterval?: number | undefined
  /** Milliseconds after which a partition whose relay has died is another's. @default 10000 */
  readonly leaseDuration?: number | undefined
  /** Milliseconds for one call of the publisher; beyond it the engine counts as out of reach. @default 10000 */
  readonly publishTimeout?: number | undefined
  /** After so many refusals that may pass, a row is parked. @default 10 */
  readonly maxAttempts?: number | undefined
  /** Listen for notifications beside polling. @default true */
  readonly listen?: boolean | undefined
  /** @default warnings and errors to the console */
  readonly logger?: OutboxLogger | undefined
  /** Told of every parked row, and once of each time that the engine or the database is out of reach. */
  readonly onError?: ((error: Error, where: RelayErrorPlace) => unknown) | undefined
}

export interface RelayErrorPlace {
  readonly stage: 'engine' | 'database' | 'listen' | 'parked'
  /** Of a parked row. */
  readonly id?: string
}

export interface RelayStatus extends TableStatus {
  /** Names this relay in `owner`. */
  readonly id: string
  readonly state: 'new' | 'running' | 'closed'
  readonly isListening: boolean
  /** Since this relay was started. */
  readonly delivered: number
  /** Since when the engine is out of reach, and why; undefined while it is not. */
  readonly outage: { readonly forMs: number; readonly error: string } | undefined
}

export interface Relay {
  /** Begins to deliver. Keeps the process alive until `close()`. */
  start(): void
  /** Ends when the call under way has been answered, and gives up what this relay holds, so that others go on at once. */
  close(): Promise<void>
  /** From one look at the tables, and what this relay knows. Rejects when the database does. */
  status(): Promise<RelayStatus>
  /**
   * Resolves when no row waits any more: for tests and scripts.
   * @param options `timeout`: milliseconds after which it rejects. @default none
   */
  drain(options?: { readonly timeout?: number | undefined }): Promise<void>
  /** Rows that the engine does not take, oldest first. @param options `limit`: @default 100 */
  parked(options?: { readonly limit?: number | undefined }): Promise<readonly ParkedRow[]>
  /** Puts a parked row, or all of them, back to be delivered. @returns how many */
  replay(id: string): Promise<number>
  /** Removes a parked row, or `'all'`. @returns how many */
  discard(id: string): Promise<number>
}

/** Timers count in 32 bits. */
const longest = 2 ** 31 - 1

const numbers = {
  batchSize: { normally: 100, least: 1, most: 10_000 },
  pollInterval: { normally: 300, least: 10, most: longest },
  leaseDuration: { normally: 10_000, least: 500, most: 3_600_000 },
  publishTimeout: { normally: 10_000, least: 10, most: longest },
  maxAttempts: { normally: 10, least: 1, most: 1_000_000 },
} as const

const optionNames = [
  'database',
  'publisher',
  'table',
  'partitions',
  'listen',
  'logger',
  'onError',
  ...Object.keys(numbers),
]

/** Notifications come from whoever may send them. */
const maxWorkers = 1024

/** @throws TypeError for options that can't be */
export function createRelay(options: RelayOptions): Relay {
  return new OutboxRelay(options)
}

class OutboxRelay implements Relay {
  readonly #id = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`
  readonly #names: Names
  readonly #database: OutboxDatabase
  readonly #leases: Leases
  readonly #listener: Listener | undefined
  readonly #engine: Trouble
  readonly #databaseTrouble: Trouble
  readonly #context: DeliveryContext
  readonly #blame = new Blame()
  readonly #below: number
  readonly #pollInterval: number
  #state: RelayStatus['state'] = 'new'
  #delivered = 0
  /** What runs, by partition; true: look once more before it ends. */
  readonly #again = new Map<number, boolean>()
  readonly #running = new Set<Promise<void>>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #poll: NodeJS.Timeout | undefined

  constructor(options: RelayOptions) {
    checkNames('createRelay', options, optionNames)
    const { database, listen = true, logger = consoleLogger, onError } = options
    if (typeof database?.query !== 'function' || typeof database.listen !== 'function') {
      throw new TypeError(
        `createRelay: database must be pgDatabase(pool) or pgliteDatabase(pglite), not ${describe(database)}`,
      )
    }
    if (typeof listen !== 'boolean') {
      throw new TypeError(`createRelay: listen must be true or false, not ${describe(listen)}`)
    }
    if (onError !== undefined && typeof onError !== 'function') {
      throw new TypeError(`createRelay: onError must be a function, not ${describe(onError)}`)
    }
    const checked = Object.fromEntries(
      Object.entries(numbers).map(([name, { normally, least, most }]) => {
        const value = options[name as keyof typeof numbers] ?? normally
        return [name, checkInteger('createRelay', name, value, least, most)]
      }),
    ) as Readonly<Record<keyof typeof numbers, number>>
    this.#below = checkInteger('createRelay', 'partitions', options.partitions ?? longest, 1, longest)
    this.#names = namesOf('createRelay', options.table ?? 'outbox')
    // The answer to a statement that is late is of no use: the lease that it was about has run out.
    this.#database = inTime(database, checked.leaseDuration)
    this.#pollInterval = checked.pollInterval
    this.#leases = new Leases(this.#database, this.#names, this.#id, checked.leaseDuration)
    const log = guardLogger(logger)
    const tell = (error: Error, where: RelayErrorPlace) => {
      // It may be an async function, whose rejection would be nobody's.
      new Promise((resolve) => resolve(onError?.(error, where))).catch((failure: unknown) => {
        log.error({ error: String(failure) }, 'onError failed')
      })
    }
    const trouble = (stage: RelayErrorPlace['stage'], begins: string, ends: string) =>
      new Trouble(log, { begins, ends }, (error) => tell(error, { stage }))
    this.#engine = trouble(
      'engine',
      'the engine is out of reach: rows wait until it answers',
      'the engine answers again',
    )
    this.#databaseTrouble = trouble(
      'database',
      'the database failed (tables are made by outboxSchema()): rows wait until it answers',
      'the database answers again',
    )
    if (listen) {
      const lost = trouble('listen', 'notifications are lost: rows are found by polling', 'notifications come again')
      this.#listener = new Listener(this.#database, this.#names.channel, lost, {
        onNotify: (payload) => this.#notified(payload),
        onListening: () => this.#pollNow(),
      })
    }
    this.#context = {
      ...checked,
      leases: this.#leases,
      publisher: publisherOf('createRelay', options.publisher),
      isClosing: () => this.#state !== 'running',
      blame: this.#blame,
      delivered: (id) => {
        this.#delivered++
        this.#blame.delivered(id)
      },
      answered: (calledAt) => {
        // All the others wait too.
        if (this.#engine.passed(calledAt)) this.#pollNow()
      },
      unreachable: (error) => this.#after(this.#engine.failed(error)),
      refused: ({ id }, { code, message }, attempts, delayMs) =>
        log.warn(
          { id, code, error: message, attempts, retryInMs: Math.round(delayMs) },
          'a row was refused and is tried again',
        ),
      parked: ({ id, method }, { code, message }) => {
        log.error({ id, method, code, error: message }, 'a row was refused and is parked')
        tell(new Error(`row ${id} (${method}) is parked: ${message}`), { stage: 'parked', id })
      },
    }
  }

  start(): void {
    if (this.#state === 'running') return
    if (this.#state === 'closed') throw new Error('This relay is closed: create another')
    this.#state = 'running'
    this.#listener?.start()
    this.#pollNow()
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    clearTimeout(this.#poll)
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    await this.#listener?.close()
    await Promise.all(this.#running)
  }

  async status(): Promise<RelayStatus> {
    const table = await tableStatus(this.#database, this.#names)
    return {
      ...table,
      id: this.#id,
      state: this.#state,
      isListening: this.#listener?.isListening ?? false,
      delivered: this.#delivered,
      outage: this.#engine.state,
    }
  }

  async drain(options: { readonly timeout?: number | undefined } = {}): Promise<void> {
    checkNames('drain', options, ['timeout'])
    const { timeout = Infinity } = options
    const deadline = performance.now() + timeout
    for (;;) {
      if (this.#state !== 'running') throw new Error('drain: this relay does not run')
      const { rows } = await this.#database.query(
        `select from ${this.#names.outbox} where partition < $1::integer limit 1`,
        [this.#below],
      )
      if (rows.length === 0 && this.#again.size === 0) return
      if (performance.now() > deadline) throw new Error(`drain: rows still wait after ${timeout} ms`)
      this.#pollNow()
      await Promise.race([sleep(20), ...this.#running])
    }
  }

  async parked(options: { readonly limit?: number | undefined } = {}): Promise<readonly ParkedRow[]> {
    checkNames('parked', options, ['limit'])
    const limit = checkInteger('parked', 'limit', options.limit ?? 100, 1, 100_000)
    return parkedRows(this.#database, this.#names, limit)
  }

  async replay(id: string): Promise<number> {
    return replay(this.#database, this.#names, checkId('replay', id))
  }

  async discard(id: string): Promise<number> {
    return discard(this.#database, this.#names, checkId('discard', id))
  }

  #notified(payload: string): void {
    if (/^\d{1,9}$/.test(payload)) this.#wake(Number(payload), true)
  }

  /** @param isNews there is something new: also what runs has to look once more */
  #wake(partition: number, isNews: boolean): void {
    if (this.#state !== 'running' || partition >= this.#below) return
    // The next attempt wakes all.
    if (this.#engine.waitMs > 0 || this.#databaseTrouble.waitMs > 0) return
    if (this.#again.has(partition)) {
      if (isNews) this.#again.set(partition, true)
      return
    }
    if (this.#again.size >= maxWorkers) return
    this.#track(this.#deliver(partition))
  }

  /** What `close()` waits for. It never rejects. */
  #track(work: Promise<void>): void {
    const running: Promise<void> = work.finally(() => {
      this.#running.delete(running)
    })
    this.#running.add(running)
  }

  async #deliver(partition: number): Promise<void> {
    try {
      do {
        this.#again.set(partition, false)
        const begunAt = performance.now()
        const ended = await deliver(this.#context, partition)
        this.#databaseTrouble.passed(begunAt)
        if (ended.kind === 'retry') this.#after(ended.delayMs)
        // Not at once, or nobody else would have a turn.
        if (ended.kind === 'again') this.#after(20 + Math.random() * 30)
      } while (this.#again.get(partition) === true && this.#engine.waitMs === 0 && this.#state === 'running')
    } catch (error) {
      this.#after(this.#databaseTrouble.failed(error))
    } finally {
      this.#again.delete(partition)
    }
  }

  /** Looks again after so many milliseconds. */
  #after(delayMs: number): void {
    if (this.#state !== 'running') return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#pollNow()
    }, delayMs)
    this.#timers.add(timer)
  }

  #pollNow(): void {
    if (this.#state !== 'running') return
    // What asks for a look in the same moment gets the same.
    this.#lookIn(0)
  }

  #lookIn(delayMs: number): void {
    clearTimeout(this.#poll)
    this.#poll = setTimeout(() => this.#track(this.#look()), delayMs)
  }

  async #look(): Promise<void> {
    let delayMs = this.#pollInterval
    try {
      const begunAt = performance.now()
      const partitions = await this.#leases.open(this.#below)
      // With something to do, whether it can be done tells: a database may be read that can't be written to.
      if (partitions.length === 0) this.#databaseTrouble.passed(begunAt)
      for (const partition of partitions) this.#wake(partition, false)
    } catch (error) {
      delayMs = this.#databaseTrouble.failed(error)
    }
    if (this.#state === 'running') this.#lookIn(delayMs)
  }
}

/** @throws TypeError */
function checkId(caller: string, id: unknown): string {
  if (typeof id === 'string' && /^(?:\d{1,19}|all)$/.test(id)) return id
  throw new TypeError(`${caller}: a row's id is wanted, or 'all', not ${describe(id)}`)
}

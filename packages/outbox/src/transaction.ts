/** Transactions that know what has to be done after they have committed. */
import { checkNames, describe } from './checks.ts'

/** Begins transactions: Drizzle's database or transaction, PGlite. */
export interface TransactionBeginner<Tx> {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

/** What Drizzle's database stands on, where that is a pool of pg. */
interface Guarded {
  readonly totalCount: number
  on(event: 'acquire', listener: (client: PgPoolClient) => void): unknown
}

/** pg's client: of a pool, or one of its own. */
export interface PgClient {
  query(text: string): Promise<unknown>
}

/** What a pool lends. */
export interface PgPoolClient extends PgClient {
  release(error?: Error | boolean): void
  on(event: 'error', listener: () => void): unknown
  removeListener(event: 'error', listener: () => void): unknown
}

/** pg's pool. The second signature is its form with a callback. */
export interface PgPool<Client extends PgPoolClient> {
  connect: { (): Promise<Client>; (callback: never): unknown }
  readonly totalCount: number
}

export interface TransactionOptions {
  /**
   * What a function given to `onCommit` threw. The transaction has been committed and resolves all the same.
   * @default the error goes to the console
   */
  readonly onError?: ((error: unknown) => unknown) | undefined
}

/** A transaction or a savepoint within one, while its work runs. */
interface Scope {
  readonly parent: Scope | undefined
  /** To be run once the outermost has committed. */
  readonly after: (() => unknown)[]
}

const scopes = new WeakMap<object, Scope>()

const consoleError = (error: unknown): void => {
  // oxlint-disable-next-line no-console -- the default of an app that has set no onError
  console.error('[outbox] what was to be done after a commit failed', error)
}

/**
 * Runs `work` in a transaction and commits; then runs, in order, what was given to `onCommit`. When `work` rejects,
 * everything is rolled back, and so it is when a statement has failed and `work` has kept that to itself. Given a
 * transaction, it makes a savepoint in it.
 * @param db Drizzle's database or transaction, a PGlite or a transaction of it, a pool or a client of pg
 * @throws TypeError when `db` is none of them
 */
export function transaction<Tx extends object, T>(
  db: TransactionBeginner<Tx>,
  work: (tx: Tx) => T | Promise<T>,
  options?: TransactionOptions,
): Promise<T>
export function transaction<Client extends PgPoolClient, T>(
  pool: PgPool<Client>,
  work: (tx: Client) => T | Promise<T>,
  options?: TransactionOptions,
): Promise<T>
export function transaction<Client extends PgClient, T>(
  client: Client,
  work: (tx: Client) => T | Promise<T>,
  options?: TransactionOptions,
): Promise<T>
export async function transaction<T>(
  db: object,
  work: (tx: never) => T | Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  checkNames('transaction', options, ['onError'])
  if (typeof work !== 'function') throw new TypeError(`transaction: work must be a function, not ${describe(work)}`)
  const { onError = consoleError } = options
  if (typeof onError !== 'function') {
    throw new TypeError(`transaction: onError must be a function, not ${describe(onError)}`)
  }
  const outer = typeof db === 'object' && db !== null ? scopes.get(db) : undefined
  const scope: Scope = { parent: outer, after: [] }
  const { result, committed } = await begin(db, outer, (tx) => within(tx, scope, work as (tx: object) => Promise<T>))
  if (!committed) return result
  if (outer) outer.after.push(...scope.after)
  else await runAll(scope.after, onError)
  return result
}

/**
 * Has `fn` run once the transaction has committed. Not after a rollback; within a savepoint, after the outermost commit.
 * A process that ends in between never runs it: what must happen belongs into a row.
 * @throws Error when `tx` is no transaction that `transaction()` has begun and that is still open
 */
export function onCommit(tx: object, fn: () => unknown): void {
  if (typeof fn !== 'function') throw new TypeError(`onCommit: a function is wanted, not ${describe(fn)}`)
  const scope = typeof tx === 'object' && tx !== null ? scopes.get(tx) : undefined
  if (!scope) {
    throw new Error(
      'onCommit: this is no transaction that is open now and was begun by transaction(db, work). Nobody else can tell when it has committed; for one within another, call transaction(tx, work)',
    )
  }
  scope.after.push(fn)
}

/** A pool's client is the same object in a transaction and in a savepoint of it: what was there before comes back. */
async function within<T>(tx: object, scope: Scope, work: (tx: object) => Promise<T>): Promise<T> {
  const before = scopes.get(tx)
  scopes.set(tx, scope)
  // Whoever begins transactions may begin anew after one that was rolled back: what that one wanted is not wanted now.
  scope.after.length = 0
  try {
    return await work(tx)
  } finally {
    if (before) scopes.set(tx, before)
    else scopes.delete(tx)
  }
}

interface Outcome<T> {
  readonly result: T
  readonly committed: boolean
}

/** What tells of a transaction: PGlite's can be rolled back, a client of pg knows its state (`I`: idle). */
interface Open {
  readonly rollback?: unknown
  getTransactionStatus?(): string | null
}

type Anything = Partial<TransactionBeginner<object> & PgPool<PgPoolClient> & PgClient>

async function begin<T>(db: object, outer: Scope | undefined, work: (tx: object) => Promise<T>): Promise<Outcome<T>> {
  const given = (db ?? {}) as Anything
  if (typeof given.transaction === 'function') {
    guard((given as { $client?: unknown }).$client)
    let committed = true
    const result = await given.transaction(async (tx) => {
      const result = await work(tx)
      // PGlite's own way to roll back without an error.
      if ((tx as { closed?: unknown }).closed === true) committed = false
      else await probe(tx)
      return result
    })
    return { result, committed }
  }
  if (typeof given.connect === 'function' && typeof given.totalCount === 'number') {
    const client = await given.connect()
    // A connection that breaks between two statements would end the process: the next statement tells of it.
    client.on('error', ignore)
    try {
      return { result: await inTransaction(client, () => work(client)), committed: true }
    } finally {
      client.removeListener('error', ignore)
      // The pool must not give a client to others whose transaction could not be ended.
      client.release(broken.has(client))
    }
  }
  if (typeof given.query === 'function') {
    const client = given as PgClient & Open
    // A `begin` within a transaction is no error, and the `commit` after it would end the one around it.
    const isOpen = beginning.has(client) || (client.getTransactionStatus?.() ?? 'I') !== 'I'
    if (!outer && (typeof client.rollback === 'function' || isOpen)) {
      throw new Error('transaction: a transaction is open here already that was not begun by transaction(db, work)')
    }
    const result = outer ? await inSavepoint(client, () => work(db)) : await inTransaction(client, () => work(db))
    return { result, committed: true }
  }
  throw new TypeError(
    `transaction: the database must be one of Drizzle, a PGlite, or a pool or a client of pg, not ${describe(db)}`,
  )
}

const ignore = () => {}

const guarded = new WeakSet<object>()

/**
 * A connection that breaks while it is lent would end the process. Who lends it to Drizzle gets no hold of it; the
 * statement under way, or the next one, tells of it.
 */
function guard(pool: unknown): void {
  const { totalCount, on } = (typeof pool === 'object' && pool !== null ? pool : {}) as Partial<Guarded>
  if (typeof totalCount !== 'number' || typeof on !== 'function' || guarded.has(pool as object)) return
  guarded.add(pool as object)
  on.call(pool, 'acquire', (client) => {
    if (guarded.has(client)) return
    guarded.add(client)
    client.on('error', ignore)
  })
}

/** Fails when the transaction has: a commit would then be a rollback that nobody is told of. */
async function probe(tx: object): Promise<void> {
  const { query, execute } = tx as { query?: unknown; execute?: unknown }
  if (typeof query === 'function') await query.call(tx, 'select 1')
  else if (typeof execute === 'function') await execute.call(tx, 'select 1')
}

const broken = new WeakSet<object>()
/** Clients with a transaction of this module, which don't say so themselves before `begin` was answered. */
const beginning = new WeakSet<object>()

async function inTransaction<T>(client: PgClient, work: () => Promise<T>): Promise<T> {
  beginning.add(client)
  try {
    return await runTransaction(client, work)
  } finally {
    beginning.delete(client)
  }
}

async function runTransaction<T>(client: PgClient, work: () => Promise<T>): Promise<T> {
  try {
    await client.query('begin')
  } catch (error) {
    // It may have begun, and its answer been late.
    broken.add(client)
    throw error
  }
  let result: T
  try {
    result = await work()
    await probe(client)
  } catch (error) {
    await rollBack(client, 'rollback')
    throw error
  }
  try {
    await client.query('commit')
  } catch (error) {
    await rollBack(client, 'rollback')
    throw error
  }
  return result
}

async function inSavepoint<T>(client: PgClient, work: () => Promise<T>): Promise<T> {
  await client.query('savepoint outbox')
  try {
    const result = await work()
    await client.query('release savepoint outbox')
    return result
  } catch (error) {
    await rollBack(client, 'rollback to savepoint outbox; release savepoint outbox')
    throw error
  }
}

/** What is to be told is why it is rolled back, not that this failed too. */
async function rollBack(client: PgClient, statements: string): Promise<void> {
  try {
    for (const statement of statements.split('; ')) await client.query(statement)
  } catch {
    broken.add(client)
  }
}

async function runAll(functions: readonly (() => unknown)[], onError: (error: unknown) => unknown): Promise<void> {
  for (const fn of functions) {
    try {
      await fn()
    } catch (error) {
      try {
        // It may be an async function, whose rejection would be nobody's.
        await onError(error)
      } catch {
        // The commit has happened: nothing that is thrown here may make it look as if it had not.
      }
    }
  }
}

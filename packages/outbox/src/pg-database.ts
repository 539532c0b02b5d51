import { checkNames, describe } from './checks.ts'
import type { OutboxDatabase } from './database.ts'

/** What is taken of pg's client. */
export interface PgListener {
  query(text: string): Promise<unknown>
  on(event: string, listener: (argument: unknown) => void): unknown
  removeListener(event: string, listener: (argument: unknown) => void): unknown
  release(destroy?: boolean): void
}

/** What is taken of pg's `Pool`. */
export interface PgListenerPool {
  connect: { (): Promise<PgListener>; (callback: never): unknown }
}

export interface PgQueryPool extends PgListenerPool {
  readonly options?: { readonly max?: number | undefined }
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

export interface PgDatabaseOptions {
  /**
   * Where the one connection that listens comes from. For a pool whose connections change hands between statements
   * (PgBouncer, pooling by transaction), give one that goes to Postgres itself.
   * @default the pool
   */
  readonly listenPool?: PgListenerPool | undefined
}

/**
 * Postgres through pg's pool, of which the relay keeps one connection to listen and borrows others per statement: give
 * the pool two connections or more beyond what the app needs.
 * @throws TypeError when this is no pool
 */
export function pgDatabase(pool: PgQueryPool, options: PgDatabaseOptions = {}): OutboxDatabase {
  checkNames('pgDatabase', options, ['listenPool'])
  const { listenPool = pool } = options
  if (typeof pool?.query !== 'function' || typeof pool.connect !== 'function') {
    throw new TypeError(`pgDatabase: a Pool of pg is wanted, not ${describe(pool)}`)
  }
  if (typeof listenPool?.connect !== 'function') {
    throw new TypeError(`pgDatabase: listenPool must be a Pool of pg, not ${describe(listenPool)}`)
  }
  if (listenPool === pool && pool.options?.max === 1) {
    throw new TypeError(
      'pgDatabase: the only connection of this pool would be the one that listens; give the pool more, or a listenPool',
    )
  }
  return {
    query: (text, values) => pool.query(text, values),
    async listen(channel, onNotify, onLost) {
      const client = await listenPool.connect()
      let ended = false
      const notified = (message: unknown) => onNotify(String((message as { payload?: string }).payload))
      const lost = (error: unknown) => {
        if (ended) return
        end()
        onLost(error instanceof Error ? error : undefined)
      }
      // Its errors keep a listener: one that comes after the end would otherwise end the process.
      const end = () => {
        ended = true
        client.removeListener('notification', notified)
        client.removeListener('end', lost)
        // It goes, rather than back to the pool: whoever borrows it next wants no notifications.
        client.release(true)
      }
      client.on('notification', notified)
      client.on('error', lost)
      client.on('end', lost)
      try {
        await client.query(`listen "${channel}"`)
      } catch (error) {
        if (!ended) end()
        throw error
      }
      return async () => {
        if (!ended) end()
      }
    },
  }
}

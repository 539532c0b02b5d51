/** The database as the relay needs it. */

/** `pgDatabase(pool)` and `pgliteDatabase(pglite)` are two of them. */
export interface OutboxDatabase {
  /** Runs one statement with `$1` parameters by itself, outside of any transaction. */
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
  /**
   * Listens for Postgres's notifications.
   * @param onNotify gets the payload of each
   * @param onLost called once when nothing more can come, such as when the connection has ended; not after `unlisten`
   * @returns unlisten
   */
  listen(
    channel: string,
    onNotify: (payload: string) => void,
    onLost: (error?: Error) => void,
  ): Promise<() => Promise<void>>
}

/** The same, with a limit to every answer: behind a line that has gone silent, TCP waits for a quarter of an hour. */
export function inTime(database: OutboxDatabase, limitMs: number): OutboxDatabase {
  return {
    query: (text, values) => within(limitMs, database.query(text, values), () => {}),
    listen: (channel, onNotify, onLost) =>
      // Nobody waits for it any more: a connection that listens all the same is given up.
      within(limitMs, database.listen(channel, onNotify, onLost), (unlisten) => void unlisten().catch(() => {})),
  }
}

async function within<T>(limitMs: number, answer: Promise<T>, onLate: (late: T) => void): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    reject(new Error(`the database has not answered within ${limitMs} ms`))
  }, limitMs)
  answer.then(
    (value) => {
      if (isLate) onLate(value)
    },
    () => {},
  )
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

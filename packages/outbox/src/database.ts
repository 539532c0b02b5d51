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

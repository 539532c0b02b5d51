import { describe } from './checks.ts'
import type { OutboxDatabase } from './database.ts'

/** What is taken of PGlite. */
export interface PgliteClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>
}

/**
 * PGlite, in whose process the relay runs too.
 * @throws TypeError when this is no PGlite
 */
export function pgliteDatabase(pglite: PgliteClient): OutboxDatabase {
  if (typeof pglite?.query !== 'function' || typeof pglite.listen !== 'function') {
    throw new TypeError(`pgliteDatabase: a PGlite is wanted, not ${describe(pglite)}`)
  }
  return {
    query: (text, values) => pglite.query(text, values),
    listen: (channel, onNotify) => pglite.listen(channel, onNotify),
  }
}

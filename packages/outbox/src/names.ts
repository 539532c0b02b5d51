/** The names of the tables, and of what belongs to them. */
import { describe } from './checks.ts'

export interface Names {
  /** As the app gives it: `outbox` or `app.outbox`. */
  readonly table: string
  /** Quoted, to stand in a statement. */
  readonly outbox: string
  readonly leases: string
  readonly parked: string
  readonly notifyFunction: string
  /** Unquoted: indexes and triggers live in their table's schema. */
  readonly index: string
  readonly trigger: string
  /** What `LISTEN` takes, unquoted. */
  readonly channel: string
}

/**
 * Small letters only: Postgres folds unquoted names to them, and whoever reads the table beside us may not quote. The
 * length leaves room for the suffixes within Postgres's 63.
 */
const pattern = /^(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,47}$/

/** @throws TypeError */
export function namesOf(caller: string, table: unknown): Names {
  if (typeof table !== 'string' || !pattern.test(table)) {
    throw new TypeError(
      `${caller}: table must be a name such as 'outbox' or 'app.outbox', in small letters, digits and _, not ${describe(table)}`,
    )
  }
  const quote = (suffix: string) => `"${`${table}${suffix}`.replace('.', '"."')}"`
  const bare = table.slice(table.indexOf('.') + 1)
  return {
    table,
    outbox: quote(''),
    leases: quote('_leases'),
    parked: quote('_parked'),
    notifyFunction: quote('_notify'),
    index: `${bare}_partition_id`,
    trigger: `${bare}_notify`,
    channel: table.replace('.', '_'),
  }
}

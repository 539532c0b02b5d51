/** The tables as SQL. */
import { checkNames, describe } from './checks.ts'
import { namesOf } from './names.ts'

export interface OutboxSchemaOptions {
  /** @default 'outbox' */
  readonly table?: string | undefined
  /**
   * A trigger that tells the relay of new rows. Without it rows wait for the next poll. Every `NOTIFY` takes a lock of
   * the whole database while it commits, which is felt above some thousands of writing transactions a second.
   * @default true
   */
  readonly notify?: boolean | undefined
}

/**
 * One statement that makes what is missing and changes nothing that is there: for a migration, or for every start.
 * The outbox table is shaped as Centrifugo's PostgreSQL consumer reads it. Postgres 14 and newer, and PGlite.
 * @throws TypeError for a name that can't be
 */
export function outboxSchema(options: OutboxSchemaOptions = {}): string {
  checkNames('outboxSchema', options, ['table', 'notify'])
  const { table = 'outbox', notify = true } = options
  if (typeof notify !== 'boolean') {
    throw new TypeError(`outboxSchema: notify must be true or false, not ${describe(notify)}`)
  }
  const { outbox, leases, parked, notifyFunction, index, trigger, channel } = namesOf('outboxSchema', table)
  // `if not exists` is no protection against another process that makes the same table now; the lock is. And it wants
  // the right to make tables even where there is nothing to make; asking first doesn't.
  const make = (what: string, statement: string) => `
  if to_regclass('${what}') is null then
    ${statement};
  end if;`
  const steps = [
    // Rows come and go all day: unless dead ones are removed early, the index is mostly about those.
    make(
      outbox,
      `create table ${outbox} (
      id bigserial primary key,
      method text not null,
      payload jsonb not null,
      partition integer not null default 0,
      created_at timestamptz not null default now()
    ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
    create index "${index}" on ${outbox} (partition, id)`,
    ),
    make(
      leases,
      `create table ${leases} (
      partition integer primary key,
      owner text,
      fence bigint not null default 0,
      leased_until timestamptz not null default 'epoch',
      failing_id bigint,
      attempts integer not null default 0,
      retry_at timestamptz not null default 'epoch',
      last_error text,
      failed_at timestamptz
    ) with (fillfactor = 50)`,
    ),
    make(
      parked,
      `create table ${parked} (
      id bigint primary key,
      method text not null,
      payload jsonb not null,
      partition integer not null,
      created_at timestamptz not null,
      attempts integer not null,
      code integer,
      error text not null,
      parked_at timestamptz not null default now()
    )`,
    ),
  ]
  if (notify) {
    // A notification is dropped when the same one was sent in the same transaction, so one per partition is all there is.
    steps.push(`
  if not exists (
    select from pg_trigger where tgname = '${trigger}' and tgrelid = '${outbox}'::regclass and not tgisinternal
  ) then
    create or replace function ${notifyFunction}() returns trigger language plpgsql as $notify$ begin
      perform pg_notify('${channel}', partition::text) from (select distinct partition from inserted) as partitions;
      return null;
    end $notify$;
    create trigger "${trigger}" after insert on ${outbox} referencing new table as inserted
      for each statement execute function ${notifyFunction}();
  end if;`)
  }
  return `do $outbox$ begin
  perform pg_advisory_xact_lock(7430921585);${steps.join('')}
end $outbox$`
}

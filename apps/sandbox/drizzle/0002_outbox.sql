-- What outboxSchema() of @backchannel/outbox gives.
do $outbox$ begin
  perform pg_advisory_xact_lock(7430921585);
  if to_regclass('"outbox"') is null then
    create table "outbox" (
      id bigserial primary key,
      method text not null,
      payload jsonb not null,
      partition integer not null default 0,
      created_at timestamptz not null default now()
    ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
    create index "outbox_partition_id" on "outbox" (partition, id);
  end if;
  if to_regclass('"outbox_leases"') is null then
    create table "outbox_leases" (
      partition integer primary key,
      owner text,
      fence bigint not null default 0,
      leased_until timestamptz not null default 'epoch',
      failing_id bigint,
      attempts integer not null default 0,
      retry_at timestamptz not null default 'epoch',
      last_error text,
      failed_at timestamptz
    ) with (fillfactor = 50);
  end if;
  if to_regclass('"outbox_parked"') is null then
    create table "outbox_parked" (
      id bigint primary key,
      method text not null,
      payload jsonb not null,
      partition integer not null,
      created_at timestamptz not null,
      attempts integer not null,
      code integer,
      error text not null,
      parked_at timestamptz not null default now()
    );
  end if;
  if not exists (
    select from pg_trigger where tgname = 'outbox_notify' and tgrelid = '"outbox"'::regclass and not tgisinternal
  ) then
    create or replace function "outbox_notify"() returns trigger language plpgsql as $notify$ begin
      perform pg_notify('outbox', partition::text) from (select distinct partition from inserted) as partitions;
      return null;
    end $notify$;
    create trigger "outbox_notify" after insert on "outbox" referencing new table as inserted
      for each statement execute function "outbox_notify"();
  end if;
end $outbox$

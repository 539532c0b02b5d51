/**
 * Documents in Postgres or PGlite: updates are appended, and a snapshot takes their place from time to time. Every
 * change is ONE statement, so that a pool will do and no connection is held.
 */
import type { CollabStore, CompactionBase, SaveVersionOptions, StoredDocument, Version } from './store.ts'

/**
 * Runs one statement with `$1` parameters and gives its rows; bytes as `Uint8Array`. With pg:
 * `(sql, params) => pool.query(sql, params)`; with PGlite: `(sql, params) => pglite.query(sql, params)`.
 */
export type SqlQuery = (
  sql: string,
  parameters: unknown[],
) => Promise<{ readonly rows: readonly Record<string, unknown>[] }>

/**
 * The tables, for those who migrate by themselves. `create table if not exists` is no protection against another process
 * that makes the same table now; the lock is.
 */
export const collabTables = `do $$ begin
  perform pg_advisory_xact_lock(7430921584);
  create table if not exists collab_documents (
    room text primary key,
    snapshot bytea not null,
    revision bigint not null,
    updated_at timestamptz not null default now()
  );
  create table if not exists collab_updates (
    id bigserial primary key,
    room text not null,
    data bytea not null,
    created_at timestamptz not null default now()
  );
  create index if not exists collab_updates_room on collab_updates (room, id);
  create table if not exists collab_versions (
    id bigserial primary key,
    room text not null,
    snapshot bytea not null,
    created_at timestamptz not null default now()
  );
  create index if not exists collab_versions_room on collab_versions (room, id);
end $$`

const tablesPresent = `
  select to_regclass('collab_documents') is not null and to_regclass('collab_updates') is not null
    and to_regclass('collab_versions') is not null as present`

// One statement sees one state of the database: a compaction of another process is in it as a whole or not at all.
const load = `
  select null::text as id, revision::text as revision, snapshot as data from collab_documents where room = $1
  union all
  select * from (select id::text, null, data from collab_updates where room = $1 order by id) as updates`

const append = 'insert into collab_updates (room, data) values ($1, $2)'

// Only rows that were read are taken away: an id of a transaction that commits late may be smaller than those. Of two
// that compact at once the second finds another revision, and changes nothing; and one that read a document that was
// deleted since finds its rows gone.
const compact = `
  with present as (
    select count(*) = cardinality($4::bigint[]) as yes from collab_updates where id = any($4::bigint[])
  ), compacted as (
    insert into collab_documents as d (room, snapshot, revision)
    select $1, $2, 1 where $3::bigint = 0 and (select yes from present)
    on conflict (room) do nothing
    returning room
  ), replaced as (
    update collab_documents set snapshot = $2, revision = revision + 1, updated_at = now()
    where room = $1 and revision = $3::bigint and $3::bigint > 0 and (select yes from present)
    returning room
  ), done as (
    select room from compacted union all select room from replaced
  ), removed as (
    delete from collab_updates where room in (select room from done) and id = any($4::bigint[])
  )
  select count(*)::int as count from done`

const saveVersion = `
  with saved as (
    insert into collab_versions (room, snapshot)
    select $1, $2 where not exists (
      select from collab_versions where room = $1 and created_at > now() - $4::float8 * interval '1 millisecond'
    )
    returning id, created_at, length(snapshot) as bytes
  ), removed as (
    delete from collab_versions where exists (select from saved) and id in (
      select id from collab_versions where room = $1 order by id desc offset $3::int - 1
    )
  )
  select id::text, created_at, bytes from saved`

const versions = `
  select id::text, created_at, length(snapshot) as bytes from collab_versions where room = $1 order by id desc`

const version = 'select snapshot from collab_versions where room = $1 and id = $2::bigint'

const remove = `
  with documents as (delete from collab_documents where room = $1),
    updates as (delete from collab_updates where room = $1)
  delete from collab_versions where room = $1`

export function sqlStore(query: SqlQuery): CollabStore {
  if (typeof query !== 'function') {
    throw new TypeError('sqlStore: a function is wanted, such as (sql, parameters) => pool.query(sql, parameters)')
  }
  return {
    async open() {
      // A role that may not make tables finds those that somebody else has made.
      const { rows } = await query(tablesPresent, [])
      if (rows[0]?.['present'] !== true) await query(collabTables, [])
    },
    async load(room): Promise<StoredDocument> {
      const { rows } = await query(load, [room])
      let revision = 0
      const updateIds: string[] = []
      const updates = rows.map((row) => {
        if (row['id'] === null) revision = Number(row['revision'])
        else updateIds.push(row['id'] as string)
        return bytesOf(row['data'])
      })
      return { updates, base: { revision, updateIds } }
    },
    async append(room, update) {
      await query(append, [room, update])
    },
    async compact(room, snapshot, { revision, updateIds }: CompactionBase) {
      const { rows } = await query(compact, [room, snapshot, revision, updateIds])
      return rows[0]?.['count'] === 1
    },
    async saveVersion(room, snapshot, { most, unlessWithinMs = 0 }: SaveVersionOptions) {
      const { rows } = await query(saveVersion, [room, snapshot, most, unlessWithinMs])
      return rows[0] && versionOf(rows[0])
    },
    async versions(room) {
      const { rows } = await query(versions, [room])
      return rows.map(versionOf)
    },
    async version(room, id) {
      if (!/^\d{1,18}$/.test(id)) return undefined
      const { rows } = await query(version, [room, id])
      return rows[0] && bytesOf(rows[0]['snapshot'])
    },
    async delete(room) {
      await query(remove, [room])
    },
  }
}

function versionOf(row: Record<string, unknown>): Version {
  const { id, created_at: createdAt, bytes } = row
  return {
    id: String(id),
    createdAt: createdAt instanceof Date ? createdAt : new Date(String(createdAt)),
    bytes: Number(bytes),
  }
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new TypeError(`The database gave ${typeof value} for bytes: the query function has to give bytea as Uint8Array`)
}

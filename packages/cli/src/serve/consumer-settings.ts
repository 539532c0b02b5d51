/** What the configuration says of consumers: which of them the hub has, and how they read. */
import { parseDuration } from '@backchannel/hub/config'
import type { Setting, Tree } from '../load/tree.ts'
import { consumer } from '../options/engine.ts'

export interface ConsumerSettings {
  readonly name: string
  /** `postgres://…`. May hold a password. */
  readonly dsn: string
  /** As it stands in the statement. */
  readonly table: string
  readonly partitions: number
  readonly selectLimit: number
  readonly pollIntervalMs: number
  /** Empty: none. */
  readonly notificationChannel: string
  /** Empty: the same database. */
  readonly notificationDsn: string
  readonly useTryLock: boolean
  /** Undefined: what the DSN says. PEM is text, base64 of it, or a file's path. */
  readonly tls: ConsumerTls | undefined
}

export interface ConsumerTls {
  readonly cert: string
  readonly key: string
  readonly ca: string
  readonly serverName: string
  readonly isUnverified: boolean
}

/** Options of the hub's own consumer. `client_ca_pem` is a server's. */
const consumed = new Set([
  'dsn',
  'outbox_table_name',
  'num_partitions',
  'partition_select_limit',
  'partition_poll_interval',
  'partition_notification_channel',
  'partition_notification_dsn',
  'use_try_lock',
  'tls.enabled',
  'tls.cert_pem',
  'tls.key_pem',
  'tls.server_ca_pem',
  'tls.server_name',
  'tls.insecure_skip_verify',
])
const section = 'consumers.postgresql.'

/** Whether the option says something to a consumer that there is. */
export function isConsumed({ path, value, beside }: Setting): boolean {
  if (path === 'consumers.type') return value === 'postgresql'
  if (path === 'consumers.enabled') return beside['type'] === 'postgresql'
  return path.startsWith(section) && consumed.has(path.slice(section.length))
}

/** A name as SQL takes it; quoted or not, with a schema or without. */
const tableName = /^(?:(?:[a-z_]\w{0,62}|"[^"\0]{1,63}")\.)?(?:[a-z_]\w{0,62}|"[^"\0]{1,63}")$/i
/** Each of them has a connection. */
const maxPartitions = 256

/** @param report gets what is wrong with a value, with the option's path */
export function consumerSettings(entries: readonly Tree[], report: (problem: string) => void): ConsumerSettings[] {
  return entries.flatMap((entry, index) => {
    if (entry['enabled'] !== true || entry['type'] !== 'postgresql') return []
    const name = typeof entry['name'] === 'string' ? entry['name'] : ''
    const place = `consumers[${name === '' ? index : name}]`
    if (name === '') report(`${place}.name: expected a name, which its locks are called by`)
    return [postgresSettings(name, (entry['postgresql'] ?? {}) as Tree, `${place}.postgresql`, report)]
  })
}

function postgresSettings(
  name: string,
  given: Tree,
  place: string,
  report: (problem: string) => void,
): ConsumerSettings {
  const expect = (option: string, what: string) => report(`${place}.${option}: expected ${what}`)
  const text = (option: string) => (given[option] ?? fallbackOf(option)) as string
  const whole = (option: string, most: number) => {
    // Zero is Centrifugo's way to say the default.
    const value = Number(given[option] ?? 0) || Number(fallbackOf(option))
    if (!Number.isInteger(value) || value < 1 || value > most) expect(option, `a whole number from 1 to ${most}`)
    return value
  }
  const dsn = text('dsn')
  const notificationDsn = text('partition_notification_dsn')
  // The value is not shown: it may hold a password.
  if (!isPostgresUrl(dsn)) expect('dsn', 'a URL such as postgres://user:password@127.0.0.1:5432/database')
  if (notificationDsn !== '' && !isPostgresUrl(notificationDsn)) {
    expect('partition_notification_dsn', 'a URL such as postgres://user:password@127.0.0.1:5432/database')
  }
  const table = text('outbox_table_name')
  if (!tableName.test(table)) expect('outbox_table_name', 'the name of a table, such as "outbox" or "app.outbox"')
  const tls = (given['tls'] ?? {}) as Tree
  return {
    name,
    dsn,
    table,
    partitions: whole('num_partitions', maxPartitions),
    selectLimit: whole('partition_select_limit', 10_000),
    pollIntervalMs: parseDuration(text('partition_poll_interval')) || 300,
    notificationChannel: text('partition_notification_channel'),
    notificationDsn,
    useTryLock: given['use_try_lock'] === true,
    tls: tls['enabled'] === true ? tlsSettings(tls) : undefined,
  }
}

function tlsSettings(tls: Tree): ConsumerTls {
  const text = (option: string) => (tls[option] ?? '') as string
  return {
    cert: text('cert_pem'),
    key: text('key_pem'),
    ca: text('server_ca_pem'),
    serverName: text('server_name'),
    isUnverified: tls['insecure_skip_verify'] === true,
  }
}

function fallbackOf(option: string): unknown {
  const node = consumer.postgresql.members.get(option)
  return node?.kind === 'option' ? node.fallback : ''
}

function isPostgresUrl(text: string): boolean {
  return ['postgres:', 'postgresql:'].includes(URL.parse(text)?.protocol ?? '')
}

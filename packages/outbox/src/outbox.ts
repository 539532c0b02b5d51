/** The writing half: a row in the app's own transaction is a publication as soon as that commits, and never otherwise. */
import { createHash, randomUUID } from 'node:crypto'
import { checkInteger, checkNames, checkText, describe } from './checks.ts'
import { namesOf } from './names.ts'
import { jsonOf } from './payload.ts'
import { run, type Transaction } from './sql.ts'

export interface OutboxOptions {
  /** The table's name, with a schema before it if it is not in the search path: `app.outbox`. @default 'outbox' */
  readonly table?: string | undefined
  /** Into how many partitions rows are spread; each is delivered in order, and beside the others. @default 1 */
  readonly partitions?: number | undefined
  /** What one row may hold as JSON, in bytes. @default 1048576 */
  readonly maxPayloadBytes?: number | undefined
}

/** Where a row goes. Rows of one partition are delivered in the order of their ids. */
export interface PlaceOptions {
  /** Rows of one key go to one partition. @default the channel; without one the user; for a broadcast '' */
  readonly partitionKey?: string | undefined
  /** The partition itself, in place of a key. */
  readonly partition?: number | undefined
}

export interface PublishOptions extends PlaceOptions {
  /** The engine publishes once per key, for five minutes. @default one of the row's own */
  readonly idempotencyKey?: string | undefined
  /** Do not append to the channel's history. */
  readonly skipHistory?: boolean | undefined
  /** Small string facts beside the data. */
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** Patches for subscribers that asked for them. */
  readonly delta?: boolean | undefined
  /** With history: skipped when not above the version published last. */
  readonly version?: number | undefined
  /** Versions of another epoch are not compared. */
  readonly versionEpoch?: string | undefined
}

/** What can be asked for beside `publish` and `broadcast`: the request as the server API takes it. */
export interface WriteRequests {
  subscribe: { user: string; channel: string } & Readonly<Record<string, unknown>>
  unsubscribe: { user: string; channel: string } & Readonly<Record<string, unknown>>
  disconnect: { user: string } & Readonly<Record<string, unknown>>
  refresh: { user: string } & Readonly<Record<string, unknown>>
  history_remove: { channel: string }
}

/** A row that was written. */
export interface Written {
  /** Of the row; decimal. */
  readonly id: string
}

export interface Outbox {
  /**
   * Writes a publication to one channel.
   * @param tx the transaction: of Drizzle, of PGlite, a client of pg, or a function (text, values)
   * @throws TypeError before anything is written, for data or options that can't be
   */
  readonly publish: (tx: Transaction, channel: string, data: unknown, options?: PublishOptions) => Promise<Written>
  /** Writes one publication to many channels. @throws TypeError as `publish` */
  readonly broadcast: (
    tx: Transaction,
    channels: readonly string[],
    data: unknown,
    options?: PublishOptions,
  ) => Promise<Written>
  /** Writes another call of the server API, with the names that this has on the wire. @throws TypeError as `publish` */
  readonly write: <M extends keyof WriteRequests>(
    tx: Transaction,
    method: M,
    request: WriteRequests[M],
    options?: PlaceOptions,
  ) => Promise<Written>
}

const placeNames = ['partitionKey', 'partition']
const publishNames = [
  ...placeNames,
  'idempotencyKey',
  'skipHistory',
  'tags',
  'delta',
  'version',
  'versionEpoch',
] as const

/** In a record, so that none is forgotten: what a request has to name. */
const required: { readonly [M in keyof WriteRequests]: readonly string[] } = {
  subscribe: ['user', 'channel'],
  unsubscribe: ['user', 'channel'],
  disconnect: ['user'],
  refresh: ['user'],
  history_remove: ['channel'],
}
const methods = new Map(Object.entries(required))

/** Centrifugo knows no more; a number above would be somebody's key. */
const maxPartitions = 1024

/**
 * `publish`, `broadcast` and `write` for a table and a number of partitions.
 * @throws TypeError for options that can't be
 */
export function createOutbox(options: OutboxOptions = {}): Outbox {
  checkNames('createOutbox', options, ['table', 'partitions', 'maxPayloadBytes'])
  const { outbox } = namesOf('createOutbox', options.table ?? 'outbox')
  const partitions = checkInteger('createOutbox', 'partitions', options.partitions ?? 1, 1, maxPartitions)
  const maxBytes = checkInteger('createOutbox', 'maxPayloadBytes', options.maxPayloadBytes ?? 2 ** 20, 1, 2 ** 27)

  async function insert(
    caller: string,
    tx: Transaction,
    method: string,
    request: Readonly<Record<string, unknown>>,
    { partitionKey, partition }: PlaceOptions,
    defaultKey: string,
  ): Promise<Written> {
    const place =
      partition === undefined
        ? partitionOf(partitionKey === undefined ? defaultKey : checkKey(caller, partitionKey), partitions)
        : checkInteger(caller, 'partition', partition, 0, partitions - 1)
    const json = jsonOf(caller, request, maxBytes)
    const statement = [
      `insert into ${outbox} (method, payload, partition) values ('${method}', `,
      ', ',
      ') returning id::text as id',
    ]
    const [row] = await run(caller, tx, statement, [{ json }, place])
    if (typeof row?.['id'] === 'string') return { id: row['id'] }
    throw new TypeError(`${caller}: the transaction's answer to "returning id" has no id`)
  }

  return {
    async publish(tx, channel, data, options = {}) {
      checkText('publish', 'channel', channel)
      const fields = publishFields('publish', options)
      return insert('publish', tx, 'publish', { channel, data, ...fields }, options, channel)
    },
    async broadcast(tx, channels, data, options = {}) {
      if (!Array.isArray(channels) || channels.length === 0) {
        const given = Array.isArray(channels) ? 'an empty one' : describe(channels)
        throw new TypeError(`broadcast: channels must be an array of channels, not ${given}`)
      }
      for (const channel of channels) checkText('broadcast', 'each of the channels', channel)
      const fields = publishFields('broadcast', options)
      return insert('broadcast', tx, 'broadcast', { channels, data, ...fields }, options, '')
    },
    async write(tx, method, request, options = {}) {
      const names = methods.get(method)
      if (!names) {
        const own = (method as string) === 'publish' || (method as string) === 'broadcast'
        const hint = own ? `: call ${method}()` : `, not ${describe(method)}`
        throw new TypeError(`write: method must be one of ${[...methods.keys()].join(', ')}${hint}`)
      }
      checkNames('write', options, placeNames)
      if (typeof request !== 'object' || request === null || Array.isArray(request)) {
        throw new TypeError(`write: the request must be an object, not ${describe(request)}`)
      }
      const fields: Readonly<Record<string, unknown>> = defined(request)
      for (const name of names) checkText(`write ${method}`, name, fields[name])
      return insert('write', tx, method, fields, options, String(fields['channel'] ?? fields['user']))
    },
  }
}

/**
 * Stable, and easy to repeat in another language: the first four bytes of the key's SHA-256, as a big-endian number,
 * modulo the number of partitions.
 */
function partitionOf(key: string, partitions: number): number {
  return partitions === 1 ? 0 : createHash('sha256').update(key).digest().readUInt32BE(0) % partitions
}

function checkKey(caller: string, key: unknown): string {
  if (typeof key === 'string') return key
  throw new TypeError(`${caller}: partitionKey must be text, not ${describe(key)}`)
}

/** The options as the wire calls them. @throws TypeError */
function publishFields(caller: string, options: PublishOptions): Record<string, unknown> {
  checkNames(caller, options, publishNames)
  const { idempotencyKey, skipHistory, tags, delta, version, versionEpoch } = options
  for (const [name, flag] of Object.entries({ skipHistory, delta })) {
    // Text such as 'off' would count as true.
    if (flag !== undefined && typeof flag !== 'boolean') {
      throw new TypeError(`${caller}: ${name} must be true or false, not ${describe(flag)}`)
    }
  }
  if (tags !== undefined && !isTags(tags)) throw new TypeError(`${caller}: tags must be an object of texts`)
  if (version !== undefined) checkInteger(caller, 'version', version, 0, Number.MAX_SAFE_INTEGER)
  if (versionEpoch !== undefined) checkText(caller, 'versionEpoch', versionEpoch)
  return defined({
    // Made here and not by the relay: it stays the row's own, whoever reads the table.
    idempotency_key: idempotencyKey === undefined ? randomUUID() : checkText(caller, 'idempotencyKey', idempotencyKey),
    skip_history: skipHistory,
    tags,
    delta,
    version,
    version_epoch: versionEpoch,
  })
}

function isTags(tags: unknown): boolean {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) return false
  return Object.values(tags).every((value) => typeof value === 'string')
}

function defined(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** With the table `outbox` and one partition. */
export const { publish, broadcast, write } = createOutbox()

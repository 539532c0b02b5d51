import { Centrifuge } from 'centrifuge/build/protobuf'

/** A message of the official client's codec: fields under their names in the definitions. */
type Message = { [field: string]: unknown }

/** The official client's codec, so that the judge of a server's codec is not of its own making. */
interface Codec {
  encodeCommands(commands: Message[]): Uint8Array
  encodeEmulationRequest(request: { node: string; session: string; data: Uint8Array }): Uint8Array
  decodeReplies(data: Uint8Array): Message[]
}

// The client offers no other way to it.
const codec = (new Centrifuge('ws://127.0.0.1') as unknown as { _codec: Codec })._codec

type Kind = 'string' | 'bytes' | 'bool' | 'int32' | 'uint32' | 'uint64' | 'int64' | Shape | readonly [Kind] | Mapping
interface Shape {
  readonly [field: string]: Kind
}
interface Mapping {
  readonly to: () => Kind
  readonly isMap: true
}

const mapTo = (to: () => Kind): Mapping => ({ to, isMap: true })

const filter: Shape = {
  op: 'string',
  key: 'string',
  cmp: 'string',
  val: 'string',
  vals: ['string'],
  get nodes(): readonly [Kind] {
    return [filter]
  },
}

const subscribe: Shape = {
  channel: 'string',
  token: 'string',
  recover: 'bool',
  epoch: 'string',
  offset: 'uint64',
  data: 'bytes',
  positioned: 'bool',
  recoverable: 'bool',
  join_leave: 'bool',
  delta: 'string',
  tf: filter,
  flag: 'int64',
  type: 'int32',
}

const command: Shape = {
  id: 'uint32',
  connect: {
    token: 'string',
    data: 'bytes',
    subs: mapTo(() => subscribe),
    name: 'string',
    version: 'string',
    headers: mapTo(() => 'string'),
    flag: 'int64',
  },
  subscribe,
  unsubscribe: { channel: 'string' },
  publish: { channel: 'string', data: 'bytes', type: 'int32', key: 'string', removed: 'bool' },
  presence: { channel: 'string' },
  presence_stats: { channel: 'string' },
  history: { channel: 'string', limit: 'int32', since: { offset: 'uint64', epoch: 'string' }, reverse: 'bool' },
  ping: {},
  send: { data: 'bytes' },
  rpc: { data: 'bytes', method: 'string' },
  refresh: { token: 'string' },
  sub_refresh: { channel: 'string', token: 'string' },
}

class NotSayable extends Error {}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function withinRange(value: unknown, least: number, most: number): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) throw new NotSayable()
  return value as number
}

/** A value of JSON as the codec takes it. */
function toMessage(value: unknown, kind: Kind): unknown {
  if (kind === 'bytes') return Buffer.from(JSON.stringify(value))
  if (kind === 'string' || kind === 'bool') {
    if (typeof value !== (kind === 'string' ? 'string' : 'boolean')) throw new NotSayable()
    return value
  }
  if (kind === 'int32') return withinRange(value, -(2 ** 31), 2 ** 31 - 1)
  if (kind === 'uint32') return withinRange(value, 0, 2 ** 32 - 1)
  if (kind === 'int64') return withinRange(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  if (kind === 'uint64') return withinRange(value, 0, Number.MAX_SAFE_INTEGER)
  if (Array.isArray(kind)) {
    if (!Array.isArray(value)) throw new NotSayable()
    return value.map((one) => toMessage(one, (kind as readonly [Kind])[0]))
  }
  if (!isRecord(value)) throw new NotSayable()
  const members = Object.entries(value).map(
    ([name, inner]) => [name, inner, kindOf(kind as Shape | Mapping, name)] as const,
  )
  // Null is as if nothing was said, except where it is data.
  const present = members.filter(([, inner, of]) => inner !== null || of === 'bytes')
  return Object.fromEntries(present.map(([name, inner, of]) => [name, toMessage(inner, of)]))
}

function kindOf(kind: Shape | Mapping, name: string): Kind {
  if (kind.isMap === true) return (kind as Mapping).to()
  const field = Object.hasOwn(kind, name) ? (kind as Shape)[name] : undefined
  if (field === undefined) throw new NotSayable()
  return field
}

/** Commands in JSON's notation, a line each, as Protobuf; undefined for what only JSON can say. */
export function encodeCommands(text: string): Uint8Array | undefined {
  try {
    const commands = text.split('\n').map((line) => {
      const value = JSON.parse(line) as unknown
      // White space, the form of a number, a key that comes twice: nothing of that is left in Protobuf.
      if (JSON.stringify(value) !== line) throw new NotSayable()
      return toMessage(value, command) as Message
    })
    return codec.encodeCommands(commands)
  } catch (error) {
    if (error instanceof NotSayable || error instanceof SyntaxError) return undefined
    throw error
  }
}

export const encodeEmulation = (request: { node: string; session: string; data: Uint8Array }): Uint8Array =>
  codec.encodeEmulationRequest(request)

/** What JSON tells even when it is zero or empty. */
const alwaysTold: Record<string, Record<string, string>> = {
  ClientInfo: { user: '""', client: '""' },
  PresenceResult: { presence: '{}' },
  PresenceStatsResult: { num_clients: '0', num_users: '0' },
  HistoryResult: { publications: '[]', epoch: '""', offset: '0' },
}

/** A decoded value as JSON would tell it: fields in their declared order, bytes as they are. */
function tell(value: unknown): string {
  if (value instanceof Uint8Array) return tellBytes(value)
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(tell).join(',')}]`
  const { constructor } = value as object
  if (constructor.name === 'Long') return String(value)
  const message = value as Message
  const declared = Object.keys(constructor.prototype as object).filter((name) => name !== 'toJSON')
  const told = declared.length === 0 ? Object.keys(message) : declared
  const members = told.flatMap((name) => {
    const isTold = Object.hasOwn(message, name) && !isEmpty(message[name])
    const text = isTold ? tell(message[name]) : alwaysTold[constructor.name]?.[name]
    return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`]
  })
  return `{${members.join(',')}}`
}

/** A list or a map without entries: the codec makes these for fields that never came. */
const isEmpty = (value: unknown): boolean =>
  (Array.isArray(value) && value.length === 0) ||
  (isRecord(value) && value.constructor === Object && Object.keys(value).length === 0)

/** Bytes that are no JSON (a patch) are shown as what they are. */
function tellBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString()
  try {
    JSON.parse(text)
    return text
  } catch {
    return Buffer.compare(Buffer.from(text), bytes) === 0
      ? `<${JSON.stringify(text)}>`
      : `<hex ${Buffer.from(bytes).toString('hex')}>`
  }
}

/** Replies in JSON's notation. */
export const decodeReplies = (bytes: Uint8Array): string[] => codec.decodeReplies(bytes).map(tell)

/** Splits a stream into messages with their lengths before them, as far as they are complete. */
export function splitDelimited(buffer: Buffer): { messages: Buffer[]; rest: Buffer } {
  const messages: Buffer[] = []
  let at = 0
  for (;;) {
    const message = delimitedAt(buffer, at)
    if (message === undefined) return { messages, rest: buffer.subarray(at) }
    messages.push(message)
    at += message.length
  }
}

function delimitedAt(buffer: Buffer, from: number): Buffer | undefined {
  let length = 0
  for (let at = from; at < buffer.length && at < from + 5; at += 1) {
    const byte = buffer.readUInt8(at)
    length += (byte & 0x7f) * 2 ** (7 * (at - from))
    if (byte < 0x80) return at + 1 + length <= buffer.length ? buffer.subarray(from, at + 1 + length) : undefined
  }
  return undefined
}

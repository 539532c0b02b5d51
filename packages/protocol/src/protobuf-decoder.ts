/**
 * Centrifugo's Protobuf protocol, the client's side: binary frames of commands, each behind its length. The wire format
 * is the library's work; here stand the fields. Unknown fields are skipped, as Protobuf wants it; a known one of another
 * type is malformed.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import type { Command, ConnectRequest, FilterNode, HistoryRequest, SubscribeRequest } from './command.ts'
import { maxFilterDepth, maxFilterNodes } from './filter-limits.ts'
import type { EmulationRequest } from './emulation.ts'
import { MalformedCommand } from './malformed-command.ts'
import type { Payload } from './payload.ts'
import { oneLine } from './raw-json.ts'

/** No message: field numbers begin with 1. */
const undecodable = Uint8Array.of(0)

/**
 * Splits a frame into commands. A length is only ever compared with what is there, never believed. A frame that ends
 * in the middle of a command, or is empty, gives one that can't be decoded, in its place: what stands before is run.
 */
export function splitProtobufFrame(frame: Uint8Array): Uint8Array[] {
  const commands: Uint8Array[] = []
  const reader = new BinaryReader(frame)
  try {
    do commands.push(reader.bytes())
    while (reader.pos < reader.len)
  } catch {
    commands.push(undecodable)
  }
  return commands
}

/** Takes one field's value into a message that is being read. */
type Field<T> = readonly [type: WireType, read: (reader: BinaryReader, into: T) => void]
type Fields<T> = Readonly<Record<number, Field<T>>>

/** @throws Error for bytes that are none of this message */
function read<T>(bytes: Uint8Array, fields: Fields<T>, into: T): T {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    const field = fields[number]
    if (!field) reader.skip(type, number)
    else if (field[0] === type) field[1](reader, into)
    else throw new MalformedCommand(`field ${number} has the wire type ${type}`)
  }
  return into
}

type KeysOf<T, V> = { [K in keyof T]-?: T[K] extends V ? (V extends T[K] ? K : never) : never }[keyof T]
type Assign<V> = Record<PropertyKey, V>

function text<T>(key: KeysOf<T, string>): Field<T> {
  return [WireType.LengthDelimited, (reader, into) => void ((into as Assign<string>)[key] = reader.string(true))]
}

function flag<T>(key: KeysOf<T, boolean>): Field<T> {
  return [WireType.Varint, (reader, into) => void ((into as Assign<boolean>)[key] = reader.bool())]
}

function int32<T>(key: KeysOf<T, number>): Field<T> {
  return [WireType.Varint, (reader, into) => void ((into as Assign<number>)[key] = reader.int32())]
}

function int64<T>(key: KeysOf<T, number>): Field<T> {
  return [WireType.Varint, (reader, into) => void ((into as Assign<number>)[key] = Number(reader.int64()))]
}

/** Above 2^53 the last digits are lost; no stream gets there, so such an offset is only ever one that doesn't fit. */
function uint64<T>(key: KeysOf<T, number>): Field<T> {
  return [WireType.Varint, (reader, into) => void ((into as Assign<number>)[key] = Number(reader.uint64()))]
}

function data<T extends { data?: Payload }>(): Field<T> {
  return [WireType.LengthDelimited, (reader, into) => void (into.data = payloadOf(reader.bytes()))]
}

/** What is known, but says nothing of a subscription to a stream. */
const ignoredInt = <T>(): Field<T> => [WireType.Varint, (reader) => void reader.int32()]
const ignoredText = <T>(): Field<T> => [WireType.LengthDelimited, (reader) => void reader.string(true)]
const ignoredBytes = <T>(): Field<T> => [WireType.LengthDelimited, (reader) => void reader.bytes()]

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text where the bytes are JSON, so that connections in JSON can be sent it; bytes otherwise. */
function payloadOf(bytes: Uint8Array): Payload {
  if (bytes.byteLength === 0) return ''
  try {
    const json = utf8.decode(bytes)
    JSON.parse(json)
    return oneLine(json)
  } catch {
    // Copied: a view would keep the whole frame for as long as the publication lives.
    return bytes.slice()
  }
}

function entry<V>(bytes: Uint8Array, value: Field<{ key: string; value: V }>, none: V): { key: string; value: V } {
  const fields: Fields<{ key: string; value: V }> = { 1: text('key'), 2: value }
  return read(bytes, fields, { key: '', value: none })
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type Filter = Writable<FilterNode> & { vals: string[]; nodes: FilterNode[] }

function filterNode(bytes: Uint8Array, depth: number, budget: { nodes: number }): FilterNode {
  if (depth > maxFilterDepth || budget.nodes-- === 0) throw new MalformedCommand('expected a smaller filter')
  const fields: Fields<Filter> = {
    1: text('op'),
    2: text('key'),
    3: text('cmp'),
    4: text('val'),
    5: [WireType.LengthDelimited, (reader, into) => void into.vals.push(reader.string(true))],
    6: [
      WireType.LengthDelimited,
      (reader, into) => void into.nodes.push(filterNode(reader.bytes(), depth + 1, budget)),
    ],
  }
  return read(bytes, fields, { op: '', key: '', cmp: '', val: '', vals: [], nodes: [] })
}

const subscribeFields: Fields<SubscribeRequest> = {
  1: text('channel'),
  2: text('token'),
  3: flag('recover'),
  6: text('epoch'),
  7: uint64('offset'),
  8: data(),
  9: flag('positioned'),
  10: flag('recoverable'),
  11: flag('joinLeave'),
  12: text('delta'),
  13: [
    WireType.LengthDelimited,
    (reader, into) => void (into.filter = filterNode(reader.bytes(), 1, { nodes: maxFilterNodes })),
  ],
  14: int64('flag'),
  15: int32('type'),
  16: ignoredInt(),
  17: ignoredText(),
  18: ignoredInt(),
  19: ignoredInt(),
}

function subscribeRequest(bytes: Uint8Array): SubscribeRequest {
  return read(bytes, subscribeFields, {
    channel: '',
    token: '',
    recover: false,
    epoch: '',
    offset: 0,
    positioned: false,
    recoverable: false,
    joinLeave: false,
    delta: '',
    flag: 0,
    type: 0,
  })
}

type Connect = ConnectRequest & { subs: Map<string, SubscribeRequest>; headers: Map<string, string> }
const noBytes = new Uint8Array()

const connectFields: Fields<Connect> = {
  1: text('token'),
  2: data(),
  3: [
    WireType.LengthDelimited,
    (reader, into) => {
      const value: Field<{ value: Uint8Array }> = [
        WireType.LengthDelimited,
        (inner, sub) => void (sub.value = inner.bytes()),
      ]
      const { key, value: sub } = entry(reader.bytes(), value, noBytes)
      into.subs.set(key, { ...subscribeRequest(sub), channel: key })
    },
  ],
  4: text('name'),
  5: text('version'),
  6: [
    WireType.LengthDelimited,
    (reader, into) => {
      const { key, value } = entry<string>(reader.bytes(), text('value'), '')
      into.headers.set(key, value)
    },
  ],
  7: ignoredInt(),
  8: ignoredBytes(),
  9: ignoredBytes(),
}

function connectRequest(bytes: Uint8Array): ConnectRequest {
  return read(bytes, connectFields, { token: '', name: '', version: '', subs: new Map(), headers: new Map() })
}

const positionFields: Fields<{ offset: number; epoch: string }> = { 1: uint64('offset'), 2: text('epoch') }

const historyFields: Fields<HistoryRequest> = {
  1: text('channel'),
  7: int32('limit'),
  8: [
    WireType.LengthDelimited,
    (reader, into) => void (into.since = read(reader.bytes(), positionFields, into.since ?? { offset: 0, epoch: '' })),
  ],
  9: flag('reverse'),
}

interface ChannelFields {
  channel: string
  token: string
  method: string
  type: number
  data: Payload
}

const channelOnly: Fields<ChannelFields> = { 1: text('channel') }
const subRefreshFields: Fields<ChannelFields> = { 1: text('channel'), 2: text('token'), 3: ignoredInt() }
const publishFields: Fields<ChannelFields> = { 1: text('channel'), 2: data(), 3: int32('type') }

function channelFields(bytes: Uint8Array, fields: Fields<ChannelFields>): ChannelFields {
  return read(bytes, fields, { channel: '', token: '', method: '', type: 0, data: '' })
}

type Read = (id: number, bytes: Uint8Array) => Command

/** By field number, which is also the order in which the protocol looks: of several the first one decides. */
const reads: Readonly<Record<number, Read>> = {
  4: (id, bytes) => ({ kind: 'connect', id, connect: connectRequest(bytes) }),
  5: (id, bytes) => ({ kind: 'subscribe', id, subscribe: subscribeRequest(bytes) }),
  6: (id, bytes) => ({ kind: 'unsubscribe', id, channel: channelFields(bytes, channelOnly).channel }),
  7: (id, bytes) => {
    const { channel, data: published, type } = channelFields(bytes, publishFields)
    return { kind: 'publish', id, channel, data: published, type }
  },
  8: (id, bytes) => ({ kind: 'presence', id, channel: channelFields(bytes, channelOnly).channel }),
  9: (id, bytes) => ({ kind: 'presenceStats', id, channel: channelFields(bytes, channelOnly).channel }),
  10: (id, bytes) => ({
    kind: 'history',
    id,
    history: read(bytes, historyFields, { channel: '', limit: 0, reverse: false }),
  }),
  11: (id, bytes) => {
    read(bytes, {}, undefined)
    return { kind: 'ping', id }
  },
  12: (id, bytes) => ({ kind: 'send', id, data: channelFields(bytes, { 1: data() }).data }),
  13: (id, bytes) => {
    const { method, data: sent } = channelFields(bytes, { 1: data(), 2: text('method') })
    return { kind: 'rpc', id, method, data: sent }
  },
  14: (id, bytes) => ({ kind: 'refresh', id, token: channelFields(bytes, { 1: text('token') }).token }),
  15: (id, bytes) => {
    const { channel, token } = channelFields(bytes, subRefreshFields)
    return { kind: 'subRefresh', id, channel, token }
  },
}
const sendField = 12

/**
 * One command from its bytes.
 * @throws MalformedCommand
 */
export function decodeCommandProtobuf(bytes: Uint8Array): Command {
  try {
    return decode(bytes)
  } catch (error) {
    if (error instanceof MalformedCommand) throw error
    throw new MalformedCommand(error instanceof Error ? error.message : String(error))
  }
}

function decode(bytes: Uint8Array): Command {
  const reader = new BinaryReader(bytes)
  let id = 0
  const bodies = new Map<number, Uint8Array>()
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (number === 1 && type === WireType.Varint) id = reader.uint32()
    else if (reads[number] && type === WireType.LengthDelimited) {
      const known = bodies.get(number)
      const body = reader.bytes()
      // The parts of a message that was cut are merged, and that is what the joined bytes of them say.
      bodies.set(number, known ? joined(known, body) : body)
    } else if (number === 1 || reads[number]) throw new MalformedCommand(`field ${number} has the wire type ${type}`)
    else reader.skip(type, number)
  }
  const commands = Array.from(bodies.keys())
    .sort((one, other) => one - other)
    .map((number) => reads[number]?.(id, bodies.get(number) ?? noBytes))
  // Without an id everything but `send` counts as the answer to a ping, whatever else it holds.
  if (id === 0 && !bodies.has(sendField)) return { kind: 'pong', id: 0 }
  return commands[0] ?? { kind: 'unknown', id }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.byteLength + other.byteLength)
  both.set(one)
  both.set(other, one.byteLength)
  return both
}

/** @throws MalformedCommand */
export function decodeEmulationProtobuf(bytes: Uint8Array): EmulationRequest {
  const fields: Fields<EmulationRequest> = {
    1: text('node'),
    2: text('session'),
    3: [WireType.LengthDelimited, (reader, into) => void (into.data = reader.bytes())],
  }
  try {
    return read(bytes, fields, { node: '', session: '', data: noBytes })
  } catch (error) {
    throw new MalformedCommand(error instanceof Error ? error.message : String(error))
  }
}

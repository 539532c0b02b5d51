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
import { payloadOf, type Payload } from './payload.ts'

const varintBytes = 10

/**
 * The bytes behind a length, as a view: a length is only ever compared with what is there, never believed. The library
 * alone would read one of more than 32 bits as another, smaller one.
 */
function lengthDelimited(reader: BinaryReader): Uint8Array {
  const start = reader.pos
  let length = reader.uint32()
  if (reader.pos - start >= 5) {
    reader.pos = start
    length = Number(reader.uint64())
  }
  if (length > reader.len - reader.pos) throw new MalformedCommand('a length that goes beyond its frame')
  reader.pos = start
  return reader.bytes()
}

/** Nothing in the protocol is a group, and the library would follow nested ones by recursion. */
function skip(reader: BinaryReader, type: WireType): void {
  if (type === WireType.Varint) {
    const start = reader.pos
    reader.skip(type)
    if (reader.pos - start > varintBytes) throw new MalformedCommand('a number of too many bytes')
  } else if (type === WireType.LengthDelimited) lengthDelimited(reader)
  else if (type === WireType.Bit32 || type === WireType.Bit64) reader.skip(type)
  else throw new MalformedCommand('a group')
}

/** No message: field numbers begin with 1. */
const undecodable = Uint8Array.of(0)

/**
 * Splits a frame into commands, which are views of it. A frame that ends in the middle of a command, or is empty, gives
 * one that can't be decoded, in its place: what stands before is run.
 */
export function splitProtobufFrame(frame: Uint8Array): Uint8Array[] {
  const commands: Uint8Array[] = []
  const reader = new BinaryReader(frame)
  try {
    do commands.push(lengthDelimited(reader))
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
    if (!field) skip(reader, type)
    else if (field[0] === type) field[1](reader, into)
    else throw new MalformedCommand(`field ${number} has the wire type ${type}`)
  }
  return into
}

type KeysOf<T, V> = { [K in keyof T]-?: T[K] extends V ? (V extends T[K] ? K : never) : never }[keyof T]
type Assign<V> = Record<PropertyKey, V>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(reader: BinaryReader): string {
  return utf8.decode(lengthDelimited(reader))
}

function text<T>(key: KeysOf<T, string>): Field<T> {
  return [WireType.LengthDelimited, (reader, into) => void ((into as Assign<string>)[key] = textOf(reader))]
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
  return [WireType.LengthDelimited, (reader, into) => void (into.data = payloadOf(lengthDelimited(reader)))]
}

/** What is known, but says nothing of a subscription to a stream. */
const ignoredInt = <T>(): Field<T> => [WireType.Varint, (reader) => void reader.int32()]
const ignoredText = <T>(): Field<T> => [WireType.LengthDelimited, (reader) => void textOf(reader)]
const ignoredMessage = <T>(fields: Fields<undefined>): Field<T> => [
  WireType.LengthDelimited,
  (reader) => read(lengthDelimited(reader), fields, undefined),
]

function entry<V>(bytes: Uint8Array, value: Field<{ key: string; value: V }>, none: V): { key: string; value: V } {
  const fields: Fields<{ key: string; value: V }> = { 1: text('key'), 2: value }
  return read(bytes, fields, { key: '', value: none })
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type Filter = Writable<FilterNode> & { vals: string[]; nodes: FilterNode[] }

function filterNode(bytes: Uint8Array, depth: number, budget: { nodes: number }, into = emptyFilter()): FilterNode {
  if (depth > maxFilterDepth || budget.nodes-- === 0) throw new MalformedCommand('expected a smaller filter')
  const fields: Fields<Filter> = {
    1: text('op'),
    2: text('key'),
    3: text('cmp'),
    4: text('val'),
    5: [WireType.LengthDelimited, (reader, node) => void node.vals.push(textOf(reader))],
    6: [
      WireType.LengthDelimited,
      (reader, node) => void node.nodes.push(filterNode(lengthDelimited(reader), depth + 1, budget)),
    ],
  }
  return read(bytes, fields, into)
}

function emptyFilter(): Filter {
  return { op: '', key: '', cmp: '', val: '', vals: [], nodes: [] }
}

type Subscribe = SubscribeRequest & { filter?: Filter }

const subscribeFields: Fields<Subscribe> = {
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
    (reader, into) => {
      into.filter ??= emptyFilter()
      filterNode(lengthDelimited(reader), 1, { nodes: maxFilterNodes }, into.filter)
    },
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
        (inner, sub) => void (sub.value = lengthDelimited(inner)),
      ]
      const { key, value: sub } = entry(lengthDelimited(reader), value, noBytes)
      // As in JSON: what comes with a subscription goes to nobody here.
      const { data: _data, ...request } = subscribeRequest(sub)
      into.subs.set(key, { ...request, channel: key })
    },
  ],
  4: text('name'),
  5: text('version'),
  6: [
    WireType.LengthDelimited,
    (reader, into) => {
      const { key, value } = entry<string>(lengthDelimited(reader), text('value'), '')
      into.headers.set(key, value)
    },
  ],
  7: ignoredInt(),
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
    (reader, into) =>
      void (into.since = read(lengthDelimited(reader), positionFields, into.since ?? { offset: 0, epoch: '' })),
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
const publishFields: Fields<ChannelFields> = {
  1: text('channel'),
  2: data(),
  3: int32('type'),
  4: ignoredText(),
  5: ignoredInt(),
}
const subRefreshFields: Fields<ChannelFields> = {
  1: text('channel'),
  2: text('token'),
  3: ignoredInt(),
  4: ignoredMessage({ 1: ignoredText(), 2: ignoredMessage({ 1: ignoredText(), 2: ignoredInt() }) }),
  5: ignoredText(),
}

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
  const bodies = new Map<number, Uint8Array[]>()
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (number === 1 && type === WireType.Varint) id = reader.uint32()
    else if (reads[number] && type === WireType.LengthDelimited) {
      const parts = bodies.get(number)
      if (parts) parts.push(lengthDelimited(reader))
      else bodies.set(number, [lengthDelimited(reader)])
    } else if (number === 1 || reads[number]) throw new MalformedCommand(`field ${number} has the wire type ${type}`)
    else skip(reader, type)
  }
  const commands = Array.from(bodies)
    .sort(([one], [other]) => one - other)
    .map(([number, parts]) => {
      const body = reads[number]
      // Each of them has to be whole by itself.
      if (parts.length > 1) for (const part of parts) body?.(id, part)
      return body?.(id, joined(parts))
    })
  // Without an id everything but `send` counts as the answer to a ping, whatever else it holds.
  if (id === 0 && !bodies.has(sendField)) return { kind: 'pong', id: 0 }
  return commands[0] ?? { kind: 'unknown', id }
}

/** A message may come in parts, which are merged: just what their bytes say when they are joined. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  if (first && parts.length === 1) return first
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}

/** @throws MalformedCommand */
export function decodeEmulationProtobuf(bytes: Uint8Array): Required<EmulationRequest> {
  const fields: Fields<EmulationRequest> = {
    1: text('node'),
    2: text('session'),
    3: [WireType.LengthDelimited, (reader, into) => void (into.data = lengthDelimited(reader))],
  }
  try {
    return read(bytes, fields, { node: '', session: '', data: noBytes })
  } catch (error) {
    throw new MalformedCommand(error instanceof Error ? error.message : String(error))
  }
}

/** Centrifugo's JSON protocol, the client's side: text frames of newline-separated commands. */
import type { Command, ConnectRequest, FilterNode, HistoryRequest, SubscribeRequest } from './command.ts'
import { maxFilterDepth, maxFilterNodes } from './filter-limits.ts'
import type { EmulationRequest } from './emulation.ts'
import { MalformedCommand } from './malformed-command.ts'
import { rawMember } from './raw-json.ts'

/**
 * Splits a text frame into commands' texts. One newline at the end is allowed; an empty frame or an empty line is a
 * command that can't be decoded, in its place: what stands before it is still run.
 */
export function splitFrame(frame: string): string[] {
  const text = frame.endsWith('\n') ? frame.slice(0, -1) : frame
  return text.includes('\n') ? text.split('\n') : [text]
}

type JsonObject = { readonly [name: string]: unknown }

function malformed(what: string, name: string): never {
  throw new MalformedCommand(`${name}: expected ${what}`)
}

function object(value: unknown, name: string): JsonObject {
  if (value === null || value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value)) malformed('an object', name)
  return value as JsonObject
}

function string(value: unknown, name: string): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : malformed('a string', name)
}

function list(value: unknown, name: string): readonly unknown[] {
  if (value === null || value === undefined) return []
  return Array.isArray(value) ? (value as unknown[]) : malformed('a list', name)
}

function boolean(value: unknown, name: string): boolean {
  if (value === null || value === undefined) return false
  return typeof value === 'boolean' ? value : malformed('true or false', name)
}

const int32 = { min: -(2 ** 31), max: 2 ** 31 - 1 }
const uint32 = { min: 0, max: 2 ** 32 - 1 }
// Above 2^53 the last digits are lost; nothing real gets there, so such a number is only ever one that doesn't fit.
const int64 = { min: -(2 ** 63), max: 2 ** 63 }
const uint64 = { min: 0, max: 2 ** 64 }

function integer(value: unknown, range: { min: number; max: number }, name: string): number {
  if (value === null || value === undefined) return 0
  if (typeof value !== 'number' || !Number.isInteger(value) || value < range.min || value > range.max) {
    malformed(`an integer from ${range.min} to ${range.max}`, name)
  }
  if (Object.is(value, -0) && range.min === 0) malformed('an integer without a sign', name)
  // A signed -0 is 0.
  return value + 0
}

function optional<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [P in K]?: V }
}

function connectRequest(body: JsonObject, data: string | undefined): ConnectRequest {
  const subs = new Map<string, SubscribeRequest>()
  for (const [channel, sub] of Object.entries(object(body['subs'], 'connect.subs'))) {
    subs.set(channel, subscribeRequest({ ...object(sub, 'connect.subs'), channel }, undefined))
  }
  const headers = Object.entries(object(body['headers'], 'connect.headers'))
  integer(body['flag'], int64, 'connect.flag')
  return {
    token: string(body['token'], 'connect.token'),
    name: string(body['name'], 'connect.name'),
    version: string(body['version'], 'connect.version'),
    subs,
    headers: new Map(headers.map(([name, value]) => [name, string(value, 'connect.headers')])),
    ...optional('data', data),
  }
}

function filterNode(value: unknown, name: string, depth = 1, budget = { nodes: maxFilterNodes }): FilterNode {
  if (depth > maxFilterDepth || budget.nodes-- === 0) malformed('a smaller filter', name)
  const body = object(value, name)
  return {
    op: string(body['op'], `${name}.op`),
    key: string(body['key'], `${name}.key`),
    cmp: string(body['cmp'], `${name}.cmp`),
    val: string(body['val'], `${name}.val`),
    vals: list(body['vals'], `${name}.vals`).map((item) => string(item, `${name}.vals`)),
    nodes: list(body['nodes'], `${name}.nodes`).map((node) => filterNode(node, name, depth + 1, budget)),
  }
}

function subscribeRequest(body: JsonObject, data: string | undefined): SubscribeRequest {
  // Of subscriptions that are none here; what they may hold is known all the same.
  integer(body['phase'], int32, 'subscribe.phase')
  integer(body['limit'], int32, 'subscribe.limit')
  string(body['cursor'], 'subscribe.cursor')
  boolean(body['asc'], 'subscribe.asc')
  return {
    channel: string(body['channel'], 'subscribe.channel'),
    token: string(body['token'], 'subscribe.token'),
    recover: boolean(body['recover'], 'subscribe.recover'),
    epoch: string(body['epoch'], 'subscribe.epoch'),
    offset: integer(body['offset'], uint64, 'subscribe.offset'),
    positioned: boolean(body['positioned'], 'subscribe.positioned'),
    recoverable: boolean(body['recoverable'], 'subscribe.recoverable'),
    joinLeave: boolean(body['join_leave'], 'subscribe.join_leave'),
    delta: string(body['delta'], 'subscribe.delta'),
    flag: integer(body['flag'], int64, 'subscribe.flag'),
    type: integer(body['type'], int32, 'subscribe.type'),
    ...optional('filter', body['tf'] == null ? undefined : filterNode(body['tf'], 'subscribe.tf')),
    ...optional('data', data),
  }
}

function historyRequest(body: JsonObject): HistoryRequest {
  const since = body['since']
  const position = since === undefined || since === null ? undefined : object(since, 'history.since')
  return {
    channel: string(body['channel'], 'history.channel'),
    limit: integer(body['limit'], int32, 'history.limit'),
    reverse: boolean(body['reverse'], 'history.reverse'),
    ...optional(
      'since',
      position && {
        offset: integer(position['offset'], uint64, 'history.since.offset'),
        epoch: string(position['epoch'], 'history.since.epoch'),
      },
    ),
  }
}

/**
 * The connect request of a unidirectional connection, which is no command: its members stand alone. Nothing, or
 * `null`, is an empty one.
 * @throws MalformedCommand
 */
export function decodeConnectRequest(text: string): ConnectRequest {
  let parsed: unknown = {}
  try {
    if (text !== '') parsed = JSON.parse(text)
  } catch {
    throw new MalformedCommand('not JSON')
  }
  const body = object(parsed, 'connect')
  return connectRequest(body, body['data'] === undefined ? undefined : rawMember(text, 'data'))
}

type Read = (id: number, body: JsonObject, text: string) => Command

/** In the order in which the protocol looks: of several members the first one decides. */
const reads: readonly (readonly [name: string, read: Read])[] = [
  [
    'connect',
    (id, body, text) => ({
      kind: 'connect',
      id,
      connect: connectRequest(body, body['data'] === undefined ? undefined : rawMember(text, 'connect', 'data')),
    }),
  ],
  [
    'subscribe',
    (id, body, text) => ({
      kind: 'subscribe',
      id,
      subscribe: subscribeRequest(body, body['data'] === undefined ? undefined : rawMember(text, 'subscribe', 'data')),
    }),
  ],
  ['unsubscribe', (id, body) => ({ kind: 'unsubscribe', id, channel: string(body['channel'], 'unsubscribe.channel') })],
  [
    'publish',
    (id, body, text) => ({
      kind: 'publish',
      id,
      channel: string(body['channel'], 'publish.channel'),
      data: rawMember(text, 'publish', 'data') ?? '',
      type: integer(body['type'], int32, 'publish.type'),
    }),
  ],
  ['presence', (id, body) => ({ kind: 'presence', id, channel: string(body['channel'], 'presence.channel') })],
  [
    'presence_stats',
    (id, body) => ({ kind: 'presenceStats', id, channel: string(body['channel'], 'presence_stats.channel') }),
  ],
  ['history', (id, body) => ({ kind: 'history', id, history: historyRequest(body) })],
  ['ping', (id) => ({ kind: 'ping', id })],
  ['send', (id, _body, text) => ({ kind: 'send', id, data: rawMember(text, 'send', 'data') ?? '' })],
  [
    'rpc',
    (id, body, text) => ({
      kind: 'rpc',
      id,
      method: string(body['method'], 'rpc.method'),
      data: rawMember(text, 'rpc', 'data') ?? '',
    }),
  ],
  ['refresh', (id, body) => ({ kind: 'refresh', id, token: string(body['token'], 'refresh.token') })],
  [
    'sub_refresh',
    (id, body) => ({
      kind: 'subRefresh',
      id,
      channel: string(body['channel'], 'sub_refresh.channel'),
      token: string(body['token'], 'sub_refresh.token'),
    }),
  ],
]

const readers: ReadonlyMap<string, { readonly rank: number; readonly name: string; readonly read: Read }> = new Map(
  reads.map(([name, read], rank) => [name, { rank, name, read }]),
)

/**
 * One command from its text.
 * @throws MalformedCommand when the text is not JSON, not an object, or a field has another type than the protocol's.
 */
export function decodeCommand(text: string): Command {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new MalformedCommand('not JSON')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) malformed('an object', 'command')
  const command = parsed as JsonObject
  const id = integer(command['id'], uint32, 'id')
  let reader: ReturnType<typeof readers.get>
  // Commands have two members or so, kinds are a dozen: it is the members that are walked.
  for (const name of Object.keys(command)) {
    const candidate = readers.get(name)
    if (!candidate || command[name] === null) continue
    object(command[name], name)
    if (!reader || candidate.rank < reader.rank) reader = candidate
  }
  const decoded = reader?.read(id, object(command[reader.name], reader.name), text)
  // Without an id everything but `send` counts as the answer to a ping, whatever else it holds.
  const isSend = command['send'] !== undefined && command['send'] !== null
  if (id === 0 && !isSend) return { kind: 'pong', id: 0 }
  return decoded ?? { kind: 'unknown', id }
}

/**
 * A request of an emulated connection; its data is a frame, as a string.
 * @throws MalformedCommand
 */
export function decodeEmulation(text: string): EmulationRequest {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new MalformedCommand('not JSON')
  }
  const body = object(parsed, 'emulation')
  const { data } = body
  return {
    node: string(body['node'], 'emulation.node'),
    session: string(body['session'], 'emulation.session'),
    ...(typeof data === 'string' ? { data: new TextEncoder().encode(data) } : {}),
  }
}

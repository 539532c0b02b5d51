/** Any command, reply and push there can be, for the tests of both codecs. */
import * as fc from 'fast-check'
import type { Push } from '../push.ts'
import type { ClientInfo, ConnectResult, Publication, Reply, SubscribeResult } from '../reply.ts'

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const anyText = fc.string({ unit: 'binary' })
// Keys without backslashes: see the tests of raw JSON.
const name = anyText.map((plain) => plain.replaceAll('\\', '/'))
/** JSON text, as publications carry it. */
export const anyPayload = fc
  .json()
  .map((json) => json.replaceAll('\\', '/'))
  .filter((json) => isJson(json))
const count = fc.nat({ max: 2 ** 31 })
/** Numbers around every length that a varint may have. */
const position = fc.oneof(
  fc.nat({ max: 300 }),
  fc.nat({ max: 2 ** 31 }),
  fc.integer({ min: 2 ** 32 - 2, max: 2 ** 32 + 2 }),
  fc.maxSafeNat(),
)
const optional = { requiredKeys: [] as [] }

function map<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Map<string, T>> {
  return fc.array(fc.tuple(name, value), { maxLength: 3 }).map((entries) => new Map(entries))
}

const clientInfo: fc.Arbitrary<ClientInfo> = fc.record(
  { user: anyText, client: anyText, connInfo: anyPayload, chanInfo: anyPayload },
  { requiredKeys: ['user', 'client'] },
)

export const anyPublication: fc.Arbitrary<Publication> = fc.record(
  {
    data: anyPayload,
    offset: position,
    info: clientInfo,
    tags: fc.dictionary(name, anyText),
    epoch: anyText,
    version: position,
  },
  { requiredKeys: ['data', 'offset'] },
)

const subscription: fc.Arbitrary<SubscribeResult> = fc.record(
  {
    expires: fc.boolean(),
    ttl: count,
    recoverable: fc.boolean(),
    positioned: fc.boolean(),
    epoch: anyText,
    offset: position,
    publications: fc.array(anyPublication, { maxLength: 3 }),
    recovered: fc.boolean(),
    wasRecovering: fc.boolean(),
    data: anyPayload,
  },
  optional,
)

const connection: fc.Arbitrary<ConnectResult> = fc.record(
  {
    client: anyText,
    version: anyText,
    expires: fc.boolean(),
    ttl: count,
    data: anyPayload,
    subs: map(subscription),
    ping: count,
    pong: fc.boolean(),
    session: anyText,
    node: anyText,
    time: position,
  },
  { requiredKeys: ['client', 'version'] },
)

const expiry = fc.record({ expires: fc.boolean(), ttl: count }, optional)

export const anyReply: fc.Arbitrary<Reply> = fc
  .tuple(
    fc.nat({ max: 2 ** 32 - 1 }),
    fc.oneof(
      fc.record({
        error: fc.record(
          { code: count, message: anyText, temporary: fc.constant<true>(true) },
          { requiredKeys: ['code', 'message'] },
        ),
      }),
      fc.record({ connect: connection }),
      fc.record({ subscribe: subscription }),
      fc.record({ unsubscribe: fc.constant({}) }),
      fc.record({ publish: fc.constant({}) }),
      fc.record({ presence: fc.record({ presence: map(clientInfo) }) }),
      fc.record({ presenceStats: fc.record({ numClients: count, numUsers: count }) }),
      fc.record({
        history: fc.record({
          publications: fc.array(anyPublication, { maxLength: 3 }),
          epoch: anyText,
          offset: position,
        }),
      }),
      fc.record({ rpc: fc.record({ data: anyPayload }, optional) }),
      fc.record({ refresh: expiry }),
      fc.record({ subRefresh: expiry }),
    ),
  )
  .map(([id, body]) => ({ id, ...body }))

const coded = fc.record({ code: count, reason: anyText })
const subscribed = fc.record(
  { recoverable: fc.boolean(), positioned: fc.boolean(), epoch: anyText, offset: position, data: anyPayload },
  optional,
)

export const anyPush: fc.Arbitrary<Push> = fc.oneof(
  fc.record({ channel: anyText, pub: anyPublication }),
  fc.record({ channel: anyText, join: fc.record({ info: clientInfo }) }),
  fc.record({ channel: anyText, leave: fc.record({ info: clientInfo }) }),
  fc.record({ channel: anyText, unsubscribe: coded }),
  fc.record({ channel: anyText, subscribe: subscribed }),
  fc.record({ connect: connection }),
  fc.record({ message: fc.record({ data: anyPayload }) }),
  fc.record({ disconnect: coded }),
  fc.record({ refresh: expiry }),
) as fc.Arbitrary<Push>

/** A command as a client's program holds it: the wire's names, and any JSON value for data. */
export interface WireCommand {
  readonly id?: number
  readonly [body: string]: unknown
}

type Members = Record<string, fc.Arbitrary<unknown>>

/** Any of these members, or none. */
function some(members: Members): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(members, optional)
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const data = fc.jsonValue()

const { filter } = fc.letrec<{ filter: Record<string, unknown> }>((tie) => ({
  filter: some({
    op: fc.constantFrom('', 'and', 'or', 'not'),
    key: anyText,
    cmp: fc.constantFrom('', 'eq', 'in', 'gte'),
    val: anyText,
    vals: fc.array(anyText, { maxLength: 3 }),
    nodes: fc.array(tie('filter'), { maxLength: 2, depthIdentifier: 'filter' }),
  }),
}))

const subscribe: Members = {
  token: anyText,
  recover: fc.boolean(),
  epoch: anyText,
  offset: position,
  data,
  positioned: fc.boolean(),
  recoverable: fc.boolean(),
  join_leave: fc.boolean(),
  delta: anyText,
  tf: filter,
  flag: int32,
  type: int32,
  phase: int32,
  cursor: anyText,
  limit: int32,
  asc: fc.boolean(),
}
const onlyChannel = some({ channel: anyText })

const bodies: Members = {
  connect: some({
    token: anyText,
    data,
    subs: fc.dictionary(name, some(subscribe), { maxKeys: 3 }),
    name: anyText,
    version: anyText,
    headers: fc.dictionary(name, anyText, { maxKeys: 3 }),
    flag: int32,
  }),
  subscribe: some({ channel: anyText, ...subscribe }),
  unsubscribe: onlyChannel,
  publish: some({ channel: anyText, data, type: int32, key: anyText, removed: fc.boolean() }),
  presence: onlyChannel,
  presence_stats: onlyChannel,
  history: some({
    channel: anyText,
    limit: int32,
    since: some({ offset: position, epoch: anyText }),
    reverse: fc.boolean(),
  }),
  ping: fc.constant({}),
  send: some({ data }),
  rpc: some({ data, method: anyText }),
  refresh: some({ token: anyText }),
  sub_refresh: some({
    channel: anyText,
    token: anyText,
    type: int32,
    track: fc.array(some({ signature: anyText, items: fc.array(some({ key: anyText, version: position })) }), {
      maxLength: 2,
    }),
    untrack: fc.array(anyText, { maxLength: 2 }),
  }),
}

/** With one body as a rule, with any number of them now and then, and with or without an id. */
export const anyCommand: fc.Arbitrary<WireCommand> = fc
  .tuple(
    fc.nat({ max: 2 ** 32 - 1 }),
    fc.oneof(
      { arbitrary: some(bodies), weight: 1 },
      ...Object.entries(bodies).map(([body, members]) => ({ arbitrary: fc.record({ [body]: members }), weight: 1 })),
    ),
  )
  .map(([id, body]) => (id === 0 ? body : { id, ...body }))

/** Any body to any method: an answer, never a throw, never an error that nobody expected, and nothing left behind. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { answerApiCall, isApiPath } from './http-api.ts'
import { createHub } from '../hub.ts'
import { apiSchemas } from './server-api-schemas.ts'
import { createTestHub } from '../testing/index.ts'

const methods = [...Object.keys(apiSchemas), 'batch']

const name = fc.constantFrom(
  ...'channel channels data b64data tags idempotency_key skip_history version version_epoch delta user client session'.split(
    ' ',
  ),
  ...'info b64info expire_at recover_since override expired whitelist disconnect limit since reverse pattern'.split(
    ' ',
  ),
  ...'method params commands parallel offset epoch code reason value presence force_recovery __proto__ key id'.split(
    ' ',
  ),
)
const text = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('', 'open:a', 'kept:a', 'closed:a', 'nowhere:a', 'a', '$open:a', 'open:é') },
  { weight: 3, arbitrary: fc.constantFrom('alice', 'e30=', '%', '__proto__', '[', '{a', 'open:[!b]', 'k', 'publish') },
  { weight: 1, arbitrary: fc.string({ maxLength: 8, unit: 'binary' }) },
)
const number = fc.constantFrom(0, 1, -1, 1.5, 4000, 1e300, 2 ** 53, 2 ** 32, -(2 ** 31), 2_000_000_000)

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    number,
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(name, fc.constantFrom(...methods)), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}))
/** Mostly of the right types, so that many get past the first check. */
const request = fc.oneof(
  { weight: 1, arbitrary: fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true }) },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        channel: text,
        channels: fc.array(text, { maxLength: 3 }),
        data: value,
        user: fc.constantFrom('', 'alice', 'bob'),
        b64data: text,
        tags: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
        limit: fc.integer({ min: -2, max: 5 }),
        since: fc.record({ offset: fc.nat(5), epoch: text }, { requiredKeys: [] }),
        reverse: fc.boolean(),
        delta: fc.boolean(),
        skip_history: fc.boolean(),
        pattern: text,
        method: text,
        key: text,
        version: fc.nat(3),
        idempotency_key: text,
        expire_at: fc.constantFrom(-1, 0, 1, 2_000_000_000),
        recover_since: fc.record({ offset: fc.nat(5), epoch: text }),
        override: fc.dictionary(
          fc.constantFrom('presence', 'join_leave', 'force_recovery', 'force_positioning', 'force_push_join_leave'),
          fc.record({ value: fc.boolean() }),
          { noNullPrototype: true },
        ),
        info: value,
        b64info: text,
        whitelist: fc.array(text, { maxLength: 2 }),
        // Rarely, or soon nobody would be left.
        session: fc.constantFrom('', 'nobody', 'nobody'),
        client: fc.constantFrom('', 'nobody', 'nobody'),
      },
      { requiredKeys: [] },
    ),
  },
)
const method = fc.constantFrom(...methods.filter((word) => word !== 'batch'))
const batch = fc.record(
  {
    commands: fc.array(
      fc.oneof(
        {
          weight: 8,
          arbitrary: fc
            .tuple(fc.oneof({ weight: 9, arbitrary: method }, { weight: 1, arbitrary: fc.constant('dance') }), request)
            .map(([word, body]) => ({ [word]: body })),
        },
        { weight: 1, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: value },
      ),
      { maxLength: 4 },
    ),
    parallel: fc.boolean(),
  },
  { requiredKeys: ['commands'] },
)
const legacy = fc
  .array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc
          .tuple(fc.oneof(method, fc.integer({ min: -1, max: 45 }), value), request, fc.oneof(fc.nat(5), value))
          .map(([word, params, id]) => JSON.stringify({ id, method: word, params })),
      },
      { weight: 1, arbitrary: value.map((any) => JSON.stringify(any)) },
      { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
    ),
    { maxLength: 3 },
  )
  .chain((lines) => fc.constantFrom('\n', '', ' \r\n').map((between) => lines.join(between)))

/** A good body, cut off or with a piece of it replaced. */
const broken = fc
  .tuple(request, fc.nat(200), fc.nat(10), fc.string({ maxLength: 4, unit: 'binary' }))
  .map(([body, at, length, piece]) => {
    const json = JSON.stringify(body)
    return json.slice(0, at) + piece + json.slice(at + length)
  })

const call = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(
      method,
      request.map((body) => JSON.stringify(body)),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(method, broken) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('batch'),
      batch.map((body) => JSON.stringify(body)),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant(''), legacy) },
)

const runs = Number(process.env['FUZZ_RUNS'] ?? 2000)
const limits = { timeout: 60_000 + runs * 10 }

test('the methods are paths', () => {
  expect(methods.filter((word) => !isApiPath(word))).toEqual([])
})

test(`${runs} bodies: 200 or 400, JSON, and nothing in the log`, limits, async () => {
  const hub = createTestHub()
  let peers = ['alice', 'alice', 'bob', ''].map((user) => hub.connected(user))
  const answers = new Map<number, number>()
  const unexpected = (): unknown[] => hub.log.splice(0).filter(({ level }) => level === 'error' || level === 'warn')
  await fc.assert(
    fc.asyncProperty(call, async ([path, body]) => {
      const http = { method: path, query: '', header: () => undefined }
      const answer = await answerApiCall(hub.core, http, body)
      hub.clock.advance(100)
      answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1)
      const lines = path === '' ? answer.body.split('\n').filter((line) => line !== '') : [answer.body]
      if (answer.status === 200) for (const line of lines) JSON.parse(line)
      expect(answer.status === 200 ? answer.contentType : answer.body).toBe(
        answer.status === 200 ? 'application/json' : 'Bad Request\n',
      )
      expect(unexpected()).toEqual([])
      // Somebody is always there to be subscribed, refreshed and sent away.
      peers = peers.map((peer) => (peer.closed ? hub.connected(peer.session.user) : peer))
      for (const peer of peers) peer.writes.length = 0
    }),
    { numRuns: runs },
  )
  expect(new Set(answers.keys())).toEqual(new Set([200, 400]))
  // Both kinds occur in numbers, whatever the seed: the rarer one is about a tenth.
  expect(Math.min(...answers.values())).toBeGreaterThan(runs / 50)
  hub.close()
})

const circle: { self?: unknown } = {}
circle.self = [circle]
const odd = fc.constantFrom<unknown>(
  undefined,
  circle,
  1n,
  Symbol('s'),
  () => 1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  new Date(Number.NaN),
  new Map([['a', 1]]),
  new Uint8Array([1, 255]),
  Object.create(null),
  {
    toJSON: () => {
      throw new Error('no')
    },
  },
)

test(`${runs} calls in process, with anything: an answer`, limits, async () => {
  const failures: unknown[] = []
  const hub = createHub({
    register: false,
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: (fields) => failures.push(fields) },
    config: { channel: { namespaces: [{ name: 'open' }, { name: 'kept', history_size: 5, history_ttl: '60s' }] } },
  })
  const member = fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: odd })
  const anything = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(request, fc.dictionary(name, odd, { maxKeys: 1, noNullPrototype: true }))
        .map(([good, bad]) => ({ ...good, ...bad })),
    },
    { weight: 1, arbitrary: member },
  )
  const commands = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.tuple(method, anything).map(([word, body]) => ({ [word]: body })) },
      { weight: 1, arbitrary: member },
    ),
    { maxLength: 3 },
  )
  const kinds = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(method, fc.constant('dance')),
      anything,
      commands,
      fc.boolean(),
      async (word, body, list, parallel) => {
        const reply: object = await hub.call(word as 'info', body as never)
        const kind = 'result' in reply ? 'result' : 'error'
        expect(Object.keys(reply)).toEqual([kind])
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
        const message = 'error' in reply ? (reply.error as { message: string }).message : ''
        expect(message).not.toContain('\n')
        const { replies } = await hub.batch({ commands: list, parallel } as never)
        expect(replies).toHaveLength(list.length)
        expect(failures).toEqual([])
      },
    ),
    { numRuns: runs },
  )
  expect(Math.min(...kinds.values())).toBeGreaterThan(runs / 50)
  await hub.close()
})

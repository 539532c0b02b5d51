import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { apiKey, suiteConfig } from './config.ts'
import { seed } from './support/random.ts'
import { centrifugo } from './targets/centrifugo.ts'
import { hub } from './targets/hub.ts'
import type { Target } from './targets/target.ts'

const methods = `publish broadcast subscribe unsubscribe disconnect refresh presence presence_stats history
  history_remove channels rpc map_publish map_remove map_read_state map_read_stream map_stats
  map_clear shared_poll_publish`.split(/\s+/)
const names = `channel channels data b64data tags idempotency_key skip_history version delta user client session
  info b64info expire_at recover_since override expired whitelist limit since reverse pattern method
  params offset epoch value presence key`.split(/\s+/)
const name = fc.constantFrom(...names)
const texts = [
  '',
  'open:a',
  'stream:a',
  'stream:b',
  'closed:a',
  'nowhere:a',
  'a',
  '$open:a',
  'open:é',
  'talkobject:a',
  'alice',
  'e30=',
  'e30',
  'AAA=',
  '%',
  ' e30=',
  'e30=\n',
  '__proto__',
  '*',
  'o*',
  '[a-z]*',
  '[',
  '?',
  ':',
  ':a',
]
const text = fc.constantFrom(...texts)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    // No fractions of zero and nothing beyond 2^53: of numbers it is known where the hub differs.
    fc.constantFrom(null, true, false, 0, 1, -1, 1.5, 4000, 2 ** 31, 2 ** 32, 2_000_000_000),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))
/** Mostly of the right types, so that many get past the first check. */
const request: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  { weight: 1, arbitrary: fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true }) },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        channel: text,
        channels: fc.array(text, { maxLength: 3 }),
        data: value,
        b64data: text,
        tags: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('x', null), { noNullPrototype: true }),
        idempotency_key: fc.constantFrom('', 'i', 'j'),
        skip_history: fc.boolean(),
        version: fc.nat(3),
        version_epoch: fc.constantFrom('', 'a', 'b'),
        delta: fc.boolean(),
        user: text,
        client: text,
        session: text,
        info: value,
        b64info: text,
        expire_at: fc.constantFrom(-1, 0, 1, 2_000_000_000),
        recover_since: fc.record({ offset: fc.nat(5), epoch: text }),
        override: fc.record({ presence: fc.record({ value: fc.boolean() }) }),
        expired: fc.boolean(),
        whitelist: fc.array(text, { maxLength: 2 }),
        limit: fc.integer({ min: -2, max: 5 }),
        since: fc.record({ offset: fc.nat(5), epoch: fc.constantFrom('', 'x') }, { requiredKeys: [] }),
        reverse: fc.boolean(),
        pattern: text,
        method: text,
        key: text,
        key_mode: fc.constantFrom('', 'if_new', 'x'),
      },
      { requiredKeys: [] },
    ),
  },
)
/**
 * Without versions: a publication that has none makes Centrifugo's memory engine forget the version before, but neither
 * its Redis engine nor the hub.
 */
const call = fc.tuple(fc.constantFrom(...methods), request).map(([method, { version, ...body }]): [string, object] => {
  const isPublication = method === 'publish' || method === 'broadcast'
  return [method, isPublication || version === undefined ? body : { ...body, version }]
})
const command = call.map(([method, body]) => ({ [method]: body }))
/** The answer to that is its server's own. */
const notInfo = value.filter((any) => typeof any !== 'object' || any === null || !('info' in any))
const batch = fc.record(
  {
    commands: fc.array(fc.oneof({ weight: 7, arbitrary: command }, { weight: 1, arbitrary: notInfo }), {
      maxLength: 4,
    }),
  },
  { requiredKeys: ['commands'] },
)
const older = fc.array(
  fc
    .tuple(
      fc.oneof(
        { weight: 6, arbitrary: call },
        // By numbers, without those of publish, broadcast and info.
        {
          weight: 2,
          arbitrary: fc.tuple(
            fc.integer({ min: 2, max: 45 }).filter((number) => number !== 9),
            request,
          ),
        },
        { weight: 2, arbitrary: fc.tuple(fc.constantFrom('CHANNELS', 'connections', null, -1, 1.5), value) },
      ),
      fc.constantFrom(undefined, 0, 7, -1, null),
    )
    .map(([[method, params], id]) => JSON.stringify({ id, method, params })),
  { minLength: 1, maxLength: 3 },
)
const calls = fc.oneof(
  {
    weight: 6,
    arbitrary: call.map(([method, body]) => [`/${method}`, JSON.stringify(body)] as const),
  },
  { weight: 2, arbitrary: batch.map((body) => ['/batch', JSON.stringify(body)] as const) },
  { weight: 2, arbitrary: older.map((lines) => ['', lines.join('\n')] as const) },
)

/** With its members in one order, since the servers have no common one. */
function sorted(any: unknown): unknown {
  if (Array.isArray(any)) return any.map(sorted)
  if (typeof any !== 'object' || any === null) return any
  const entries = Object.entries(any).map(([member, inner]) => [member, sorted(inner)] as const)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** What the server answers to each, one after the other: status and body, epochs numbered as they come. */
async function answersOf(target: Target, bodies: readonly (readonly [string, string])[]): Promise<string[]> {
  const server = await target.start(suiteConfig())
  const epochs: string[] = []
  const line = (text: string): string => {
    if (!text.startsWith('{')) return text
    return JSON.stringify(sorted(JSON.parse(text))).replaceAll(/(?<="epoch":")[A-Za-z]{8}(?=")/g, (epoch) => {
      if (!epochs.includes(epoch)) epochs.push(epoch)
      return `epoch ${epochs.indexOf(epoch)}`
    })
  }
  try {
    const answers: string[] = []
    for (const [index, [path, body]] of bodies.entries()) {
      const mode = index % 5 === 0 ? { 'x-centrifugo-error-mode': 'transport' } : {}
      const response = await fetch(server.apiUrl + path, {
        method: 'POST',
        headers: { 'x-api-key': apiKey, ...mode },
        body,
      })
      answers.push(`${response.status} ${(await response.text()).split('\n').map(line).join('\n')}`)
    }
    return answers
  } finally {
    await server.stop()
  }
}

const real = await centrifugo()
const reason =
  real.unavailable ?? (real.name === 'centrifugo v6' ? undefined : 'needs a Centrifugo v6 (CENTRIFUGO_BINARY)')
const count = Number(process.env['FUZZ_RUNS'] ?? 1000)

describe('the server API', reason === undefined ? {} : { skip: true, meta: { skipReason: reason } }, () => {
  test(
    `the hub answers ${count} random bodies as Centrifugo does (SEED=${seed})`,
    { timeout: 60_000 + count * 20 },
    async () => {
      const bodies = fc.sample(calls, { numRuns: count, seed })
      const [expected = [], actual = []] = await Promise.all([real, hub].map((target) => answersOf(target, bodies)))
      const differing = bodies.flatMap((body, index) =>
        expected[index] === actual[index] ? [] : [{ body, centrifugo: expected[index], hub: actual[index] }],
      )
      expect(differing).toEqual([])
      // Of every kind some.
      const kinds = ['200 {"result"', '200 {"error"', '200 {"replies"', '400 Bad Request', '400 {"code"', '404 {"code"']
      expect(kinds.filter((kind) => !expected.some((answer) => answer.startsWith(kind)))).toEqual([])
    },
  )
})

/** Any body to any method: an answer, never a throw, and never an error that nobody expected. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { answerApiCall, isApiPath } from './http-api.ts'
import { createTestHub } from './testing/index.ts'

const methods = 'publish broadcast subscribe unsubscribe disconnect refresh presence presence_stats history'.split(' ')
methods.push('history_remove', 'channels', 'info', 'rpc', 'batch', 'dance', 'constructor')

const name = fc.constantFrom(
  ...'channel channels data b64data tags idempotency_key skip_history version version_epoch delta user client session'.split(
    ' ',
  ),
  ...'info b64info expire_at recover_since override expired whitelist disconnect limit since reverse pattern'.split(
    ' ',
  ),
  ...'method params commands parallel offset epoch code reason value presence force_recovery __proto__'.split(' '),
)
const text = fc.constantFrom(
  '',
  'open:a',
  'kept:a',
  'closed:a',
  'nowhere:a',
  'a',
  '$open:a',
  'alice',
  'e30=',
  '%',
  '__proto__',
)

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.constantFrom(null, true, false, 0, 1, -1, 1.5, 4000, 1e300, 2 ** 53, 2_000_000_000),
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
        user: text,
        b64data: text,
        limit: fc.integer({ min: -2, max: 5 }),
        since: fc.record({ offset: fc.nat(5), epoch: text }, { requiredKeys: [] }),
        reverse: fc.boolean(),
        pattern: text,
        method: text,
        version: fc.nat(3),
        idempotency_key: text,
        expire_at: fc.constantFrom(-1, 0, 1, 2_000_000_000),
        recover_since: fc.record({ offset: fc.nat(5), epoch: text }),
        info: value,
      },
      { requiredKeys: [] },
    ),
  },
)
const batch = fc.record(
  {
    commands: fc.array(
      fc.tuple(fc.constantFrom(...methods), request).map(([method, body]) => ({ [method]: body })),
      { maxLength: 4 },
    ),
    parallel: fc.boolean(),
  },
  { requiredKeys: ['commands'] },
)

const runs = Number(process.env['FUZZ_RUNS'] ?? 2000)

test(`${runs} bodies: 200 or 400, JSON, and nothing in the log`, { timeout: 60_000 + runs * 10 }, async () => {
  const hub = createTestHub()
  for (const user of ['alice', 'alice', '']) hub.connected(user)
  const answers = new Map<number, number>()
  const call = fc.tuple(fc.constantFrom(...methods.filter(isApiPath)), request)
  const any = fc.oneof({ weight: 4, arbitrary: call }, { weight: 1, arbitrary: fc.tuple(fc.constant('batch'), batch) })
  await fc.assert(
    fc.asyncProperty(any, async ([method, body]) => {
      const http = { method, query: '', header: () => undefined }
      const answer = await answerApiCall(hub.core, http, JSON.stringify(body))
      hub.clock.tick()
      answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1)
      expect(answer.status === 200 ? typeof JSON.parse(answer.body) : answer.body).toBe(
        answer.status === 200 ? 'object' : 'Bad Request\n',
      )
      expect(hub.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
    }),
    { numRuns: runs },
  )
  expect(new Set(answers.keys())).toEqual(new Set([200, 400]))
  // Both kinds occur in numbers, whatever the seed: the rarer one is about a twentieth.
  expect(Math.min(...answers.values())).toBeGreaterThan(runs / 50)
  hub.close()
})

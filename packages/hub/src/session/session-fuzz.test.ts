// Whatever a peer sends, it gets replies or a close code that exists; nobody else notices and nothing stays.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HubHandlers } from '../handlers.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'
import type { MemoryPeer } from '../testing/memory-transport.ts'

/** How many frames: more by `FUZZ_RUNS=1000000`. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 5000)

const channels = fc.constantFrom(
  'open:a',
  'kept:a',
  'closed:a',
  'nowhere:a',
  '',
  '__proto__',
  'kept:\u{1f600}',
  'open:constructor',
)
const anything = fc.anything({ maxDepth: 3, withNullPrototype: false })
const odd = fc.oneof(
  anything,
  fc.constantFrom<unknown>(
    null,
    -1,
    2 ** 53,
    1e308,
    '',
    '__proto__',
    [],
    {},
    true,
    'constructor',
    Array.from({ length: 50 }, () => ({})),
  ),
)

function member<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary }, { weight: 1, arbitrary: odd })
}

const bodies: Record<string, fc.Arbitrary<unknown>> = {
  connect: fc.record(
    { token: member(fc.string()), data: anything, subs: member(fc.dictionary(channels, odd)), headers: odd },
    { requiredKeys: [] },
  ),
  subscribe: fc.record(
    {
      channel: member(channels),
      token: member(fc.string()),
      recover: member(fc.boolean()),
      epoch: member(fc.string()),
      offset: member(fc.nat()),
      data: anything,
      flag: member(fc.nat(7)),
      type: member(fc.nat(5)),
      delta: member(fc.constantFrom('', 'fossil')),
    },
    { requiredKeys: ['channel'] },
  ),
  unsubscribe: fc.record({ channel: member(channels) }),
  publish: fc.record({ channel: member(channels), data: anything }, { requiredKeys: ['channel'] }),
  presence: fc.record({ channel: member(channels) }),
  presence_stats: fc.record({ channel: member(channels) }),
  history: fc.record(
    {
      channel: member(channels),
      limit: member(fc.integer()),
      since: member(fc.record({ offset: fc.nat(), epoch: fc.string() })),
      reverse: member(fc.boolean()),
    },
    { requiredKeys: ['channel'] },
  ),
  rpc: fc.record({ method: member(fc.string()), data: anything }, { requiredKeys: [] }),
  refresh: fc.record({ token: member(fc.string()) }),
  sub_refresh: fc.record({ channel: member(channels), token: member(fc.string()) }),
  ping: odd,
  send: odd,
}

const command = fc
  .constantFrom(...Object.keys(bodies))
  .chain((kind) => fc.record({ id: member(fc.nat(100)), [kind]: member(bodies[kind] ?? odd) }, { requiredKeys: [] }))
const line = fc.oneof(
  { weight: 20, arbitrary: command.map((value) => stringify(value)) },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.tuple(command, fc.nat(60)).map(([value, length]) => stringify(value).slice(0, length)) },
  { weight: 1, arbitrary: fc.constantFrom('', '{}', 'null', '[]', `${'['.repeat(10_000)}${']'.repeat(10_000)}`) },
)
const frame = fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => lines.join('\n'))

/** What a message of the server may have as its members. */
const answers = new Set([
  'id',
  'error',
  'push',
  ...Object.keys(bodies).filter((kind) => kind !== 'ping' && kind !== 'send'),
])

function stringify(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => (typeof member === 'bigint' ? String(member) : member)) ?? ''
}

test(`${runs} frames of nonsense: replies, close codes, and nothing else`, () => {
  const handlers: HubHandlers = {
    onPublish: ({ data }) => (data === null ? {} : undefined),
    onRpc: ({ data }) => ({ data }),
  }
  let hub: TestHub = createTestHub({ handlers })
  let witness = hub.connected('witness')
  let peers = 0
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 3 }), fc.boolean(), (frames, isConnected) => {
      const peer: MemoryPeer = isConnected ? hub.connected('mallory') : hub.peer()
      for (const text of frames) {
        peer.session.receive(text)
        hub.clock.tick()
      }
      // Codes that a peer's own doing can lead to; anything else would be the hub's mistake.
      expect([undefined, 3005, 3010, 3500, 3501, 3508]).toContain(peer.closed?.code)
      const unknown = peer.messages.flatMap((message) => Object.keys(message)).filter((key) => !answers.has(key))
      expect(unknown).toEqual([])
      peer.session.closed()
      expect(hub.core.registry.sessionCount).toBe(1)
      // Unexpected errors are what this test looks for: the hub answers them politely, and logs them.
      expect(hub.log.filter(({ level }) => level === 'error')).toEqual([])
      hub.log.length = 0
      if (++peers % 1000 === 0) {
        hub.close()
        hub = createTestHub({ handlers })
        witness = hub.connected('witness')
      }
    }),
    { numRuns: runs },
  )
  witness.send({ id: 9, subscribe: { channel: 'open:a' } })
  hub.clock.tick()
  expect(witness.reply(9)).toEqual({ id: 9, subscribe: {} })
  hub.close()
}, 600_000)

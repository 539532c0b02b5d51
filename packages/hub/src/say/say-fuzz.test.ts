// Whatever a handler answers, throws or rejects with, its client gets a reply or a close code that exists.
import { Disconnect, isCloseCode, isCloseReason, ReplyError } from '@backchannel/protocol'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MemoryPeer } from '../testing/memory-transport.ts'
import { createTestHub } from '../testing/test-hub.ts'

/** How many answers: more by `FUZZ_RUNS=1000000`. */
const runs = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 5000) / 5)

const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true, maxDepth: 2 })
const member = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 4, arbitrary }, { weight: 1, arbitrary: anything })
const channel = fc.constantFrom('open:a', 'kept:a', 'nowhere:a', '', '__proto__')
const subscription = fc.record({ info: anything, data: anything, override: anything }, { requiredKeys: [] })
const answer = fc.record(
  {
    user: member(fc.string()),
    expireAt: member(fc.integer()),
    expired: member(fc.boolean()),
    info: anything,
    data: anything,
    meta: anything,
    channels: member(fc.array(channel, { maxLength: 3 })),
    subs: member(fc.dictionary(channel, member(subscription), { maxKeys: 2 })),
    override: member(fc.record({ presence: member(fc.record({ value: fc.boolean() })) })),
    skipHistory: member(fc.boolean()),
    tags: member(fc.dictionary(fc.string(), member(fc.string()))),
    idempotencyKey: member(fc.string()),
    delta: member(fc.boolean()),
    version: member(fc.nat()),
    versionEpoch: member(fc.string()),
  },
  { requiredKeys: [] },
)
const failure = fc.oneof(
  anything,
  fc.tuple(fc.integer(), fc.string()).map(([code, message]) => new ReplyError(code, message)),
  fc
    .tuple(fc.integer({ min: 3000, max: 4999 }), fc.string({ maxLength: 20 }))
    .map(([code, reason]) => new Disconnect(code, reason)),
  fc.record({ name: fc.constantFrom('ReplyError', 'Disconnect'), code: anything, message: anything, reason: anything }),
)
const outcome = fc.oneof(
  fc.oneof(answer, anything).map((value) => () => value),
  fc.oneof(answer, anything).map((value) => () => Promise.resolve(value)),
  failure.map((error) => () => {
    throw error
  }),
  failure.map((error) => () => Promise.reject(error)),
  // oxlint-disable-next-line unicorn/no-thenable -- what only looks like a promise is answered with, too
  failure.map((error) => () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject(error) })),
)

const commands: Record<string, readonly [kind: string, command: object]> = {
  onConnect: ['connect', { id: 9, connect: {} }],
  onSubscribe: ['subscribe', { id: 9, subscribe: { channel: 'kept:a' } }],
  onPublish: ['publish', { id: 9, publish: { channel: 'kept:a', data: {} } }],
  onRpc: ['rpc', { id: 9, rpc: { method: 'm' } }],
  onMessage: ['send', { send: { data: 1 } }],
}

/** What is wrong with how a client was answered; undefined for nothing. */
function problemOf(peer: MemoryPeer, kind: string): string | undefined {
  if (peer.closed) return isCloseCode(peer.closed.code) && isCloseReason(peer.closed.reason) ? undefined : 'the close'
  const messages = peer.messages.filter((message) => message['id'] === 9)
  if (kind === 'send') return messages.length === 0 ? undefined : 'an answer to a message'
  const [{ id: _, ...reply } = {}, ...more] = messages
  const names = Object.keys(reply)
  const isAnswered = more.length === 0 && names.length === 1 && (names[0] === kind || names[0] === 'error')
  return isAnswered ? undefined : JSON.stringify(messages)
}

test(`${runs} handlers that answer anything`, { timeout: 600_000 }, async () => {
  const hub = createTestHub()
  const witness = hub.connected('witness')
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(commands)), outcome, async (name, handler) => {
      const [kind, command] = commands[name] ?? ['', {}]
      hub.core.handlers = { [name]: handler }
      const peer = name === 'onConnect' ? hub.peer() : hub.connected()
      peer.send(command)
      for (let turn = 0; turn < 30; turn++) await Promise.resolve()
      hub.clock.tick()
      expect(problemOf(peer, kind)).toBeUndefined()
      peer.session.closed()
      expect(hub.core.say.waiting).toBe(0)
      expect(hub.core.registry.sessionCount).toBe(1)
    }),
    { numRuns: runs },
  )
  expect(witness.closed).toBeUndefined()
  hub.clock.tick()
  hub.close()
})

// Whatever the app answers, a client gets a reply or a close code that exists, and nobody else notices.
import { isCloseCode, isCloseReason } from '@backchannel/protocol'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HubConfig } from '../config/config.ts'
import { Backend, type BackendAnswer } from '../testing/backend.ts'
import type { MemoryPeer } from '../testing/memory-transport.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'

/** How many answers: more by `FUZZ_RUNS=100000`. */
const runs = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 5000) / 10)

const backend = new Backend()
beforeAll(() => backend.start())
afterAll(() => backend.stop())

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, -1, 0.5, 2 ** 32, 2 ** 53, 1e308, '', '__proto__', [], {}, true, 'constructor'),
)

function member<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 5, arbitrary }, { weight: 1, arbitrary: odd })
}

const base64 = fc.oneof(
  fc.string(),
  fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
)
const channel = fc.constantFrom('asked:a', 'asked:b', 'nowhere:a', '', '__proto__', 'asked:\u{1f600}')
const override = fc.dictionary(
  fc.constantFrom('presence', 'join_leave', 'force_recovery', 'force_positioning', 'x'),
  member(fc.record({ value: member(fc.boolean()) }, { requiredKeys: [] })),
)
const subscription = fc.record(
  { info: odd, b64info: member(base64), data: odd, override: member(override) },
  { requiredKeys: [] },
)
const result = fc.record(
  {
    user: member(fc.string()),
    expire_at: member(fc.integer()),
    expired: member(fc.boolean()),
    info: odd,
    b64info: member(base64),
    data: odd,
    b64data: member(base64),
    meta: odd,
    channels: member(fc.array(channel, { maxLength: 3 })),
    subs: member(fc.dictionary(channel, member(subscription), { maxKeys: 3 })),
    override: member(override),
    skip_history: member(fc.boolean()),
    tags: member(fc.dictionary(fc.string(), member(fc.string()))),
    idempotency_key: member(fc.string()),
    delta: member(fc.boolean()),
    version: member(fc.nat()),
    version_epoch: member(fc.string()),
  },
  { requiredKeys: [] },
)
const code = member(fc.oneof(fc.integer({ min: 400, max: 1999 }), fc.integer({ min: 2990, max: 5010 }), fc.integer()))
const response = fc.record(
  {
    result: member(result),
    error: member(
      fc.record({ code, message: member(fc.string()), temporary: member(fc.boolean()) }, { requiredKeys: [] }),
    ),
    disconnect: member(fc.record({ code, reason: member(fc.string({ maxLength: 200 })) }, { requiredKeys: [] })),
  },
  { requiredKeys: [] },
)

const body = fc.oneof(
  { weight: 8, arbitrary: fc.record({ result: member(result) }).map((value) => JSON.stringify(value)) },
  { weight: 4, arbitrary: response.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: odd.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.uint8Array() },
  // Deeper than any recursion would go, and with what no parser expects.
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      `{"result":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      '\uFEFF{}',
      '{"result":{}}\0',
    ),
  },
)
const answer: fc.Arbitrary<BackendAnswer> = fc.record({
  status: fc.oneof(
    { weight: 9, arbitrary: fc.constant(200) },
    { weight: 1, arbitrary: fc.integer({ min: 201, max: 599 }) },
  ),
  body,
})

const commands: Record<string, object> = {
  connect: { id: 9, connect: { subs: { 'asked:c': {} } } },
  subscribe: { id: 9, subscribe: { channel: 'asked:a', recoverable: true } },
  publish: { id: 9, publish: { channel: 'asked:a', data: { a: 1 } } },
  rpc: { id: 9, rpc: { method: 'm', data: 1 } },
}

function configOf(): HubConfig {
  const own = (event: string): { endpoint: string; timeout: string } => ({
    endpoint: `http://${backend.host}/${event}`,
    timeout: '1h',
  })
  const transforms = [
    { status_code: 404, to_error: { code: 1404, message: 'not there' } },
    { status_code: 410, to_disconnect: { code: 4410, reason: 'gone' } },
  ]
  return {
    client: {
      token: { hmac_secret_key: 'test-token-key' },
      ping_interval: '0s',
      proxy: { connect: { enabled: true, ...own('connect') }, refresh: { enabled: true, ...own('refresh') } },
    },
    channel: {
      proxy: { subscribe: own('subscribe'), publish: own('publish'), sub_refresh: own('sub_refresh') },
      namespaces: [
        {
          name: 'asked',
          subscribe_proxy_enabled: true,
          publish_proxy_enabled: true,
          sub_refresh_proxy_enabled: true,
          presence: true,
          history_size: 5,
          history_ttl: '60s',
        },
      ],
    },
    rpc: {
      proxy: { ...own('rpc'), http: { status_to_code_transforms: transforms } },
      without_namespace: { proxy_enabled: true },
    },
  }
}

/** Answers come over a real socket, at their own time. */
async function until(hub: TestHub, isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    hub.clock.tick()
    if (isTrue()) return
    await new Promise((resolve) => {
      if (turn < 100) setImmediate(resolve)
      else setTimeout(resolve, 5)
    })
  }
  throw new Error('The app’s answer led to nothing')
}

/** What is wrong with how a client was answered; undefined for nothing. */
function problemOf(peer: MemoryPeer, kind: string): string | undefined {
  if (peer.closed) return isCloseCode(peer.closed.code) && isCloseReason(peer.closed.reason) ? undefined : 'the close'
  const { id: _, ...reply } = peer.reply(9) ?? {}
  const [[name, content] = [], ...more] = Object.entries(reply)
  if (more.length > 0 || (name !== 'error' && name !== kind)) return JSON.stringify(reply)
  if (name !== 'error') return undefined
  const { code: number, message } = content as { code: unknown; message?: unknown }
  const isCode = typeof number === 'number' && Number.isInteger(number) && number > 0 && number < 2 ** 32
  return isCode && ['string', 'undefined'].includes(typeof message) ? undefined : JSON.stringify(reply)
}

test('any answer to any event', { timeout: 600_000 }, async () => {
  const hub = createTestHub({ config: configOf() })
  const witness = hub.connected('witness')
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(commands)), answer, async (kind, given) => {
      backend.answer = () => given
      const peer = kind === 'connect' ? hub.peer() : hub.connected()
      peer.send(commands[kind] ?? {})
      await until(hub, () => peer.reply(9) !== undefined || peer.closed !== undefined)
      expect(problemOf(peer, kind)).toBeUndefined()
      peer.session.closed()
      expect(witness.closed).toBeUndefined()
    }),
    { numRuns: runs },
  )
  witness.session.closed()
  hub.clock.tick()
  hub.close()
})

test('any answer to a question of the hub’s own', { timeout: 600_000 }, async () => {
  const hub = createTestHub({ config: configOf() })
  const seconds = (): number => Math.floor(hub.clock.now() / 1000)
  await fc.assert(
    fc.asyncProperty(fc.boolean(), answer, async (isConnection, given) => {
      backend.answer = () => given
      backend.requests.length = 0
      const peer = hub.peer()
      const exp = seconds() + 10
      peer.send({ id: 1, connect: { token: hub.token({ sub: 'u', ...(isConnection ? { exp } : {}) }) } })
      peer.send({
        id: 2,
        subscribe: {
          channel: 'asked:a',
          token: hub.token({ sub: 'u', channel: 'asked:a', exp: isConnection ? exp + 1e6 : exp }),
        },
      })
      hub.clock.advance(10_000)
      // It has been asked, and what came of it is either an end or another time to ask.
      await until(hub, () => backend.requests.length === 1)
      await until(hub, () => peer.closed !== undefined || peer.session.subscriptions.size === 0 || isDecided(hub, peer))
      expect([undefined, 3004, 3005, 3006]).toContain(peer.closed?.code)
      peer.session.closed()
    }),
    { numRuns: Math.ceil(runs / 5) },
  )
  hub.clock.tick()
  hub.close()
})

/** Nobody waits for the app any more. */
function isDecided(hub: TestHub, { session }: MemoryPeer): boolean {
  return session.state === 'closed' || hub.core.say.waiting === 0
}

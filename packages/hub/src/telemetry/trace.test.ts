import { expect, test } from 'vitest'
import { createTestHub } from '../testing/test-hub.ts'
import type { TraceEvent } from './trace.ts'

function follow(hub: ReturnType<typeof createTestHub>, target: Parameters<typeof hub.core.tracer.start>[0]) {
  const events: TraceEvent[] = []
  const stop = hub.core.tracer.start(target, { onEvent: (event) => events.push(event) })
  const names = (): string[] => events.map(({ event, channel }) => (channel ? `${event} ${channel}` : event))
  return { events, names, stop }
}

test('follows a user through all connections, and nobody else', async () => {
  const hub = createTestHub()
  const { events, names, stop } = follow(hub, { user: 'alice' })
  const bob = hub.connected('bob')
  const alice = hub.connected('alice')
  for (const peer of [bob, alice]) peer.send({ id: 2, subscribe: { channel: 'open:a' } })
  hub.clock.tick()
  bob.send({ id: 3, publish: { channel: 'open:a', data: { said: 'hello' } } })
  await hub.core.publish('open:b', { data: '1' })
  hub.clock.tick()
  alice.send({ id: 3, unsubscribe: { channel: 'open:a' } }, { id: 4, rpc: { method: 'm' } })
  alice.session.closed()
  expect(names()).toEqual([
    'reply',
    'command open:a',
    'reply',
    'publication open:a',
    'command open:a',
    'reply',
    'command',
    'reply',
    'disconnect',
  ])
  expect(events[3]?.message).toMatchObject({ data: '{"said":"hello"}' })
  expect(new Set(events.flatMap(({ user }) => user ?? []))).toEqual(new Set(['alice']))
  stop()
  hub.connected('alice')
  expect(events).toHaveLength(9)
  hub.close()
})

test('follows a client, also before it has a name', () => {
  const hub = createTestHub()
  const peer = hub.peer()
  const { names } = follow(hub, { client: peer.session.client })
  peer.send({ id: 1, connect: { token: hub.token({ sub: 'alice' }) } })
  hub.connected('bob').send({ id: 2, subscribe: { channel: 'open:a' } })
  expect(names()).toEqual(['command', 'reply'])
  hub.clock.tick()
  hub.close()
})

test('follows a channel: who comes, what is said', async () => {
  const hub = createTestHub()
  const { names } = follow(hub, { channel: 'open:a' })
  const peer = hub.connected()
  peer.send({ id: 2, subscribe: { channel: 'open:a' } }, { id: 3, subscribe: { channel: 'open:b' } })
  await hub.core.publish('open:a', { data: '1' })
  await hub.core.publish('open:b', { data: '1' })
  peer.session.unsubscribeFrom('open:a', { code: 2000, reason: 'server' })
  expect(names()).toEqual(['command open:a', 'publication open:a', 'push open:a'])
  hub.clock.tick()
  hub.close()
})

test('tells no secret', () => {
  const hub = createTestHub()
  const peer = hub.peer()
  const { events } = follow(hub, { client: peer.session.client })
  const token = hub.token({ sub: 'alice' })
  const headers = { authorization: 'Bearer of-the-app', cookie: 'id=of-the-browser' }
  peer.send(
    { id: 1, connect: { token, headers } },
    { id: 2, subscribe: { channel: 'open:a', token } },
    { id: 3, refresh: { token } },
    { id: 4, sub_refresh: { channel: 'open:a', token } },
  )
  const text = JSON.stringify(events)
  expect(events.filter(({ event }) => event === 'command')).toHaveLength(4)
  expect(text.match(/"token":"\[redacted\]"/g)).toHaveLength(4)
  for (const secret of [token, token.split('.')[2] ?? '', 'of-the-app', 'of-the-browser']) {
    expect(text).not.toContain(secret)
  }
  hub.clock.tick()
  hub.close()
})

test('goes to the log at level debug when nobody takes it', () => {
  const hub = createTestHub()
  const stop = hub.core.tracer.start({ user: 'alice' })
  hub.connected('alice')
  stop()
  expect(hub.log.filter(({ message }) => message === 'trace')).toMatchObject([
    { level: 'debug', fields: { event: 'reply', user: 'alice' } },
  ])
  hub.close()
})

test('is bounded: in events, in text, in traces, and by what its listener throws', () => {
  const hub = createTestHub()
  const { tracer } = hub.core
  const peer = hub.connected()
  const events: TraceEvent[] = []
  tracer.start({ client: peer.session.client }, { maxEvents: 2, onEvent: (event) => events.push(event) })
  peer.send({ id: 2, publish: { channel: 'open:a', data: 'x'.repeat(10_000) } })
  peer.send({ id: 3, publish: { channel: 'open:a', data: 1 } })
  expect(events).toHaveLength(2)
  expect(JSON.stringify(events).length).toBeLessThan(1000)
  expect(tracer.isActive).toBe(false)

  tracer.start(
    { client: peer.session.client },
    {
      onEvent: () => {
        throw new Error('the listener')
      },
    },
  )
  peer.send({ id: 4, publish: { channel: 'open:a', data: 1 } })
  hub.clock.tick()
  expect(peer.reply(4)).toEqual({ id: 4, publish: {} })
  expect(tracer.isActive).toBe(false)

  for (let count = 0; count < 16; count++) tracer.start({ user: String(count) })
  expect(() => tracer.start({ user: 'one more' })).toThrow(RangeError)
  hub.close()
})

test('wants one target', () => {
  const { core } = createTestHub()
  for (const target of [{}, { user: 'a', client: 'b' }, { user: 1 }, { session: 'x' }]) {
    expect(() => core.tracer.start(target as never)).toThrow(TypeError)
  }
})

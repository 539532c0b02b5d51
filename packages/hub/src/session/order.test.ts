// The order of what one connection gets. Each test stands for a sentence in ARCHITECTURE.md, "Order".
import { disconnect } from '@backchannel/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'
import { MemoryBroker } from '../broker/memory-broker.ts'
import { TestClock } from '../testing/test-clock.ts'
import { delayedBroker } from '../testing/delayed.ts'
import type { MemoryPeer, Message } from '../testing/memory-transport.ts'

let hub: TestHub

beforeEach(() => {
  hub = createTestHub()
})

afterEach(() => hub.close())

function publish(channel: string, data: unknown): void {
  void hub.core.publish(channel, { data: JSON.stringify(data) })
}

/** What a peer got, in short: reply ids, and data of publications. */
function inShort(messages: readonly Message[]): unknown[] {
  return messages.map((message) => {
    if (message['id'] !== undefined) return `reply ${message['id'] as number}`
    const push = message['push'] as { pub?: { data: unknown }; unsubscribe?: { code: number } } | undefined
    return push?.pub?.data ?? (push?.unsubscribe ? `unsubscribe ${push.unsubscribe.code}` : message)
  })
}

function subscribed(peer: MemoryPeer, channel: string): void {
  peer.send({ id: 2, subscribe: { channel } })
  hub.clock.tick()
  peer.writes.length = 0
}

test('no publication from before a subscription reaches it, and none from after is missed', () => {
  const peer = hub.connected()
  peer.writes.length = 0
  const other = hub.connected('bob')
  subscribed(other, 'open:a')
  publish('open:a', 'before')
  peer.send({ id: 2, subscribe: { channel: 'open:a' } })
  publish('open:a', 'after')
  hub.clock.tick()
  expect(inShort(peer.messages)).toEqual(['reply 2', 'after'])
  expect(inShort(other.messages)).toEqual(['before', 'after'])
})

test('no reply overtakes a push that came before it', () => {
  const peer = hub.connected()
  subscribed(peer, 'kept:a')
  publish('kept:a', 1)
  peer.send({ id: 3, history: { channel: 'kept:a', limit: 0 } })
  publish('kept:a', 2)
  peer.send({ id: 4, publish: { channel: 'kept:a', data: 3 } })
  hub.clock.tick()
  expect(inShort(peer.messages)).toEqual([1, 'reply 3', 2, 3, 'reply 4'])
  expect(peer.writes).toHaveLength(1)
})

test('an unsubscribe reply comes behind everything from before, and nothing follows it', () => {
  const peer = hub.connected()
  subscribed(peer, 'open:a')
  publish('open:a', 1)
  peer.send({ id: 3, unsubscribe: { channel: 'open:a' } })
  publish('open:a', 2)
  hub.clock.tick()
  expect(inShort(peer.messages)).toEqual([1, 'reply 3'])
})

test('a server-side unsubscribe likewise', () => {
  const peer = hub.connected()
  subscribed(peer, 'open:a')
  publish('open:a', 1)
  peer.session.unsubscribeFrom('open:a', { code: 2000, reason: 'server unsubscribe' })
  publish('open:a', 2)
  hub.clock.tick()
  expect(inShort(peer.messages)).toEqual([1, 'unsubscribe 2000'])
})

test('what was published before a disconnect is sent before Close; nothing follows Close', () => {
  const peer = hub.connected()
  subscribed(peer, 'open:a')
  publish('open:a', 1)
  peer.session.disconnect(disconnect('forceNoReconnect'))
  publish('open:a', 2)
  hub.clock.tick()
  expect(inShort(peer.messages)).toEqual([1])
  expect(peer.closed).toEqual({ code: 3503, reason: 'force disconnect' })
})

test('everything of one tick, from replies to pushes of several channels, leaves in one write', () => {
  const peer = hub.connected()
  peer.writes.length = 0
  peer.send({ id: 2, subscribe: { channel: 'open:a' } }, { id: 3, subscribe: { channel: 'open:b' } })
  for (const channel of ['open:a', 'open:b', 'open:a']) publish(channel, channel)
  hub.clock.tick()
  expect(inShort(peer.messages)).toEqual(['reply 2', 'reply 3', 'open:a', 'open:a', 'open:b'])
  expect(peer.writes).toHaveLength(1)
})

test('commands of one frame wait for a slow connect and then run in order', async () => {
  let accept: (answer: { user: string }) => void = () => {}
  hub.close()
  hub = createTestHub({ handlers: { onConnect: () => new Promise((resolve) => (accept = resolve)) } })
  const peer = hub.peer()
  peer.send(
    { id: 1, connect: {} },
    { id: 2, subscribe: { channel: 'open:a' } },
    { id: 3, subscribe: { channel: 'no:a' } },
  )
  hub.clock.tick()
  expect(peer.messages).toEqual([])
  accept({ user: 'alice' })
  await settled()
  hub.clock.tick()
  expect(inShort(peer.messages)).toEqual(['reply 1', 'reply 2', 'reply 3'])
  expect(peer.reply(3)).toMatchObject({ error: { code: 102 } })
})

test('a peer that sends faster than its commands are done is not read from', async () => {
  let answer: () => void = () => {}
  hub.close()
  hub = createTestHub({
    handlers: { onRpc: () => new Promise((resolve) => (answer = () => resolve({ data: 1 }))) },
  })
  const peer = hub.connected()
  for (let id = 2; id < 100; id++) peer.send({ id, rpc: { method: 'm', data: {} } })
  expect(peer.paused).toBe(true)
  for (let id = 2; id < 100; id++) {
    answer()
    await settled()
  }
  expect(peer.paused).toBe(false)
  hub.clock.tick()
  expect(inShort(peer.messages).slice(1)).toEqual(Array.from({ length: 98 }, (_, index) => `reply ${index + 2}`))
})

test('what the app publishes when a subscription is lost comes behind the publication that it was lost by', () => {
  hub.close()
  const positioned = { allow_subscribe_for_client: true, allow_positioning: true, history_size: 10, history_ttl: '1s' }
  hub = createTestHub({
    config: {
      client: { token: { hmac_secret_key: 'test-token-key' }, channel_position_check_delay: '0s' },
      channel: { namespaces: [{ name: 'kept', ...positioned, history_meta_ttl: '5s' }] },
    },
    handlers: { onUnsubscribe: () => publish('kept:a', 'lost') },
  })
  const watched = hub.connected()
  const other = hub.connected('bob')
  watched.send({ id: 2, subscribe: { channel: 'kept:a', positioned: true } })
  other.send({ id: 2, subscribe: { channel: 'kept:a' } })
  publish('kept:a', 'first')
  hub.clock.tick()
  // The stream is forgotten, so the next publication begins another.
  hub.clock.advance(20_000)
  publish('kept:a', 'second')
  hub.clock.tick()
  expect(watched.publications('kept:a')).toEqual(['first'])
  expect(other.publications('kept:a')).toEqual(['first', 'second', 'lost'])
})

describe('with a broker that answers late', () => {
  beforeEach(() => {
    hub.close()
    hub = createTestHub({ broker: delayedBroker(new MemoryBroker(new TestClock())) })
  })

  test('publications during a subscription are heard exactly once, behind its reply', async () => {
    const peer = hub.connected()
    peer.writes.length = 0
    const publishing = Promise.all(Array.from({ length: 20 }, (_, data) => later(data, () => publish('kept:a', data))))
    peer.send({ id: 2, subscribe: { channel: 'kept:a' } })
    await publishing
    await settled()
    hub.clock.tick()
    const [first, ...rest] = inShort(peer.messages)
    expect(first).toBe('reply 2')
    const { offset = 0 } = (peer.reply(2) as { subscribe: { offset?: number } }).subscribe
    expect(rest).toEqual(Array.from({ length: 20 - offset }, (_, index) => offset + index))
    // Otherwise the test has not seen what it is for: publications on both sides of the reply.
    expect(offset).toBeGreaterThan(0)
    expect(offset).toBeLessThan(20)
  })

  test('a recovery meets live publications without a gap and without a double', async () => {
    for (let data = 0; data < 5; data++) publish('kept:a', data)
    await settled()
    const peer = hub.connected()
    peer.writes.length = 0
    const publishing = Promise.all(Array.from({ length: 5 }, (_, i) => later(2 * i, () => publish('kept:a', 5 + i))))
    peer.send({ id: 2, subscribe: { channel: 'kept:a', recover: true, offset: 3, epoch: '' } })
    await publishing
    await settled()
    hub.clock.tick()
    const reply = peer.reply(2) as { subscribe: { recovered?: boolean; publications: { data: number }[] } }
    expect(reply.subscribe.recovered).toBe(true)
    const recovered = reply.subscribe.publications.map(({ data }) => data)
    expect([...recovered, ...peer.publications('kept:a')]).toEqual([3, 4, 5, 6, 7, 8, 9])
  })

  test('a session that ends while it subscribes leaves nothing behind', async () => {
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'kept:a' } })
    peer.session.closed()
    await settled()
    expect(hub.core.registry.channelCount).toBe(0)
  })

  test('leaving and coming back at once is no race with the broker', async () => {
    const peer = hub.connected()
    peer.writes.length = 0
    peer.send(
      { id: 2, subscribe: { channel: 'kept:a' } },
      { id: 3, unsubscribe: { channel: 'kept:a' } },
      { id: 4, subscribe: { channel: 'kept:a' } },
    )
    await settled()
    publish('kept:a', 'x')
    await settled()
    hub.clock.tick()
    expect(inShort(peer.messages)).toEqual(['reply 2', 'reply 3', 'reply 4', 'x'])
  })
})

/** Long enough for every delayed store to have answered. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function later(turns: number, action: () => void): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  action()
}

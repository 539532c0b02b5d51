// What may happen while a subscription is being made: stores and handlers take their time, and nobody waits for them.
import { afterEach, expect, test } from 'vitest'
import { replyError } from '@backchannel/protocol'
import type { Broker } from '../broker/broker.ts'
import type { HubConfig } from '../config/config.ts'
import type { SubscribeAnswer } from '../handlers.ts'
import { MemoryBroker } from '../broker/memory-broker.ts'
import { MemoryPresence, type PresenceStore } from '../broker/presence.ts'
import { runApiMethod, type PayloadSource } from '../api/server-api.ts'
import { brokerOver, lossyBroker } from '../testing/broker-over.ts'
import { delayedBroker, delayedPresence } from '../testing/delayed.ts'
import type { MemoryPeer } from '../testing/memory-transport.ts'
import { TestClock } from '../testing/test-clock.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'

let hub: TestHub

afterEach(() => hub.close())

const here: HubConfig = {
  client: { token: { hmac_secret_key: 'test-token-key' } },
  channel: {
    namespaces: [
      { name: 'open', allow_subscribe_for_client: true, presence: true },
      {
        name: 'kept',
        allow_subscribe_for_client: true,
        presence: true,
        history_size: 10,
        history_ttl: '300s',
        force_recovery: true,
      },
      { name: 'asked' },
    ],
  },
}

function lateBroker(): Broker {
  return delayedBroker(new MemoryBroker(new TestClock()))
}

/** Long enough for every delayed store to have answered. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => setImmediate(resolve))
  hub.clock.tick()
}

const nothing: PayloadSource = () => undefined

function call(method: 'subscribe' | 'unsubscribe', request: object, payloads = nothing): void {
  void runApiMethod(hub.core, method, request, payloads)
}

/** What a peer was told of a channel, in order. */
function told(peer: MemoryPeer): unknown[] {
  return peer.messages.slice(1).map((message) => {
    const push = message['push'] as Record<string, { code?: number; data?: unknown }> | undefined
    if (!push) return message['error'] ? 'error' : `reply ${message['id'] as number}`
    if (push['unsubscribe']) return `unsubscribe ${push['unsubscribe'].code}`
    return push['subscribe'] ? 'subscribe' : push['pub']?.data
  })
}

test('an unsubscription by the server comes behind the answer of the subscription that it ends', async () => {
  hub = createTestHub({ config: here, broker: lateBroker() })
  const peer = hub.connected()
  peer.send({ id: 2, subscribe: { channel: 'kept:a' } })
  call('unsubscribe', { user: 'alice', channel: 'kept:a' })
  await settled()
  expect(told(peer)).toEqual(['reply 2', 'unsubscribe 2000'])
  expect(hub.core.registry.channelCount).toBe(0)
})

test('an unsubscription by the server holds also while the app is still deciding', async () => {
  let allow: (answer: SubscribeAnswer) => void = () => {}
  hub = createTestHub({
    config: here,
    handlers: { onSubscribe: () => new Promise((resolve) => (allow = resolve)) },
  })
  const peer = hub.connected()
  peer.send({ id: 2, subscribe: { channel: 'asked:a' } })
  call('unsubscribe', { user: 'alice', channel: 'asked:a' })
  allow({})
  await settled()
  expect(told(peer)).toEqual(['reply 2', 'unsubscribe 2000'])
  expect(peer.session.subscriptions.size).toBe(0)
  // It was that decision's: the next one is free of it.
  peer.send({ id: 3, subscribe: { channel: 'asked:a' } })
  allow({})
  await settled()
  call('unsubscribe', { user: 'alice', channel: 'asked:a' })
  await settled()
  expect(told(peer)).toEqual(['reply 2', 'unsubscribe 2000', 'reply 3', 'unsubscribe 2000'])
})

test('after a refusal an unsubscription by the server is told at once again', async () => {
  let refuse: (error: Error) => void = () => {}
  hub = createTestHub({
    config: here,
    handlers: { onSubscribe: () => new Promise((_, reject) => (refuse = reject)) },
  })
  const peer = hub.connected()
  peer.send({ id: 2, subscribe: { channel: 'asked:a' } })
  refuse(replyError('permissionDenied'))
  await settled()
  call('unsubscribe', { user: 'alice', channel: 'asked:a' })
  hub.clock.tick()
  expect(told(peer)).toEqual(['error', 'unsubscribe 2000'])
})

test('a channel that the server subscribes while the app is deciding is subscribed once', async () => {
  let allow: (answer: SubscribeAnswer) => void = () => {}
  hub = createTestHub({
    config: here,
    handlers: { onSubscribe: () => new Promise((resolve) => (allow = resolve)) },
  })
  const peer = hub.connected()
  peer.send({ id: 2, subscribe: { channel: 'asked:a' } })
  call('subscribe', { user: 'alice', channel: 'asked:a' })
  allow({})
  await settled()
  expect(peer.reply(2)?.['error']).toMatchObject({ code: 105 })
  void hub.core.publish('asked:a', { data: '"x"' })
  hub.clock.tick()
  expect(peer.publications('asked:a')).toEqual(['x'])
})

test('a subscription by the server that it ends before it stands', async () => {
  hub = createTestHub({ config: here, broker: lateBroker() })
  const peer = hub.connected()
  call('subscribe', { user: 'alice', channel: 'kept:a' })
  call('unsubscribe', { user: 'alice', channel: 'kept:a' })
  await settled()
  expect(told(peer)).toEqual(['subscribe', 'unsubscribe 2000'])
  expect(peer.session.subscriptions.size).toBe(0)
})

test('what is published to one channel of a connect while another is still joining is heard', async () => {
  let open: () => void = () => {}
  const inner = new MemoryBroker(new TestClock())
  const broker = brokerOver(inner, {
    subscribe: (channel) => (channel === 'kept:b' ? new Promise<void>((resolve) => (open = resolve)) : undefined),
  })
  hub = createTestHub({ config: here, broker })
  const peer = hub.peer()
  peer.send({ id: 1, connect: { token: hub.token({ sub: 'alice', channels: ['kept:a', 'kept:b'] }) } })
  void hub.core.publish('kept:a', { data: '"between"' })
  open()
  await settled()
  expect(peer.reply(1)).toMatchObject({ connect: { subs: { 'kept:a': { positioned: true } } } })
  expect(peer.publications('kept:a')).toEqual(['between'])
})

test('an unsubscription by the server holds also while the connect that brings the channel is under way', async () => {
  const presence = new MemoryPresence()
  hub = createTestHub({ config: here, broker: lateBroker(), presence })
  const peer = hub.peer()
  peer.send({ id: 1, connect: { token: hub.token({ sub: 'alice', channels: ['kept:a', 'kept:b', 'open:c'] }) } })
  for (const channel of ['kept:a', 'open:c', 'open:d']) call('unsubscribe', { user: 'alice', channel })
  await settled()
  expect(peer.messages[0]).toMatchObject({ id: 1, connect: { subs: { 'kept:a': {}, 'kept:b': {}, 'open:c': {} } } })
  expect(told(peer)).toEqual(['unsubscribe 2000', 'unsubscribe 2000'])
  expect(Array.from(peer.session.subscriptions.keys())).toEqual(['kept:b'])
  expect(presence.size).toBe(1)
})

test('who has missed something does not take the channel away from who has not', () => {
  let isLost = false
  const inner = new MemoryBroker(new TestClock())
  const broker = lossyBroker(inner, () => isLost)
  hub = createTestHub({ config: here, broker })
  const publish = (data: string): void => {
    void hub.core.publish('kept:a', { data })
    hub.clock.tick()
  }
  const early = hub.connected()
  early.send({ id: 2, subscribe: { channel: 'kept:a' } })
  isLost = true
  publish('1')
  isLost = false
  const late = hub.connected()
  late.send({ id: 2, subscribe: { channel: 'kept:a' } })
  for (const data of ['2', '3']) publish(data)
  expect(told(early)).toEqual(['reply 2', 'unsubscribe 2500'])
  expect(told(late)).toEqual(['reply 2', 2, 3])
})

test('a session that ends in the middle of its connect leaves no channel and no presence', async () => {
  const presence = new MemoryPresence()
  hub = createTestHub({ config: here, broker: lateBroker(), presence })
  const peer = hub.peer()
  peer.send({ id: 1, connect: { token: hub.token({ sub: 'alice', channels: ['kept:a', 'kept:b', 'open:c'] }) } })
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  peer.session.closed()
  await settled()
  expect(hub.core.registry.channelCount).toBe(0)
  expect(presence.size).toBe(0)
})

test.each([0, 1, 3, 5, 7, 9, 12])('nor does one that ends %i turns into a subscription', async (turns) => {
  const presence = new MemoryPresence()
  hub = createTestHub({ config: here, broker: lateBroker(), presence: delayedPresence(presence) })
  const peer = hub.connected()
  peer.send({ id: 2, subscribe: { channel: 'kept:a' } })
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  peer.session.closed()
  await settled()
  expect(hub.core.registry.channelCount).toBe(0)
  expect(presence.size).toBe(0)
})

test('presence that is told late is never taken back before it is told', async () => {
  const calls: string[] = []
  let told: () => void = () => {}
  const presence: PresenceStore = {
    add: () => {
      calls.push('add')
      return new Promise<void>((resolve) => (told = resolve))
    },
    remove: () => {
      calls.push('remove')
    },
    get: () => new Map(),
  }
  hub = createTestHub({ config: here, presence })
  const peer = hub.connected()
  peer.send({ id: 2, subscribe: { channel: 'open:a' } })
  peer.session.closed()
  await settled()
  expect(calls).toEqual(['add'])
  told()
  await settled()
  expect(calls).toEqual(['add', 'remove'])
})

test('a connect that fails on its second channel takes the first one back at once', async () => {
  const inner = new MemoryBroker(new TestClock())
  const broker = brokerOver(inner, {
    subscribe: (channel) => (channel === 'kept:b' ? Promise.reject(new Error('connection lost')) : undefined),
  })
  const presence = new MemoryPresence()
  hub = createTestHub({ config: here, broker, presence })
  const peer = hub.peer()
  peer.send({ id: 1, connect: { token: hub.token({ sub: 'alice', channels: ['kept:a', 'kept:b'] }) } })
  await settled()
  expect(peer.reply(1)?.['error']).toMatchObject({ code: 100 })
  expect(hub.core.registry.channelCount).toBe(0)
  expect(hub.core.registry.userCount).toBe(0)
  expect(presence.size).toBe(0)
})

test('data that a connection cannot carry closes it, and leaves no subscription half made', () => {
  hub = createTestHub({ config: here })
  const peer = hub.connected()
  call('subscribe', { user: 'alice', channel: 'open:a', b64data: Buffer.from([1, 2, 3]).toString('base64') })
  expect(peer.closed?.code).toBe(3506)
  expect(hub.core.registry.channelCount).toBe(0)
})

test('stores finish what they have begun before the hub is closed', async () => {
  const calls: string[] = []
  const inner = lateBroker()
  const broker: Broker = {
    ...inner,
    unsubscribe: async (channel) => {
      await inner.unsubscribe(channel)
      calls.push('unsubscribed')
    },
    close: () => void calls.push('closed'),
  }
  const presence = new MemoryPresence()
  hub = createTestHub({ config: here, broker, presence: delayedPresence(presence) })
  const [peer, joining] = [hub.connected(), hub.connected('bob')]
  peer.send({ id: 2, subscribe: { channel: 'open:a' } })
  await settled()
  joining.send({ id: 2, subscribe: { channel: 'kept:a' } })
  hub.core.shutdown()
  await hub.core.close()
  expect(calls).toEqual(['unsubscribed', 'unsubscribed', 'closed'])
  expect(presence.size).toBe(0)
})

test('a presence store that throws at once keeps no channel and no session', () => {
  const failing = (): never => {
    throw new Error('not connected')
  }
  const presence = new MemoryPresence()
  hub = createTestHub({ config: here, presence: { add: () => {}, remove: failing, get: () => presence.get('') } })
  const other = hub.connected('bob')
  const peer = hub.connected()
  for (const channel of ['open:a', 'open:b']) peer.send({ id: 2, subscribe: { channel } })
  peer.session.closed()
  hub.clock.tick()
  expect(hub.core.registry.channelCount).toBe(0)
  expect(hub.core.registry.sessionCount).toBe(1)
  expect(hub.log.map(({ message }) => message)).toEqual(Array(2).fill('hub: background work failed'))
  expect(other.closed).toBeUndefined()
})

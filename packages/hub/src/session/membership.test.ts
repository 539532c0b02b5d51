import { disconnect } from '@backchannel/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import type { HubConfig } from '../config/config.ts'
import { MemoryBroker } from '../broker/memory-broker.ts'
import { MemoryPresence } from '../broker/presence.ts'
import { delayedBroker, delayedPresence } from '../testing/delayed.ts'
import type { MemoryPeer } from '../testing/memory-transport.ts'
import { TestClock } from '../testing/test-clock.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'

const config: HubConfig = {
  client: { token: { hmac_secret_key: 'test-token-key' } },
  channel: {
    namespaces: [
      {
        name: 'forced',
        allow_subscribe_for_client: true,
        join_leave: true,
        force_push_join_leave: true,
        presence: true,
      },
      {
        name: 'asked',
        allow_subscribe_for_client: true,
        join_leave: true,
        presence: true,
        allow_presence_for_client: true,
      },
      { name: 'secret', allow_subscribe_for_client: true, join_leave: true, presence: true },
      { name: 'silent', allow_subscribe_for_client: true, force_push_join_leave: true },
    ],
  },
}

let hub: TestHub
afterEach(() => hub.close())

function subscribed(channel: string, user: string, request: object = {}): MemoryPeer {
  const peer = hub.connected(user)
  peer.send({ id: 2, subscribe: { channel, ...request } })
  hub.clock.tick()
  return peer
}

/** `join alice`, `leave bob`, in order of arrival. */
function events({ messages }: MemoryPeer): string[] {
  return messages.flatMap(({ push }) => {
    const { join, leave } = (push ?? {}) as { join?: Member; leave?: Member }
    return [...(join ? [`join ${join.info.user}`] : []), ...(leave ? [`leave ${leave.info.user}`] : [])]
  })
}

interface Member {
  info: { user: string; client: string }
}

test('forced: everybody hears who comes and goes, the one who comes too, after the answer', () => {
  hub = createTestHub({ config })
  const alice = subscribed('forced:1', 'alice')
  const bob = subscribed('forced:1', 'bob')
  bob.send({ id: 3, unsubscribe: { channel: 'forced:1' } })
  hub.clock.tick()
  expect(events(alice)).toEqual(['join alice', 'join bob', 'leave bob'])
  expect(events(bob)).toEqual(['join bob'])
  const kinds = bob.messages.map((message) => Object.keys(message)[message['id'] === undefined ? 0 : 1])
  expect(kinds).toEqual(['connect', 'subscribe', 'push', 'unsubscribe'])
})

test('who is gone without a word is told of as well, after presence knows', () => {
  hub = createTestHub({ config })
  const alice = subscribed('forced:1', 'alice')
  const bob = subscribed('forced:1', 'bob')
  const seen: number[] = []
  const { broker } = hub.core
  const tell = broker.publishMembership.bind(broker)
  broker.publishMembership = (...event) => {
    seen.push((hub.core.presence.get('forced:1') as ReadonlyMap<string, unknown>).size)
    return tell(...event)
  }
  bob.session.closed()
  hub.clock.tick()
  expect(events(alice)).toEqual(['join alice', 'join bob', 'leave bob'])
  expect(seen).toEqual([1])
})

test('not forced: those hear it who ask and may read presence', () => {
  hub = createTestHub({ config })
  const asks = subscribed('asked:1', 'asks', { join_leave: true })
  const silent = subscribed('asked:1', 'silent')
  expect(events(asks)).toEqual(['join asks', 'join silent'])
  expect(events(silent)).toEqual([])
  const stranger = subscribed('secret:1', 'stranger', { join_leave: true })
  subscribed('secret:1', 'other')
  expect(events(stranger)).toEqual([])
})

test('where nothing is told of, nothing is heard', () => {
  hub = createTestHub({ config })
  const alice = subscribed('silent:1', 'alice', { join_leave: true })
  subscribed('silent:1', 'bob')
  expect(events(alice)).toEqual([])
})

test('a token says otherwise for one subscription', () => {
  hub = createTestHub({ config })
  const override = { join_leave: { value: false }, force_push_join_leave: { value: false } }
  const alice = subscribed('forced:1', 'alice')
  const token = hub.token({ sub: 'bob', channel: 'forced:1', override })
  const bob = subscribed('forced:1', 'bob', { token })
  subscribed('forced:1', 'carol')
  expect(events(alice)).toEqual(['join alice', 'join carol'])
  expect(events(bob)).toEqual([])
})

test('publications and events keep their order', () => {
  hub = createTestHub({ config })
  const alice = subscribed('forced:1', 'alice')
  void hub.core.publish('forced:1', { data: '1' })
  const bob = hub.connected('bob')
  bob.send({ id: 2, subscribe: { channel: 'forced:1' } })
  void hub.core.publish('forced:1', { data: '2' })
  hub.clock.tick()
  const order = alice.messages.flatMap(({ push }) => {
    const { pub, join } = (push ?? {}) as { pub?: { data: number }; join?: Member }
    return [...(pub ? [pub.data] : []), ...(join ? [join.info.user] : [])]
  })
  expect(order).toEqual(['alice', 1, 'bob', 2])
})

test('information that JSON can’t carry closes those who would have to hear it, and nobody else', () => {
  hub = createTestHub({ config })
  const alice = subscribed('forced:1', 'alice')
  const token = hub.token({ sub: 'bob', channel: 'forced:1', b64info: Buffer.from([0xff, 0xfe]).toString('base64') })
  subscribed('forced:1', 'bob', { token })
  expect(alice.closed?.code).toBe(3506)
})

test('a hub that closes tells nobody of all the others', () => {
  hub = createTestHub({ config })
  const alice = subscribed('forced:1', 'alice')
  subscribed('forced:1', 'bob')
  hub.core.shutdown(disconnect('shutdown'))
  expect(events(alice)).toEqual(['join alice', 'join bob'])
})

test('on stores that answer late a leave never comes before its join', async () => {
  hub = createTestHub({
    config,
    broker: delayedBroker(new MemoryBroker(new TestClock())),
    presence: delayedPresence(new MemoryPresence()),
  })
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve))
    hub.clock.tick()
  }
  const alice = subscribed('forced:1', 'alice')
  await settled()
  const bob = subscribed('forced:1', 'bob')
  await settled()
  bob.send({ id: 3, unsubscribe: { channel: 'forced:1' } })
  await settled()
  expect(events(alice)).toEqual(['join alice', 'join bob', 'leave bob'])
})

test('what is said anew of a connection while it joins a channel reaches presence', async () => {
  const presence = new MemoryPresence()
  const answer = Promise.withResolvers<void>()
  hub = createTestHub({
    config,
    presence: {
      add: (channel, info) => {
        presence.add(channel, info)
        return answer.promise
      },
      remove: (channel, client) => presence.remove(channel, client),
      get: (channel) => presence.get(channel),
    },
  })
  const peer = hub.connected('alice')
  peer.send({ id: 2, subscribe: { channel: 'secret:1' } })
  expect(presence.size).toBe(1)
  peer.session.refreshed(hub.clock.now() / 1000 + 60, '"new"')
  answer.resolve()
  await vi.waitFor(() => expect(peer.session.subscriptions.get('secret:1')?.isSubscribed).toBe(true))
  hub.clock.tick()
  expect(Array.from(presence.get('secret:1').values())).toMatchObject([{ connInfo: '"new"' }])
})

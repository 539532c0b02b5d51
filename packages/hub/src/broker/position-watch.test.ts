import { afterEach, expect, test } from 'vitest'
import type { HubConfig } from '../config/config.ts'
import { MemoryBroker } from './memory-broker.ts'
import { brokerOver, lossyBroker } from '../testing/broker-over.ts'
import type { MemoryPeer } from '../testing/memory-transport.ts'
import { TestClock } from '../testing/test-clock.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'

const kept = { allow_subscribe_for_client: true, history_size: 10, history_ttl: '300s' } as const
const config: HubConfig = {
  client: { token: { hmac_secret_key: 'test-token-key' }, ping_interval: '0s', channel_position_check_delay: '40s' },
  channel: {
    namespaces: [
      { name: 'kept', ...kept, force_positioning: true },
      { name: 'loose', ...kept },
    ],
  },
}

let hub: TestHub
let isLost = false
afterEach(() => {
  hub.close()
  isLost = false
})

function lossyHub(reads: string[] = []): void {
  const inner = new MemoryBroker(new TestClock())
  const counting = brokerOver(inner, {
    history: (channel, query) => {
      reads.push(channel)
      return inner.history(channel, query)
    },
  })
  hub = createTestHub({ config, broker: lossyBroker(counting, () => isLost) })
}

function subscribed(channel: string, user: string): MemoryPeer {
  const peer = hub.connected(user)
  peer.send({ id: 2, subscribe: { channel } })
  hub.clock.tick()
  return peer
}

function publish(channel: string): void {
  void hub.core.publish(channel, { data: '1' })
  hub.clock.tick()
}

function unsubscribes({ messages }: MemoryPeer): unknown[] {
  return messages.flatMap(({ push }) => {
    const { unsubscribe } = (push ?? {}) as { unsubscribe?: { code: number } }
    return unsubscribe ? [unsubscribe.code] : []
  })
}

test('who has missed the last publication of a quiet channel is told within two delays', () => {
  lossyHub()
  const positioned = subscribed('kept:a', 'a')
  const loose = subscribed('loose:a', 'b')
  for (const channel of ['kept:a', 'loose:a']) publish(channel)
  isLost = true
  for (const channel of ['kept:a', 'loose:a']) publish(channel)
  hub.clock.advance(81_000)
  expect(unsubscribes(positioned)).toEqual([2500])
  expect(unsubscribes(loose)).toEqual([])
  expect(positioned.closed).toBeUndefined()
})

test('who has missed the first one too, and who comes back goes on from the top', () => {
  lossyHub()
  const peer = subscribed('kept:a', 'a')
  isLost = true
  publish('kept:a')
  hub.clock.advance(81_000)
  expect(unsubscribes(peer)).toEqual([2500])
  peer.send({ id: 3, subscribe: { channel: 'kept:a' } })
  isLost = false
  publish('kept:a')
  hub.clock.advance(200_000)
  expect(unsubscribes(peer)).toEqual([2500])
  expect(peer.publications('kept:a')).toEqual([1])
})

test('a channel that has heard something lately is not asked for', () => {
  const reads: string[] = []
  lossyHub(reads)
  subscribed('kept:a', 'a')
  subscribed('kept:quiet', 'a')
  reads.length = 0
  for (let second = 0; second < 100; second += 10) {
    publish('kept:a')
    hub.clock.advance(10_000)
  }
  expect(reads.filter((channel) => channel === 'kept:a')).toEqual([])
  expect(reads.filter((channel) => channel === 'kept:quiet').length).toBeGreaterThan(0)
})

test('with nobody to watch over there is no alarm', () => {
  lossyHub()
  const peer = subscribed('kept:a', 'a')
  expect(hub.core.keepalive.size).toBe(1)
  peer.send({ id: 3, unsubscribe: { channel: 'kept:a' } })
  hub.clock.tick()
  expect(hub.core.keepalive.size).toBe(0)
})

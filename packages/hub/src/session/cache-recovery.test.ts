import { afterEach, describe, expect, test } from 'vitest'
import type { HubConfig } from '../config/config.ts'
import type { MemoryPeer } from '../testing/memory-transport.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'

const cache = {
  allow_subscribe_for_client: true,
  history_size: 5,
  history_ttl: '300s',
  force_recovery: true,
  force_recovery_mode: 'cache',
} as const

const config: HubConfig = {
  client: { token: { hmac_secret_key: 'test-token-key' } },
  channel: {
    namespaces: [
      { name: 'cache', ...cache, allow_tags_filter: true, allowed_delta_types: ['fossil'] },
      { name: 'auto', ...cache, auto_cache_recover: true },
    ],
  },
}

let hub: TestHub
afterEach(() => hub.close())

interface Result {
  recovered?: boolean
  was_recovering?: boolean
  offset?: number
  epoch: string
  publications?: { data: unknown; offset: number }[]
}

function subscribe(channel: string, request: object = {}): { peer: MemoryPeer; result: Result } {
  const peer = hub.connected()
  peer.send({ id: 2, subscribe: { channel, ...request } })
  hub.clock.tick()
  return { peer, result: (peer.reply(2) as { subscribe: Result }).subscribe }
}

function publish(channel: string, n: number, tags?: Record<string, string>): void {
  void hub.core.publish(channel, { data: String(n), ...(tags ? { tags } : {}) })
  hub.clock.tick()
}

describe('recovery of the newest alone', () => {
  test('brings it whatever the position was, but not twice', () => {
    hub = createTestHub({ config })
    for (const n of [1, 2, 3]) publish('cache:a', n)
    const { result } = subscribe('cache:a', { recover: true })
    expect(result).toMatchObject({ recovered: true, was_recovering: true })
    expect(result.publications).toMatchObject([{ data: 3, offset: 3 }])
    const again = subscribe('cache:a', { recover: true, offset: 3, epoch: result.epoch }).result
    expect(again).toMatchObject({ recovered: true, offset: 3 })
    expect(again).not.toHaveProperty('publications')
    const stranger = subscribe('cache:a', { recover: true, offset: 3, epoch: 'another' }).result
    expect(stranger.publications).toMatchObject([{ data: 3 }])
  })

  test('of an empty channel brings nothing, and says so', () => {
    hub = createTestHub({ config })
    const { result, peer } = subscribe('cache:a', { recover: true })
    expect(result).toMatchObject({ was_recovering: true })
    expect(result).not.toHaveProperty('recovered')
    publish('cache:a', 1)
    expect(peer.publications('cache:a')).toEqual([1])
  })

  test('what is kept no more is not recovered', () => {
    hub = createTestHub({ config })
    publish('cache:a', 1)
    void hub.core.broker.removeHistory('cache:a')
    expect(subscribe('cache:a', { recover: true }).result).not.toHaveProperty('recovered')
  })

  test('with a filter it is the newest that the filter lets through', () => {
    hub = createTestHub({ config })
    publish('cache:a', 1, { kind: 'goal' })
    publish('cache:a', 2, { kind: 'foul' })
    const goals = { tf: { key: 'kind', cmp: 'eq', val: 'goal' } }
    expect(subscribe('cache:a', { recover: true, ...goals }).result.publications).toMatchObject([{ data: 1 }])
    const cards = { tf: { key: 'kind', cmp: 'eq', val: 'card' } }
    expect(subscribe('cache:a', { recover: true, ...cards }).result).not.toHaveProperty('recovered')
  })

  test('with delta it comes whole, and patches begin with it', () => {
    hub = createTestHub({ config })
    publish('cache:a', 1)
    const { result } = subscribe('cache:a', { recover: true, delta: 'fossil' })
    expect(result).toMatchObject({ delta: true, publications: [{ data: '1' }] })
  })
})

test('auto_cache_recover brings it without being asked, and not to who has it', () => {
  hub = createTestHub({ config })
  publish('auto:a', 1)
  const { result } = subscribe('auto:a')
  expect(result).toMatchObject({ recovered: true, was_recovering: true, publications: [{ data: 1 }] })
  const again = subscribe('auto:a', { recover: true, offset: 1, epoch: result.epoch }).result
  expect(again).not.toHaveProperty('publications')
})

import { disconnect } from '@backchannel/protocol'
import { applyStringDelta } from 'fossil-delta'
import { afterEach, describe, expect, test } from 'vitest'
import type { HubConfig } from '../config/config.ts'
import type { MemoryPeer } from '../testing/memory-transport.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'

const kept = {
  allow_subscribe_for_client: true,
  history_size: 10,
  history_ttl: '300s',
  force_recovery: true,
} as const

const config: HubConfig = {
  client: { token: { hmac_secret_key: 'test-token-key' } },
  channel: {
    namespaces: [
      { name: 'delta', ...kept, allowed_delta_types: ['fossil'] },
      { name: 'always', ...kept, allowed_delta_types: ['fossil'], delta_publish: true },
      { name: 'plain', ...kept },
      { name: 'fleeting', allow_subscribe_for_client: true, allowed_delta_types: ['fossil'] },
    ],
  },
}

let hub: TestHub
afterEach(() => hub.close())

/** What a client makes of what it gets: whole publications as they are, patches applied to what it heard last. */
class Reader {
  readonly data: unknown[] = []
  readonly kinds: ('whole' | 'patch')[] = []
  base = ''
  readonly peer: MemoryPeer
  readonly channel: string

  constructor(peer: MemoryPeer, channel: string) {
    this.peer = peer
    this.channel = channel
  }

  take({ data, delta = false }: { data: string; delta?: boolean }): void {
    if (typeof data !== 'string') throw new Error('with delta the data of a publication is text')
    this.base = delta ? applyStringDelta(this.base, data, { verifyChecksum: true }) : data
    this.kinds.push(delta ? 'patch' : 'whole')
    this.data.push(JSON.parse(this.base))
  }

  /** Everything that has come since the last time. */
  read(): this {
    for (const { push } of this.peer.messages as { push?: Push }[]) {
      if (push?.channel === this.channel && push.pub) this.take(push.pub)
    }
    this.peer.writes.length = 0
    return this
  }
}

interface Push {
  channel: string
  pub?: { data: string; delta?: boolean }
}

function join(
  channel: string,
  request: object = {},
  user = 'alice',
): { reader: Reader; result: Record<string, unknown> } {
  const peer = hub.connected(user)
  peer.send({ id: 2, subscribe: { channel, delta: 'fossil', ...request } })
  hub.clock.tick()
  const reply = peer.reply(2) as { subscribe: Record<string, unknown> }
  const reader = new Reader(peer, channel)
  for (const publication of (reply.subscribe['publications'] ?? []) as { data: string }[]) reader.take(publication)
  peer.writes.length = 0
  return { reader, result: reply.subscribe }
}

/** Long, so that a patch is shorter. */
const state = (n: number): object => ({ text: 'the quick brown fox jumps over the lazy dog '.repeat(8), n })

function publish(
  channel: string,
  data: object,
  options: { delta?: boolean; skipHistory?: boolean } = { delta: true },
): void {
  void hub.core.publish(channel, { data: JSON.stringify(data), ...options })
  hub.clock.tick()
}

describe('live', () => {
  test('the first publication comes whole, the next ones as patches of the one before', () => {
    hub = createTestHub({ config })
    const { reader, result } = join('delta:a')
    expect(result['delta']).toBe(true)
    for (const n of [1, 2, 3]) publish('delta:a', state(n))
    expect(reader.read().data).toEqual([state(1), state(2), state(3)])
    expect(reader.kinds).toEqual(['whole', 'patch', 'patch'])
  })

  test('in one tick too, and for who joins between', () => {
    hub = createTestHub({ config })
    const { reader: early } = join('delta:a')
    for (const n of [1, 2]) void hub.core.publish('delta:a', { data: JSON.stringify(state(n)), delta: true })
    const { reader: late } = join('delta:a', {}, 'bob')
    for (const n of [3, 4]) void hub.core.publish('delta:a', { data: JSON.stringify(state(n)), delta: true })
    hub.clock.tick()
    publish('delta:a', state(5))
    expect(early.read().data).toEqual([1, 2, 3, 4, 5].map(state))
    expect(early.kinds).toEqual(['whole', 'patch', 'patch', 'patch', 'patch'])
    expect(late.read().data).toEqual([3, 4, 5].map(state))
    expect(late.kinds).toEqual(['whole', 'patch', 'patch'])
  })

  test('who did not ask gets whole publications, not wrapped in text', () => {
    hub = createTestHub({ config })
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'delta:a' } })
    join('delta:a', {}, 'bob')
    for (const n of [1, 2]) publish('delta:a', state(n))
    expect(peer.publications('delta:a')).toEqual([state(1), state(2)])
    expect(peer.reply(2)).not.toHaveProperty('subscribe.delta')
  })

  test('what was published without delta comes whole, and is what the next patch stands on', () => {
    hub = createTestHub({ config })
    const { reader } = join('delta:a')
    publish('delta:a', state(1))
    publish('delta:a', state(2), {})
    publish('delta:a', state(3))
    expect(reader.read().data).toEqual([state(1), state(2), state(3)])
    expect(reader.kinds).toEqual(['whole', 'whole', 'patch'])
  })

  test('delta_publish makes every publication one', () => {
    hub = createTestHub({ config })
    const { reader } = join('always:a')
    for (const n of [1, 2]) publish('always:a', state(n), {})
    expect(reader.read().kinds).toEqual(['whole', 'patch'])
  })

  test('a publication that is not kept spoils nobody’s base', () => {
    hub = createTestHub({ config })
    const { reader } = join('delta:a')
    publish('delta:a', state(1))
    publish('delta:a', state(2), { delta: true, skipHistory: true })
    publish('delta:a', state(3))
    publish('delta:a', state(4))
    expect(reader.read().data).toEqual([1, 2, 3, 4].map(state))
    expect(reader.kinds).toEqual(['whole', 'whole', 'whole', 'patch'])
  })

  test('without history everything comes whole', () => {
    hub = createTestHub({ config })
    const { reader } = join('fleeting:a')
    for (const n of [1, 2]) publish('fleeting:a', state(n))
    expect(reader.read().kinds).toEqual(['whole', 'whole'])
  })

  test('what is shorter whole comes whole', () => {
    hub = createTestHub({ config })
    const { reader } = join('delta:a')
    publish('delta:a', { n: 1 })
    publish('delta:a', { n: 2 })
    expect(reader.read().kinds).toEqual(['whole', 'whole'])
  })

  test('a patch that would cut a character comes whole', () => {
    hub = createTestHub({ config })
    const { reader } = join('delta:a')
    // The two differ in the last byte of a character each time.
    const text = (last: string): object => ({ text: `${'ab'.repeat(40)}${`é${last}`.repeat(3)}${'cd'.repeat(40)}` })
    publish('delta:a', text('é'))
    publish('delta:a', text('è'))
    expect(reader.read().data).toEqual([text('é'), text('è')])
  })

  test('where the namespace does not allow it, it is declined', () => {
    hub = createTestHub({ config })
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'plain:a', delta: 'fossil' } })
    publish('plain:a', state(1))
    expect(peer.reply(2)).not.toHaveProperty('subscribe.delta')
    expect(peer.publications('plain:a')).toEqual([state(1)])
  })
})

describe('on recovery', () => {
  test('the first comes whole, the others as patches, and live ones go on from there', () => {
    hub = createTestHub({ config })
    for (const n of [1, 2, 3]) publish('delta:a', state(n))
    const { reader, result } = join('delta:a', { recover: true, offset: 1 })
    expect(result).toMatchObject({ recovered: true, delta: true, offset: 1 })
    publish('delta:a', state(4))
    expect(reader.read().data).toEqual([2, 3, 4].map(state))
    expect(reader.kinds).toEqual(['whole', 'patch', 'patch'])
  })
  test('with nothing missed it is not known what the client heard last, so the next one comes whole', () => {
    hub = createTestHub({ config })
    publish('delta:a', state(1))
    const { reader, result } = join('delta:a', { recover: true, offset: 1 })
    expect(result).toMatchObject({ recovered: true })
    for (const n of [2, 3]) publish('delta:a', state(n))
    expect(reader.read().data).toEqual([state(2), state(3)])
    expect(reader.kinds).toEqual(['whole', 'patch'])
  })

  test('what could not be recovered begins with a whole publication', () => {
    hub = createTestHub({ config })
    publish('delta:a', state(1))
    const { reader, result } = join('delta:a', { recover: true, offset: 7 })
    expect(result).not.toHaveProperty('recovered')
    for (const n of [2, 3]) publish('delta:a', state(n))
    expect(reader.read().data).toEqual([state(2), state(3)])
    expect(reader.kinds).toEqual(['whole', 'patch'])
  })

  test('members of one variant share bytes again after the next publication', () => {
    hub = createTestHub({ config })
    publish('delta:a', state(1))
    const { reader: first } = join('delta:a', { recover: true, offset: 0 })
    const { reader: second } = join('delta:a', {}, 'bob')
    for (const n of [2, 3]) publish('delta:a', state(n))
    expect(first.read().data).toEqual([1, 2, 3].map(state))
    expect(first.kinds).toEqual(['whole', 'patch', 'patch'])
    expect(second.read().kinds).toEqual(['whole', 'patch'])
    first.peer.session.disconnect(disconnect('shutdown'))
    publish('delta:a', state(4))
    expect(second.read().data.at(-1)).toEqual(state(4))
  })
})

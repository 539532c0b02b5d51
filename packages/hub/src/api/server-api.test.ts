import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ServerApiMethod } from '@backchannel/protocol'
import { BadApiRequest, isApiMethod, JsonText, runApiMethod } from './server-api.ts'
import {
  createTestHub,
  delayedBroker,
  MemoryBroker,
  MemoryPeer,
  TestClock,
  type Message,
  type TestHub,
} from '../testing/index.ts'

let hub: TestHub

beforeEach(() => {
  hub = createTestHub({
    config: {
      channel: {
        namespaces: [
          { name: 'open', allow_subscribe_for_client: true },
          { name: 'kept', allow_subscribe_for_client: true, history_size: 3, history_ttl: '60s', force_recovery: true },
          { name: 'seen', allow_subscribe_for_client: true, presence: true },
          {
            name: 'patched',
            allow_subscribe_for_client: true,
            history_size: 3,
            history_ttl: '60s',
            allowed_delta_types: ['fossil'],
          },
          { name: 'closed' },
        ],
      },
    },
  })
})

afterEach(() => hub.close())

/** One method with a request as it is in process; its result as an object. */
function call(method: ServerApiMethod, request: Record<string, unknown>): unknown {
  const result = runApiMethod(hub.core, method, request, (name) =>
    request[name] === undefined ? undefined : JSON.stringify(request[name]),
  )
  hub.clock.tick()
  return result instanceof JsonText ? (JSON.parse(result.json) as unknown) : result
}

function subscribed(peer: MemoryPeer, channel: string): void {
  peer.send({ id: 99, subscribe: { channel } })
  hub.clock.tick()
  expect(peer.messages.at(-1)).toMatchObject({ id: 99, subscribe: {} })
}

/** Connected by a transport whose commands come in requests of their own. */
function emulated(user: string): MemoryPeer {
  const peer = new MemoryPeer(hub.core, undefined, { isEmulated: true })
  peer.send({ id: 1, connect: { token: hub.token({ sub: user }) } })
  hub.clock.tick()
  return peer
}

/** What came since the connect answer and the subscriptions that the test made. */
function pushes(peer: MemoryPeer): Message[] {
  return peer.messages.flatMap((message) => ('push' in message ? [message['push'] as Message] : []))
}

describe('disconnect', () => {
  test('closes all of a user’s connections, and nobody else’s', () => {
    const [first, second, other] = [hub.connected('alice'), hub.connected('alice'), hub.connected('bob')]
    expect(call('disconnect', { user: 'alice' })).toEqual({})
    expect([first, second, other].map((peer) => peer.closed)).toEqual([
      { code: 3503, reason: 'force disconnect' },
      { code: 3503, reason: 'force disconnect' },
      undefined,
    ])
  })

  test('one client of a user, only if it is the user’s', () => {
    const [first, second, other] = [hub.connected('alice'), hub.connected('alice'), hub.connected('bob')]
    call('disconnect', { user: 'alice', client: other.session.client })
    expect(other.closed).toBeUndefined()
    call('disconnect', { user: 'alice', client: first.session.client })
    expect([first, second].map((peer) => peer.closed !== undefined)).toEqual([true, false])
  })

  test('spares the whitelist, and takes a code and reason', () => {
    const [first, second] = [hub.connected('alice'), hub.connected('alice')]
    call('disconnect', {
      user: 'alice',
      whitelist: [second.session.client, 'nobody'],
      disconnect: { code: 4500, reason: 'enough' },
    })
    expect([first.closed, second.closed]).toEqual([{ code: 4500, reason: 'enough' }, undefined])
  })

  test('without a user means anonymous connections only', () => {
    const named = hub.connected('alice')
    const anonymous = hub.connected('')
    call('disconnect', {})
    expect([named.closed, anonymous.closed?.code]).toEqual([undefined, 3503])
  })

  test('a connection that has not connected yet is nobody’s', () => {
    const peer = hub.peer()
    call('disconnect', { user: '' })
    expect(peer.closed).toBeUndefined()
  })

  test('by its session key, which only emulated and unidirectional connections have', () => {
    const [socket, stream, other] = [hub.connected('alice'), emulated('alice'), emulated('alice')]
    expect([socket, stream].map((peer) => peer.session.key)).toEqual(['', expect.stringMatching(/.{20}/)])
    for (const target of [
      { user: 'alice', session: 'another' },
      { user: 'bob', session: stream.session.key },
      { user: 'alice', session: stream.session.key, client: other.session.client },
      { user: 'alice', session: stream.session.key, whitelist: [stream.session.client] },
    ]) {
      call('disconnect', target)
    }
    expect([socket, stream, other].map((peer) => peer.closed)).toEqual([undefined, undefined, undefined])
    call('disconnect', { user: 'alice', session: stream.session.key })
    expect([socket, stream, other].map((peer) => peer.closed?.code)).toEqual([undefined, 3503, undefined])
  })
})

test('a session key narrows subscribe, unsubscribe and refresh, too', () => {
  const [socket, stream] = [hub.connected('alice'), emulated('alice')]
  const target = { user: 'alice', session: stream.session.key }
  call('subscribe', { ...target, channel: 'open:a' })
  call('refresh', { ...target, expire_at: hub.clock.now() / 1000 + 100 })
  call('unsubscribe', { ...target, channel: 'open:a' })
  expect(pushes(stream)).toEqual([
    { channel: 'open:a', subscribe: {} },
    { refresh: { expires: true, ttl: 100 } },
    { channel: 'open:a', unsubscribe: { code: 2000, reason: 'server unsubscribe' } },
  ])
  expect(pushes(socket)).toEqual([])
})

describe('subscribe', () => {
  test('adds a subscription that the server made: push first, then what is published', () => {
    const peer = hub.connected('alice')
    expect(call('subscribe', { user: 'alice', channel: 'closed:a', data: { hello: 1 } })).toEqual({})
    call('publish', { channel: 'closed:a', data: 5 })
    expect(pushes(peer)).toEqual([
      { channel: 'closed:a', subscribe: { data: { hello: 1 } } },
      { channel: 'closed:a', pub: { data: 5 } },
    ])
  })

  test('to a stream tells the position, and recovers what was missed', () => {
    const { epoch } = call('publish', { channel: 'kept:a', data: 1 }) as { epoch: string }
    call('publish', { channel: 'kept:a', data: 2 })
    const [fresh, back] = [hub.connected('alice'), hub.connected('bob')]
    call('subscribe', { user: 'alice', channel: 'kept:a' })
    expect(pushes(fresh)).toEqual([
      { channel: 'kept:a', subscribe: { recoverable: true, epoch, offset: 2, positioned: true } },
    ])
    call('subscribe', { user: 'bob', channel: 'kept:a', recover_since: { offset: 1, epoch } })
    call('publish', { channel: 'kept:a', data: 3 })
    expect(pushes(back)).toEqual([
      { channel: 'kept:a', subscribe: { recoverable: true, epoch, offset: 1, positioned: true } },
      { channel: 'kept:a', pub: { data: 2, offset: 2 } },
      { channel: 'kept:a', pub: { data: 3, offset: 3 } },
    ])
  })

  test('to a stream that has been lost tells where the new one stands', () => {
    const { epoch } = call('publish', { channel: 'kept:a', data: 1 }) as { epoch: string }
    const peer = hub.connected('alice')
    call('subscribe', { user: 'alice', channel: 'kept:a', recover_since: { offset: 0, epoch: 'other' } })
    expect(pushes(peer)).toEqual([
      { channel: 'kept:a', subscribe: { recoverable: true, epoch, offset: 1, positioned: true } },
    ])
  })

  test('again only tells the client again', () => {
    const peer = hub.connected('alice')
    subscribed(peer, 'open:a')
    call('subscribe', { user: 'alice', channel: 'open:a' })
    call('publish', { channel: 'open:a', data: 5 })
    expect(pushes(peer)).toEqual([
      { channel: 'open:a', subscribe: {} },
      { channel: 'open:a', pub: { data: 5 } },
    ])
  })

  test('one client, or nobody when it is not the user’s', () => {
    const [first, second] = [hub.connected('alice'), hub.connected('alice')]
    call('subscribe', { user: 'alice', client: second.session.client, channel: 'open:a' })
    call('subscribe', { user: 'bob', client: first.session.client, channel: 'open:a' })
    expect([first, second].map((peer) => pushes(peer).length)).toEqual([0, 1])
  })

  test('ends when expire_at has passed and nobody renewed it (3006)', () => {
    const peer = hub.connected('alice')
    call('subscribe', { user: 'alice', channel: 'open:a', expire_at: hub.clock.now() / 1000 + 60 })
    let seconds = 0
    for (let answered = 0; seconds < 200 && !peer.closed; seconds++) {
      hub.clock.advance(1000)
      const pings = peer.messages.filter((message) => Object.keys(message).length === 0).length
      if (pings > answered) peer.send({})
      answered = pings
    }
    // `client.expired_sub_close_delay` is 25 seconds.
    expect([seconds, peer.closed]).toEqual([85, { code: 3006, reason: 'subscription expired' }])
  })

  test('info is shown in presence', () => {
    const peer = hub.connected('alice')
    call('subscribe', { user: 'alice', channel: 'seen:a', info: { name: 'Alice' } })
    expect(call('presence', { channel: 'seen:a' })).toEqual({
      presence: {
        [peer.session.client]: { user: 'alice', client: peer.session.client, chan_info: { name: 'Alice' } },
      },
    })
  })

  test('overrides the namespace’s presence', () => {
    hub.connected('alice')
    call('subscribe', { user: 'alice', channel: 'seen:a', override: { presence: { value: false } } })
    expect(call('presence', { channel: 'seen:a' })).toEqual({ presence: {} })
  })
})

describe('unsubscribe', () => {
  test('ends the subscription and tells the client (2000)', () => {
    const peer = hub.connected('alice')
    subscribed(peer, 'open:a')
    call('publish', { channel: 'open:a', data: 1 })
    expect(call('unsubscribe', { user: 'alice', channel: 'open:a' })).toEqual({})
    call('publish', { channel: 'open:a', data: 2 })
    expect(pushes(peer)).toEqual([
      { channel: 'open:a', pub: { data: 1 } },
      { channel: 'open:a', unsubscribe: { code: 2000, reason: 'server unsubscribe' } },
    ])
    expect(hub.core.registry.channelCount).toBe(0)
  })

  test('tells also a client that was not subscribed', () => {
    const peer = hub.connected('alice')
    call('unsubscribe', { user: 'alice', channel: 'open:a' })
    expect(pushes(peer)).toEqual([{ channel: 'open:a', unsubscribe: { code: 2000, reason: 'server unsubscribe' } }])
  })

  test('another client, another user and no channel change nothing', () => {
    const peer = hub.connected('alice')
    subscribed(peer, 'open:a')
    call('unsubscribe', { user: 'alice', client: 'another', channel: 'open:a' })
    call('unsubscribe', { user: 'bob', channel: 'open:a' })
    call('unsubscribe', { user: 'alice' })
    call('unsubscribe', { user: 'alice', channel: '' })
    expect(pushes(peer)).toEqual([])
    call('publish', { channel: 'open:a', data: 2 })
    expect(peer.publications('open:a')).toEqual([2])
  })
})

describe('refresh', () => {
  test('moves the end of a connection and tells the client', () => {
    const peer = hub.connected('alice')
    expect(call('refresh', { user: 'alice', expire_at: hub.clock.now() / 1000 + 60 })).toEqual({})
    expect(pushes(peer)).toEqual([{ refresh: { expires: true, ttl: 60 } }])
  })

  test('expired closes it (3005); another client stays', () => {
    const [first, second] = [hub.connected('alice'), hub.connected('alice')]
    call('refresh', { user: 'alice', client: first.session.client, expired: true })
    expect([first.closed, second.closed]).toEqual([{ code: 3005, reason: 'connection expired' }, undefined])
  })

  test('to a time that is over closes it, too', () => {
    const peer = hub.connected('alice')
    call('refresh', { user: 'alice', expire_at: Math.floor(hub.clock.now() / 1000) })
    expect(peer.closed).toEqual({ code: 3005, reason: 'connection expired' })
  })

  test('without a time: it never ends, and keeps its info', () => {
    const peer = hub.connected('alice')
    for (const request of [{}, { expire_at: 0 }, { expire_at: -1 }]) {
      call('refresh', { user: 'alice', info: { of: 'nothing' }, ...request })
    }
    expect(pushes(peer)).toEqual([{ refresh: {} }, { refresh: {} }, { refresh: {} }])
    expect(peer.session.info?.connInfo).toBeUndefined()
    hub.clock.advance(10 ** 9)
    expect(peer.closed?.code).not.toBe(3005)
  })

  test('with info changes what others are shown', () => {
    const peer = hub.connected('alice')
    call('refresh', { user: 'alice', expire_at: hub.clock.now() / 1000 + 60, info: { name: 'Alice' } })
    subscribed(peer, 'seen:a')
    const { presence } = call('presence', { channel: 'seen:a' }) as { presence: Record<string, unknown> }
    expect(Object.values(presence)).toEqual([
      { user: 'alice', client: peer.session.client, conn_info: { name: 'Alice' } },
    ])
  })
})

describe('publish', () => {
  test('with delta reaches those that asked for patches as one', () => {
    const peer = hub.connected('alice')
    peer.send({ id: 99, subscribe: { channel: 'patched:a', delta: 'fossil' } })
    hub.clock.tick()
    const text = (n: number): string => `${'the same for everybody, '.repeat(5)}${n}`
    call('publish', { channel: 'patched:a', data: text(1), delta: true })
    call('publish', { channel: 'patched:a', data: text(2) })
    call('broadcast', { channels: ['patched:a'], data: text(3), delta: true })
    const publications = pushes(peer).map(({ pub }) => pub as { data: string; delta?: boolean })
    expect(publications.map(({ delta }) => delta)).toEqual([undefined, undefined, true])
    expect(publications.slice(0, 2).map(({ data }) => JSON.parse(data) as unknown)).toEqual([text(1), text(2)])
    expect(publications[2]?.data.length).toBeLessThan(text(3).length)
  })

  test('takes base64 that is broken into lines', () => {
    const peer = hub.connected('alice')
    subscribed(peer, 'open:a')
    const base64 = btoa('{"a":1}')
    call('publish', { channel: 'open:a', b64data: `${base64.slice(0, 4)}\r\n${base64.slice(4)}\n` })
    expect(peer.publications('open:a')).toEqual([{ a: 1 }])
  })
})

test('a history tells tags and who published, but no versions', () => {
  call('publish', { channel: 'kept:a', data: 1, tags: { a: 'b' }, version: 5, version_epoch: 'x' })
  expect(call('history', { channel: 'kept:a', limit: -1 })).toMatchObject({
    publications: [{ data: 1, offset: 1, tags: { a: 'b' } }],
  })
  expect(JSON.stringify(call('history', { channel: 'kept:a', limit: -1 }))).not.toContain('version')
})

test('the server subscribes to a channel of whatever name', () => {
  const peer = hub.connected('alice')
  call('subscribe', { user: 'alice', channel: 'open:ä' })
  call('publish', { channel: 'open:ä', data: 1 })
  expect(peer.publications('open:ä')).toEqual([1])
})

test('broadcasts run no more than 1024 publications at once', async () => {
  const clock = new TestClock()
  const broker = delayedBroker(new MemoryBroker(clock))
  const slow = createTestHub({ broker })
  let open = 0
  let most = 0
  const publish = broker.publish.bind(broker)
  broker.publish = async (...args) => {
    most = Math.max(most, ++open)
    const outcome = await publish(...args)
    open--
    return outcome
  }
  const channels = Array.from({ length: 2500 }, (_, index) => `open:${index}`)
  const result = await runApiMethod(slow.core, 'broadcast', { channels }, () => '1')
  expect(result).toEqual({ responses: channels.map(() => ({ result: {} })) })
  expect(most).toBe(1024)
  slow.close()
})

describe('presence', () => {
  test('is who is subscribed, connections and users', () => {
    const [first, second, other] = [hub.connected('alice'), hub.connected('alice'), hub.connected('bob')]
    for (const peer of [first, second, other]) subscribed(peer, 'seen:a')
    const { presence } = call('presence', { channel: 'seen:a' }) as { presence: Record<string, unknown> }
    expect(new Set(Object.keys(presence))).toEqual(new Set([first, second, other].map((peer) => peer.session.client)))
    expect(presence[other.session.client]).toEqual({ user: 'bob', client: other.session.client })
    expect(call('presence_stats', { channel: 'seen:a' })).toEqual({ num_clients: 3, num_users: 2 })
    call('disconnect', { user: 'alice' })
    expect(call('presence_stats', { channel: 'seen:a' })).toEqual({ num_clients: 1, num_users: 1 })
    expect(call('presence_stats', { channel: 'seen:empty' })).toEqual({ num_clients: 0, num_users: 0 })
  })
})

describe('channels', () => {
  test('are those with subscribers, by pattern', () => {
    const [alice, bob] = [hub.connected('alice'), hub.connected('bob')]
    for (const channel of ['open:a', 'open:ab', 'kept:a']) subscribed(alice, channel)
    subscribed(bob, 'open:a')
    const one = { num_clients: 1 }
    const two = { num_clients: 2 }
    expect(call('channels', {})).toEqual({ channels: { 'open:a': two, 'open:ab': one, 'kept:a': one } })
    expect(call('channels', { pattern: 'open:*' })).toEqual({ channels: { 'open:a': two, 'open:ab': one } })
    expect(call('channels', { pattern: 'open:?' })).toEqual({ channels: { 'open:a': two } })
    expect(call('channels', { pattern: 'open:a' })).toEqual({ channels: { 'open:a': two } })
    expect(call('channels', { pattern: 'OPEN:*' })).toEqual({ channels: {} })
    // As a regular expression this one would not end.
    expect(call('channels', { pattern: `${'*a'.repeat(40)}b` })).toEqual({ channels: {} })
  })

  test('bear any name', () => {
    const alice = hub.connected('alice')
    call('subscribe', { user: 'alice', channel: '__proto__' })
    expect(hub.core.registry.channelCount).toBe(1)
    expect(Object.keys((call('channels', {}) as { channels: object }).channels)).toEqual(['__proto__'])
    expect(pushes(alice)).toHaveLength(1)
  })
})

test('info tells the name that is configured', () => {
  const named = createTestHub({ config: { node: { name: 'hub-1' } } })
  expect(runApiMethod(named.core, 'info', {}, () => undefined)).toMatchObject({ nodes: [{ name: 'hub-1' }] })
  named.close()
})

test('info counts what is there', () => {
  const alice = hub.connected('alice')
  hub.connected('bob')
  hub.connected('bob')
  subscribed(alice, 'open:a')
  subscribed(alice, 'open:b')
  hub.clock.advance(5500)
  expect(call('info', {})).toEqual({
    nodes: [
      {
        uid: hub.core.id,
        name: 'embedded',
        version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
        num_clients: 3,
        num_users: 2,
        num_subs: 2,
        num_channels: 2,
        uptime: 5,
        metrics: {
          interval: 0,
          items: {
            'centrifugo.node.num_clients': 3,
            'centrifugo.node.num_users': 2,
            'centrifugo.node.num_subscriptions': 2,
            'centrifugo.node.num_channels': 2,
            'centrifugo.node.num_nodes': 1,
          },
        },
      },
    ],
  })
})

describe('while a connect waits for a slow store', () => {
  let slow: TestHub

  beforeEach(() => {
    const clock = new TestClock()
    slow = createTestHub({ broker: delayedBroker(new MemoryBroker(clock)) })
  })

  /** A peer that is known to be alice but has no answer yet. */
  function connecting(): MemoryPeer {
    const peer = slow.peer()
    peer.send({ id: 1, connect: { token: slow.token({ sub: 'alice', channels: ['kept:a'] }) } })
    slow.clock.tick()
    expect([peer.session.state, peer.session.user]).toEqual(['connecting', 'alice'])
    return peer
  }

  async function settled(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    slow.clock.tick()
  }

  test.each<[ServerApiMethod, object, number]>([
    ['disconnect', { user: 'alice' }, 3503],
    ['refresh', { user: 'alice', expired: true }, 3005],
  ])('%s sends the user away all the same', async (method, request, code) => {
    const peer = connecting()
    await runApiMethod(slow.core, method, request, () => undefined)
    await settled()
    expect([peer.closed?.code, peer.messages]).toEqual([code, []])
    slow.close()
  })

  test.each<[ServerApiMethod, object]>([
    ['subscribe', { user: 'alice', channel: 'open:a' }],
    ['unsubscribe', { user: 'alice', channel: 'open:a' }],
    ['refresh', { user: 'alice', expire_at: 4_000_000_000 }],
  ])('%s tells nothing before the answer to connect', async (method, request) => {
    const peer = connecting()
    await runApiMethod(slow.core, method, request, () => undefined)
    await settled()
    expect(peer.messages).toEqual([{ id: 1, connect: expect.objectContaining({ subs: expect.anything() as unknown }) }])
    peer.session.closed()
    await settled()
    slow.close()
  })
})

describe('methods', () => {
  test('are the table’s own, not what every object has', () => {
    expect(isApiMethod('publish')).toBe(true)
    for (const name of ['constructor', '__proto__', 'toString', 'batch', 'Publish', '']) {
      expect(isApiMethod(name)).toBe(false)
    }
  })

  test('refuse a request with the wrong types, and say where', () => {
    expect(() => call('publish', { channel: 5 })).toThrow(BadApiRequest)
    expect(() => call('publish', { channel: 5 })).toThrow(/^publish: channel: .*expected string/)
    expect(() => call('history', { channel: 'kept:a', since: { offset: -1 } })).toThrow(/^history: since\.offset: /)
    expect(() => call('disconnect', { user: 'a', disconnect: { code: 5 } })).toThrow(
      'disconnect: disconnect.code: expected a code that a Close frame can carry',
    )
  })
})

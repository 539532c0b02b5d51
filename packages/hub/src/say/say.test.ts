import { Disconnect, ReplyError } from '@backchannel/protocol'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { HubConfig } from '../config/config.ts'
import type { HubHandlers } from '../handlers.ts'
import { serverGrant } from '../session/permissions.ts'
import { Subscription, type Settle } from '../session/subscription.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'
import type { MemoryPeer } from '../testing/memory-transport.ts'

let hub: TestHub

function start(handlers: HubHandlers, config?: HubConfig): TestHub {
  hub = createTestHub({ handlers, ...(config ? { config } : {}) })
  return hub
}

afterEach(() => {
  hub.clock.tick()
  hub.close()
})

/** What was promised has come, and is sent. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  hub.clock.tick()
}

/** Now, and in unix seconds as answers have it. */
const inSeconds = (seconds: number): number => Math.floor(hub.clock.now() / 1000) + seconds

const internal = { code: 100, message: 'internal server error', temporary: true }

/** Commands of a client, and the handler that each of them asks. */
const asked: readonly (readonly [keyof HubHandlers, object])[] = [
  ['onConnect', { id: 7, connect: {} }],
  ['onSubscribe', { id: 7, subscribe: { channel: 'closed:a' } }],
  ['onPublish', { id: 7, publish: { channel: 'closed:a', data: {} } }],
  ['onRpc', { id: 7, rpc: { method: 'm' } }],
]

/** A client whose command has been answered by this handler. */
async function ask(name: keyof HubHandlers, command: object, handler: () => unknown): Promise<MemoryPeer> {
  start({ [name]: handler })
  const peer = name === 'onConnect' ? hub.peer() : hub.connected()
  peer.send(command)
  await settle()
  return peer
}

describe.each(asked)('%s', (name, command) => {
  test.each([
    [
      'throws',
      (error: unknown) => {
        throw error
      },
    ],
    ['rejects with', (error: unknown) => Promise.reject(error)],
  ] as const)('%s an error of the app: its code', async (_how, fail) => {
    const peer = await ask(name, command, () => fail(new ReplyError(1000, 'not now', true)))
    expect(peer.reply(7)).toEqual({ id: 7, error: { code: 1000, message: 'not now', temporary: true } })
    expect(peer.closed).toBeUndefined()
    expect(hub.log).toEqual([])
  })

  test.each([
    [
      'throws',
      (error: unknown) => {
        throw error
      },
    ],
    ['rejects with', (error: unknown) => Promise.reject(error)],
  ] as const)('%s a disconnect: its code', async (_how, fail) => {
    const peer = await ask(name, command, () => fail(new Disconnect(4100, 'moved')))
    expect(peer.reply(7)).toBeUndefined()
    expect(peer.closed).toEqual({ code: 4100, reason: 'moved' })
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('the secret')
      },
    ],
    ['rejects', () => Promise.reject(new Error('the secret'))],
    ['rejects with nothing', () => Promise.reject(undefined as unknown)],
    [
      'throws an error with a code that cannot be sent',
      () => {
        throw new ReplyError(0, 'the secret')
      },
    ],
    ['answers with a number', () => 5],
    [
      'answers with a getter that throws',
      () => ({
        get user(): never {
          throw new Error('the secret')
        },
        get data(): never {
          throw new Error('the secret')
        },
      }),
    ],
  ])('%s: error 100 at most, one line in the log, the connection stays', async (_how, handler) => {
    const peer = await ask(name, command, handler)
    // A number has no members: for all but connecting that is an answer without any.
    const { error } = peer.reply(7) as { error?: unknown }
    const failed = { level: 'error', message: 'asking the app failed', fields: { stage: name } }
    expect([internal, undefined]).toContainEqual(error)
    expect(hub.log).toMatchObject(error === undefined ? [] : [failed])
    expect(peer.closed).toBeUndefined()
    expect(JSON.stringify(peer.messages)).not.toContain('secret')
  })

  test('never settles: error 100 when its time is over, one line in the log, and the next command is served', async () => {
    const peer = await ask(name, command, () => new Promise(() => {}))
    expect(peer.reply(7)).toBeUndefined()
    hub.clock.advance(9_999)
    await settle()
    expect(peer.reply(7)).toBeUndefined()
    if (name === 'onConnect') return
    hub.clock.advance(1)
    await settle()
    expect(peer.reply(7)?.['error']).toEqual(internal)
    expect(hub.log).toMatchObject([
      { message: 'asking the app failed', fields: { stage: name, err: { message: 'No answer within 10000 ms' } } },
    ])
    peer.send({ id: 8, unsubscribe: { channel: 'open:a' } })
    hub.clock.tick()
    expect(peer.reply(8)).toEqual({ id: 8, unsubscribe: {} })
  })

  test('answers after its client has gone: nothing happens', async () => {
    const answer = Promise.withResolvers<unknown>()
    const peer = await ask(name, command, () => answer.promise)
    peer.session.closed()
    answer.reject(new Error('too late'))
    await settle()
    expect(peer.reply(7)).toBeUndefined()
    expect(hub.log).toEqual([])
  })

  test('is looked up for every event', async () => {
    const peer = await ask(name, command, () => {
      throw new ReplyError(1000, 'first')
    })
    hub.core.handlers = {
      [name]: () => {
        throw new ReplyError(1001, 'second')
      },
    }
    const other = name === 'onConnect' ? hub.peer() : peer
    other.send({ ...command, id: 8 })
    await settle()
    expect(other.reply(8)?.['error']).toMatchObject({ code: 1001 })
  })
})

describe('connecting', () => {
  test('the app sees the handshake and what the client says', () => {
    const onConnect = vi.fn<NonNullable<HubHandlers['onConnect']>>(() => ({ user: 'u' }))
    start({ onConnect })
    const peer = hub.peer()
    const said = { name: 'js', version: '1', data: { a: 1 }, headers: { 'X-Token': 't' } }
    peer.send({ id: 1, connect: said })
    expect(onConnect).toHaveBeenCalledWith({
      client: peer.session.client,
      transport: 'websocket',
      protocol: 'json',
      headers: {},
      remoteAddress: '127.0.0.1',
      url: '/connection/websocket',
      name: 'js',
      version: '1',
      data: { a: 1 },
      emulatedHeaders: { 'x-token': 't' },
    })
  })

  test('the app gives channels, subscriptions, and a meta that later handlers see', async () => {
    const onPublish = vi.fn<NonNullable<HubHandlers['onPublish']>>(() => ({}))
    start({
      onConnect: () => ({
        user: 'u',
        channels: ['closed:a'],
        subs: { 'kept:b': { info: { role: 'x' }, data: { d: 1 }, override: { force_recovery: { value: false } } } },
        meta: { tenant: 1 },
      }),
      onPublish,
    })
    const peer = hub.peer()
    peer.send({ id: 1, connect: {} })
    await settle()
    const { connect } = peer.reply(1) as { connect: { subs: object } }
    expect(connect.subs).toEqual({ 'closed:a': {}, 'kept:b': { data: { d: 1 } } })
    expect(JSON.stringify(peer.messages)).not.toContain('tenant')
    peer.send({ id: 2, publish: { channel: 'kept:b', data: 5 } })
    await settle()
    expect(onPublish).toHaveBeenCalledWith({
      client: peer.session.client,
      user: 'u',
      meta: { tenant: 1 },
      channel: 'kept:b',
      data: 5,
    })
    expect(peer.messages).toContainEqual({
      push: {
        channel: 'kept:b',
        pub: expect.objectContaining({
          data: 5,
          info: { user: 'u', client: peer.session.client, chan_info: { role: 'x' } },
        }) as unknown,
      },
    })
  })

  test('channels that the client names are the app’s to give, once it has answered', async () => {
    start(
      { onConnect: ({ data }) => (data === 'please' ? { user: 'u' } : undefined) },
      {
        client: { allow_anonymous_connect_without_token: true },
        channel: { without_namespace: { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } },
      },
    )
    const subs = { a: {} }
    const [given, anonymous] = [hub.peer(), hub.peer()]
    given.send({ id: 1, connect: { subs, data: 'please' } })
    anonymous.send({ id: 1, connect: { subs } })
    await settle()
    expect((given.reply(1) as { connect: object }).connect).not.toHaveProperty('subs')
    expect((anonymous.reply(1) as { connect: object }).connect).toMatchObject({ subs: { a: {} } })
  })

  test.each([
    ['a channel that is no text', { channels: [5] }],
    ['channels that are no list', { channels: 'open:a' }],
    ['a sub that is nothing', { subs: { 'open:a': undefined } }],
    ['a meta without a JSON form', { meta: () => {} }],
  ])('%s is a failure', async (_what, answer) => {
    start({ onConnect: () => ({ user: 'u', ...answer }) as never })
    const peer = hub.peer()
    peer.send({ id: 1, connect: {} })
    await settle()
    expect(peer.reply(1)?.['error']).toEqual(internal)
  })

  test('an unknown channel: the code that tells it', async () => {
    start({ onConnect: () => ({ user: 'u', channels: ['nowhere:a'] }) })
    const peer = hub.peer()
    peer.send({ id: 1, connect: {} })
    await settle()
    expect(peer.reply(1)?.['error']).toMatchObject({ code: 102 })
  })

  test('bytes of JSON reach a JSON client, others close it', async () => {
    start({
      onConnect: () => ({ user: 'u' }),
      onRpc: ({ method }) => ({ data: method === 'json' ? Buffer.from('{"a":\n1}') : Uint8Array.of(1, 2) }),
    })
    const peer = hub.peer()
    peer.send({ id: 1, connect: {} }, { id: 2, rpc: { method: 'json' } }, { id: 3, rpc: { method: 'bytes' } })
    await settle()
    expect(peer.reply(2)).toEqual({ id: 2, rpc: { data: { a: 1 } } })
    expect(peer.closed?.code).toBe(3506)
  })
})

/** No pings, so that time can pass without anything being answered. */
const quiet: HubConfig = {
  client: { token: { hmac_secret_key: 'test-token-key' }, ping_interval: '0s' },
  channel: { namespaces: [{ name: 'closed', presence: true, allow_presence_for_subscriber: true }] },
}

async function advance(ms: number): Promise<void> {
  hub.clock.advance(ms)
  await settle()
}

describe('refreshing', () => {
  /** A client that the app has let in for a minute. */
  async function connectForAMinute(onRefresh: NonNullable<HubHandlers['onRefresh']>): Promise<MemoryPeer> {
    start({ onConnect: () => ({ user: 'u', expireAt: inSeconds(60), meta: { m: 1 }, info: 1 }), onRefresh }, quiet)
    const peer = hub.peer()
    peer.send({ id: 1, connect: {} })
    await settle()
    return peer
  }

  test('the client is not told of its end, and must not refresh by itself', async () => {
    const peer = await connectForAMinute(() => undefined)
    expect((peer.reply(1) as { connect: object }).connect).not.toHaveProperty('expires')
    peer.send({ id: 2, refresh: { token: hub.token({ sub: 'u' }) } })
    expect(peer.closed?.code).toBe(3501)
  })

  test('the app is asked at the end, and gives another', async () => {
    const onRefresh = vi.fn<NonNullable<HubHandlers['onRefresh']>>()
    const peer = await connectForAMinute(onRefresh)
    hub.core.handlers = { ...hub.core.handlers, onSubscribe: () => ({}) }
    peer.send({ id: 2, subscribe: { channel: 'closed:a' } })
    await settle()
    onRefresh.mockImplementation(() => Promise.resolve({ expireAt: inSeconds(60), info: 2, meta: { m: 2 } }))
    await advance(59_000)
    expect(onRefresh).not.toHaveBeenCalled()
    await advance(1_000)
    expect(onRefresh).toHaveBeenCalledExactlyOnceWith({ client: peer.session.client, user: 'u', meta: { m: 1 } })
    const present = { user: 'u', client: peer.session.client, connInfo: '2' }
    expect(peer.session.info).toEqual(present)
    expect(hub.core.presence.get('closed:a')).toEqual(new Map([[peer.session.client, present]]))
    await advance(60_000)
    expect(onRefresh).toHaveBeenLastCalledWith(expect.objectContaining({ meta: { m: 2 } }))
    expect(peer.closed).toBeUndefined()
  })

  test.each([
    ['nothing', undefined, 3005],
    ['no time', {}, 3005],
    ['expired', { expired: true, expireAt: 4_000_000_000 }, 3005],
    ['a time that is over', { expireAt: 5 }, 3005],
  ])('the app answers %s: the connection ends', async (_what, answer, code) => {
    const peer = await connectForAMinute(() => answer)
    await advance(60_000)
    expect(peer.closed?.code).toBe(code)
  })

  test.each([
    ['an error', new ReplyError(1000, 'no'), 3005],
    ['a disconnect', new Disconnect(4100, 'moved'), 4100],
  ])('the app throws %s: the connection ends with %i', async (_what, error, code) => {
    const peer = await connectForAMinute(() => Promise.reject(error))
    await advance(60_000)
    expect(peer.closed?.code).toBe(code)
    expect(hub.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('the app fails: one line in the log, and it is asked again after a minute', async () => {
    const onRefresh = vi.fn<NonNullable<HubHandlers['onRefresh']>>(() => {
      throw new Error('database is away')
    })
    const peer = await connectForAMinute(onRefresh)
    await advance(60_000)
    expect(hub.log).toMatchObject([{ message: 'asking the app failed', fields: { stage: 'onRefresh' } }])
    await advance(59_000)
    expect(onRefresh).toHaveBeenCalledOnce()
    await advance(1_000)
    expect(onRefresh).toHaveBeenCalledTimes(2)
    expect(peer.closed).toBeUndefined()
  })

  test('an app that never answers counts as one that fails', async () => {
    const peer = await connectForAMinute(() => new Promise(() => {}))
    await advance(75_000)
    expect(hub.log).toMatchObject([{ fields: { stage: 'onRefresh', err: { message: 'No answer within 10000 ms' } } }])
    expect(peer.closed).toBeUndefined()
    peer.session.closed()
  })

  test('a handler that is taken away leaves nobody to ask', async () => {
    const peer = await connectForAMinute(() => ({ expireAt: inSeconds(60) }))
    hub.core.handlers = {}
    await advance(60_000)
    expect(peer.closed?.code).toBe(3005)
  })

  test('who connected before there was a handler goes on with tokens', async () => {
    start({})
    const peer = hub.peer()
    peer.send({ id: 1, connect: { token: hub.token({ sub: 'u', exp: inSeconds(60) }) } })
    hub.core.handlers = { onRefresh: () => undefined }
    peer.send({ id: 2, refresh: { token: hub.token({ sub: 'u', exp: inSeconds(600) }) } })
    await settle()
    expect(peer.reply(2)).toEqual({ id: 2, refresh: { expires: true, ttl: 600 } })
  })
})

describe('refreshing a subscription', () => {
  async function subscribeForAMinute(onSubRefresh: NonNullable<HubHandlers['onSubRefresh']>): Promise<MemoryPeer> {
    start({ onSubscribe: () => ({ expireAt: inSeconds(60), info: 1 }), onSubRefresh }, quiet)
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'closed:a' } })
    await settle()
    return peer
  }

  const ended = { push: { channel: 'closed:a', unsubscribe: { code: 2501, reason: 'subscription expired' } } }

  test('the client is not told of its end, and must not refresh by itself', async () => {
    const peer = await subscribeForAMinute(() => undefined)
    expect(peer.reply(2)).toEqual({ id: 2, subscribe: {} })
    peer.send({ id: 3, sub_refresh: { channel: 'closed:a', token: 'x' } })
    expect(peer.closed?.code).toBe(3501)
  })

  test('the app is asked at the end, and gives another', async () => {
    const onSubRefresh = vi.fn<NonNullable<HubHandlers['onSubRefresh']>>()
    const peer = await subscribeForAMinute(onSubRefresh)
    onSubRefresh.mockImplementation(() => Promise.resolve({ expireAt: inSeconds(60), info: 2 }))
    await advance(59_999)
    expect(onSubRefresh).not.toHaveBeenCalled()
    await advance(1)
    expect(onSubRefresh).toHaveBeenCalledExactlyOnceWith({
      client: peer.session.client,
      user: 'alice',
      meta: undefined,
      channel: 'closed:a',
    })
    const present = { user: 'alice', client: peer.session.client, chanInfo: '2' }
    expect(peer.session.subscriptions.get('closed:a')?.info).toEqual(present)
    expect(hub.core.presence.get('closed:a')).toEqual(new Map([[peer.session.client, present]]))
    onSubRefresh.mockImplementation(() => ({}))
    await advance(60_000)
    await advance(1_000_000)
    expect(onSubRefresh).toHaveBeenCalledTimes(2)
    expect(peer.messages).not.toContainEqual(ended)
  })

  test.each([
    ['nothing', () => undefined],
    ['expired', () => ({ expired: true })],
    ['a time that is over', () => ({ expireAt: 5 })],
    ['an error', () => Promise.reject(new ReplyError(1000, 'no'))],
  ])('the app answers %s: the subscription ends', async (_what, answer) => {
    const peer = await subscribeForAMinute(answer)
    await advance(60_000)
    expect(peer.messages).toContainEqual(ended)
    expect(peer.closed).toBeUndefined()
  })

  test('the app disconnects: the connection ends', async () => {
    const peer = await subscribeForAMinute(() => Promise.reject(new Disconnect(4100, 'moved')))
    await advance(60_000)
    expect(peer.closed?.code).toBe(4100)
  })

  test('the app fails: one line in the log, and it is asked again after a minute', async () => {
    const onSubRefresh = vi.fn<NonNullable<HubHandlers['onSubRefresh']>>(() => Promise.reject(new Error('away')))
    const peer = await subscribeForAMinute(onSubRefresh)
    await advance(60_000)
    expect(hub.log).toMatchObject([{ message: 'asking the app failed', fields: { stage: 'onSubRefresh' } }])
    await advance(60_000)
    expect(onSubRefresh).toHaveBeenCalledTimes(2)
    expect(peer.messages).not.toContainEqual(ended)
  })

  test('one that the server has made and ended meanwhile takes nobody with it', async () => {
    const answer = Promise.withResolvers<undefined>()
    start({ onConnect: () => ({ user: 'u' }), onSubRefresh: () => answer.promise }, quiet)
    const peer = hub.peer()
    peer.send({ id: 1, connect: {} })
    await settle()
    const grant = serverGrant(hub.core, 'closed:a', {}, inSeconds(60))
    const subscription = new Subscription(hub.core, peer.session, 'closed:a', grant)
    peer.session.subscriptions.set('closed:a', subscription)
    const settled = subscription.join(undefined) as Settle
    settled()?.commit()
    await advance(60_000)
    peer.session.unsubscribeFrom('closed:a', { code: 2000, reason: 'server unsubscribe' })
    answer.resolve(undefined)
    await settle()
    expect(peer.closed).toBeUndefined()
  })

  test('a subscription that has ended meanwhile stays ended', async () => {
    const answer = Promise.withResolvers<object>()
    const peer = await subscribeForAMinute(() => answer.promise)
    await advance(60_000)
    peer.send({ id: 3, unsubscribe: { channel: 'closed:a' } })
    answer.resolve({ expireAt: inSeconds(60) })
    await settle()
    expect(peer.session.subscriptions.size).toBe(0)
    expect(peer.reply(3)).toEqual({ id: 3, unsubscribe: {} })
  })
})

describe('publishing', () => {
  test('the app replaces data and says how it is published', async () => {
    start({
      onPublish: ({ data }) => ({
        data: { was: data },
        tags: { t: 'v' },
        idempotencyKey: 'k',
        version: 5,
        versionEpoch: 'e',
        skipHistory: false,
        delta: true,
      }),
    })
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'kept:a' } }, { id: 3, publish: { channel: 'kept:a', data: 1 } })
    await settle()
    peer.send({ id: 4, publish: { channel: 'kept:a', data: 2 } })
    await settle()
    expect(peer.publications('kept:a')).toEqual([{ was: 1 }])
    expect(peer.reply(4)).toEqual({ id: 4, publish: {} })
  })

  test.each([1, 2, 3])('a publication of a map (type %i) is nobody’s to allow', async (type) => {
    const onPublish = vi.fn<NonNullable<HubHandlers['onPublish']>>(() => ({}))
    start({ onPublish })
    const peer = hub.connected()
    peer.send({ id: 2, publish: { channel: 'open:a', type, key: 'k', data: {} } })
    await settle()
    expect(peer.reply(2)?.['error']).toMatchObject({ code: 103 })
    expect(onPublish).not.toHaveBeenCalled()
  })

  test('data that the channel does not take is not the app’s to decide', async () => {
    const onPublish = vi.fn<NonNullable<HubHandlers['onPublish']>>(() => ({ data: [1] }))
    start({ onPublish }, { channel: { without_namespace: { publication_data_format: 'json_object' } } })
    const peer = hub.peer()
    hub.core.handlers = { ...hub.core.handlers, onConnect: () => ({ user: 'u' }) }
    peer.send({ id: 1, connect: {} }, { id: 2, publish: { channel: 'a', data: [1] } })
    await settle()
    expect(peer.reply(2)?.['error']).toMatchObject({ code: 107 })
    expect(onPublish).not.toHaveBeenCalled()
    peer.send({ id: 3, publish: { channel: 'a', data: {} } })
    await settle()
    expect(peer.reply(3)?.['error']).toMatchObject({ code: 107 })
  })
})

describe('calling', () => {
  test('an answer without data, or none at all, is empty', async () => {
    start({ onRpc: ({ method }) => (method === 'a' ? {} : undefined) })
    const peer = hub.connected()
    peer.send({ id: 2, rpc: { method: 'a' } }, { id: 3, rpc: { method: 'b', data: 5 } })
    await settle()
    expect([peer.reply(2), peer.reply(3)]).toEqual([
      { id: 2, rpc: {} },
      { id: 3, rpc: {} },
    ])
  })

  test('the hub answers its own ping before any handler', async () => {
    const onRpc = vi.fn<NonNullable<HubHandlers['onRpc']>>()
    start({ onConnect: () => ({ user: 'u' }), onRpc }, { rpc: { ping: { enabled: true, method: 'echo' } } })
    const peer = hub.peer()
    peer.send({ id: 1, connect: {} }, { id: 2, rpc: { method: 'echo' } })
    await settle()
    expect(peer.reply(2)).toEqual({ id: 2, rpc: {} })
    expect(onRpc).not.toHaveBeenCalled()
  })
})

describe('messages', () => {
  test('reach the app, in order and without an answer', async () => {
    const onMessage = vi.fn<NonNullable<HubHandlers['onMessage']>>()
    start({ onMessage })
    const peer = hub.connected()
    const before = peer.messages.length
    peer.send({ send: { data: { a: 1 } } }, { id: 5, send: { data: 2 } })
    await settle()
    expect(onMessage.mock.calls.map(([{ data, user }]) => [user, data])).toEqual([
      ['alice', { a: 1 }],
      ['alice', 2],
    ])
    expect(peer.messages.length).toBe(before)
  })

  test('that fail are a line in the log, never an answer', async () => {
    start({ onMessage: ({ data }) => Promise.reject(data === 1 ? new Error('no') : new ReplyError(1000, 'no')) })
    const peer = hub.connected()
    const before = peer.messages.length
    peer.send({ send: { data: 1 } }, { send: { data: 2 } })
    await settle()
    expect(hub.log).toMatchObject([{ message: 'asking the app failed', fields: { stage: 'onMessage' } }])
    expect(peer.messages.length).toBe(before)
    expect(peer.closed).toBeUndefined()
  })

  test('may close their connection', async () => {
    start({ onMessage: () => Promise.reject(new Disconnect(4100, 'moved')) })
    const peer = hub.connected()
    peer.send({ send: { data: 1 } })
    await settle()
    expect(peer.closed).toEqual({ code: 4100, reason: 'moved' })
  })

  test('that nobody listens to close it, too', () => {
    start({})
    const peer = hub.connected()
    peer.send({ send: { data: 1 } })
    expect(peer.closed).toEqual({ code: 3508, reason: 'not available' })
  })
})

describe('what has ended', () => {
  const told: string[] = []
  const telling: HubHandlers = {
    onConnect: ({ data }) => ({ user: 'u', meta: data }),
    onUnsubscribe: ({ user, channel, code, reason }) => void told.push(`${user} ${channel} ${code} ${reason}`),
    onDisconnect: ({ user, meta, code, reason }) => void told.push(`${user} ${JSON.stringify(meta)} ${code} ${reason}`),
  }

  function subscribed(): MemoryPeer {
    told.length = 0
    start(telling)
    const peer = hub.peer()
    peer.send({ id: 1, connect: { data: 'm' } }, { id: 2, subscribe: { channel: 'open:a' } })
    return peer
  }

  test('a client that goes: each subscription, then the connection, once', async () => {
    const peer = subscribed()
    peer.session.closed()
    peer.session.closed()
    expect(told).toEqual(['u open:a 1 client disconnected', 'u "m" 3000 connection closed'])
  })

  test('one that is sent away: why', () => {
    const peer = subscribed()
    peer.session.disconnect(new Disconnect(3503, 'force disconnect'))
    expect(told).toEqual(['u open:a 1 client disconnected', 'u "m" 3503 force disconnect'])
  })

  test('a subscription that the client or the server ends: who', () => {
    const peer = subscribed()
    peer.send({ id: 3, unsubscribe: { channel: 'open:a' } }, { id: 4, unsubscribe: { channel: 'open:a' } })
    peer.send({ id: 5, subscribe: { channel: 'open:b' } })
    peer.session.unsubscribeFrom('open:b', { code: 2000, reason: 'server unsubscribe' })
    expect(told).toEqual(['u open:a 0 client unsubscribed', 'u open:b 2000 server unsubscribe'])
  })

  test('nothing that never stood: a refused connection, a refused subscription', () => {
    told.length = 0
    start({
      ...telling,
      onConnect: () => {
        throw new ReplyError(1000, 'no')
      },
      // Over when it is about to begin.
      onSubscribe: () => ({ expireAt: 5 }),
    })
    const peer = hub.peer()
    peer.send({ id: 1, connect: {} })
    peer.session.closed()
    const other = hub.connected()
    other.send({ id: 2, subscribe: { channel: 'open:a' } })
    hub.clock.tick()
    expect(other.reply(2)?.['error']).toMatchObject({ code: 110 })
    other.session.closed()
    expect(told).toEqual(['alice undefined 3000 connection closed'])
  })

  test('a handler that fails is a line in the log, and ends nothing else', async () => {
    start({
      onUnsubscribe: () => {
        throw new Error('no')
      },
      onDisconnect: () => Promise.reject(new Error('no')),
    })
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'open:a' } })
    hub.clock.tick()
    peer.session.closed()
    await settle()
    expect(hub.log.map(({ fields }) => (fields as { stage: string }).stage)).toEqual(['onUnsubscribe', 'onDisconnect'])
    expect(hub.core.registry.sessionCount).toBe(0)
  })
})

test('a hub that closes waits for no handler', async () => {
  start({ onRpc: () => new Promise(() => {}) })
  const peer = hub.connected()
  peer.send({ id: 2, rpc: { method: 'm' } })
  await settle()
  hub.core.shutdown()
  void hub.core.close()
  await settle()
  expect(hub.clock.pending).toBe(0)
  expect(hub.log.filter(({ level }) => level === 'error')).toEqual([])
})

// The life of a connection, on a clock that tests turn.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { disconnect, ReplyError } from '@backchannel/protocol'
import { checkChannelRules, type ChannelRules } from '../config/config.ts'
import { Core } from '../core.ts'
import { MemoryBroker } from '../broker/memory-broker.ts'
import { MemoryPeer } from '../testing/memory-transport.ts'
import { TestClock } from '../testing/test-clock.ts'
import type { ConnectAnswer, SubscribeAnswer } from '../handlers.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'

let hub: TestHub

beforeEach(() => {
  hub = createTestHub()
})

afterEach(() => hub.close())

function restart(options: Parameters<typeof createTestHub>[0]): void {
  hub.close()
  hub = createTestHub(options)
}

const seconds = (count: number): number => count * 1000

describe('connect', () => {
  test('without a successful connect in ten seconds the connection is stale', () => {
    const peer = hub.peer()
    hub.clock.advance(seconds(9.9))
    expect(peer.closed).toBeUndefined()
    hub.clock.advance(200)
    expect(peer.closed).toEqual({ code: 3502, reason: 'stale' })
  })

  test('a connect that is answered with an error is dropped five seconds later without a frame', () => {
    const peer = hub.peer()
    const expired = hub.token({ sub: 'alice', exp: Math.floor(hub.clock.now() / 1000) })
    peer.send({ id: 1, connect: { token: expired } }, { id: 2, subscribe: { channel: 'open:a' } })
    hub.clock.tick()
    expect(peer.messages).toEqual([{ id: 1, error: { code: 109, message: 'token expired' } }])
    hub.clock.advance(seconds(4.9))
    expect(peer.closed).toBeUndefined()
    hub.clock.advance(200)
    expect(peer.closed?.code).toBe(3000)
  })

  test.each([
    ['a command before connect', { id: 1, subscribe: { channel: 'open:a' } }],
    ['no token and nobody who accepts', { id: 1, connect: {} }],
    ['id 0', { connect: {} }],
  ])('%s: 3501', (_name, command) => {
    const peer = hub.peer()
    peer.send(command)
    expect(peer.closed).toEqual({ code: 3501, reason: 'bad request' })
  })

  test('a second connect: 3501', () => {
    const peer = hub.connected()
    peer.send({ id: 2, connect: { token: hub.token({ sub: 'alice' }) } })
    expect(peer.closed?.code).toBe(3501)
  })

  test('a token of another key: 3500, and nobody else notices', () => {
    const other = hub.connected('bob')
    const peer = hub.peer()
    peer.send({ id: 1, connect: { token: `${hub.token({ sub: 'alice' })}x` } })
    expect(peer.closed).toEqual({ code: 3500, reason: 'invalid token' })
    other.send({ id: 2, subscribe: { channel: 'open:a' } })
    hub.clock.tick()
    expect(other.reply(2)).toEqual({ id: 2, subscribe: {} })
    expect(hub.log).toMatchObject([
      { level: 'info', message: 'disconnect', fields: { code: 3500, cause: 'The token signature is invalid.' } },
    ])
  })

  test('onConnect lets in, with data and an expiry; its absence of an answer does not', () => {
    restart({
      handlers: {
        onConnect: ({ data }) =>
          data === 'let me in'
            ? { user: 'alice', data: { hello: 1 }, expireAt: Math.floor(hub.clock.now() / 1000) + 60 }
            : undefined,
      },
    })
    const peer = hub.peer()
    peer.send({ id: 1, connect: { data: 'let me in' } })
    hub.clock.tick()
    expect(peer.reply(1)).toMatchObject({
      connect: { expires: true, ttl: 60, data: { hello: 1 }, ping: 25, pong: true },
    })
    const refused = hub.peer()
    refused.send({ id: 1, connect: { data: 'please' } })
    expect(refused.closed?.code).toBe(3501)
  })

  test('a handler that throws something unexpected: error 100, one log line, no secret', () => {
    restart({
      handlers: {
        onConnect: () => {
          throw new Error('database password is hunter2')
        },
      },
    })
    const peer = hub.peer()
    peer.send({ id: 1, connect: {} })
    hub.clock.tick()
    expect(peer.messages).toEqual([{ id: 1, error: { code: 100, message: 'internal server error', temporary: true } }])
    expect(hub.log.map(({ level, message }) => `${level} ${message}`)).toEqual(['error asking the app failed'])
  })

  test('a logger that throws ends neither the connection nor the process', async () => {
    const log = (): never => {
      throw new Error('disk full')
    }
    const { clock, broker, presence, config } = hub.core
    const core = new Core({
      config,
      clock,
      broker,
      presence,
      handlers: { onRpc: () => Promise.reject(new Error('no')) },
      logger: { debug: log, info: log, warn: log, error: log },
    })
    const peer = new MemoryPeer(core)
    peer.send({ id: 1, connect: { token: hub.token({ sub: 'alice' }) } }, { id: 2, rpc: { method: 'm' } })
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    hub.clock.tick()
    expect(peer.reply(2)?.['error']).toMatchObject({ code: 100 })
    core.shutdown()
  })

  test.each([
    ['a user that is no text', { user: 42 }],
    ['no user', {}],
    ['an expiry that is no time', { user: 'alice', expireAt: Number.NaN }],
    ['info that is no JSON', { user: 'alice', info: 1n }],
    ['data without a JSON form', { user: 'alice', data: () => {} }],
  ])('onConnect answering %s: error 100 and one log line', (_name, answer) => {
    restart({ handlers: { onConnect: () => answer as ConnectAnswer } })
    const peer = hub.peer()
    peer.send({ id: 1, connect: {} })
    hub.clock.tick()
    expect(peer.reply(1)?.['error']).toMatchObject({ code: 100 })
    expect(hub.log).toMatchObject([
      { level: 'error', message: 'asking the app failed', fields: { stage: 'onConnect' } },
    ])
  })

  test('an expiry of onSubscribe that is no time is no subscription for ever', () => {
    restart({ handlers: { onSubscribe: () => ({ expireAt: Number.NaN }) } })
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'closed:a' } })
    hub.clock.tick()
    expect(peer.reply(2)?.['error']).toMatchObject({ code: 100 })
    expect(hub.core.registry.channelCount).toBe(0)
  })

  test('tags that are no text are refused where they come from, not where they are read', () => {
    restart({
      handlers: { onPublish: () => ({ tags: { id: 5n } as unknown as Record<string, string> }) },
    })
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'kept:a' } }, { id: 3, publish: { channel: 'kept:a', data: 1 } })
    hub.clock.tick()
    expect(peer.reply(3)?.['error']).toMatchObject({ code: 100 })
    expect(peer.closed).toBeUndefined()
  })

  test('a handler may answer with anything that has a then', async () => {
    const then: PromiseLike<SubscribeAnswer>['then'] = (use) => {
      setTimeout(() => void use?.({ data: 1 }))
      return new Promise(() => {})
    }
    // oxlint-disable-next-line unicorn/no-thenable -- that is what this is about
    const thenable = { then } as Promise<SubscribeAnswer>
    restart({ handlers: { onSubscribe: () => thenable } })
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'closed:a' } }, { id: 3, subscribe: { channel: 'open:a' } })
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
    hub.clock.tick()
    expect([peer.reply(2), peer.reply(3)]).toMatchObject([{ subscribe: { data: 1 } }, { subscribe: { data: 1 } }])
  })

  test('without data of the client, handlers get undefined', () => {
    const seen: unknown[] = []
    restart({
      handlers: {
        onConnect: ({ data }) => void seen.push(data),
        onSubscribe: ({ data }) => void seen.push(data),
        onRpc: ({ data }) => {
          seen.push(data)
          return {}
        },
      },
    })
    hub.peer().send({ id: 1, connect: {} })
    hub.connected().send({ id: 2, subscribe: { channel: 'open:a' } }, { id: 3, rpc: { method: 'm' } })
    hub.clock.tick()
    expect(seen).toEqual([undefined, undefined, undefined])
  })

  test('more connections of one user than allowed: 3504; other users come in', () => {
    restart({ config: { client: { token: { hmac_secret_key: 'test-token-key' }, user_connection_limit: 2 } } })
    hub.connected()
    const second = hub.connected()
    expect(hub.connected().closed).toEqual({ code: 3504, reason: 'connection limit' })
    expect(hub.connected('bob').closed).toBeUndefined()
    second.session.closed()
    expect(hub.connected().closed).toBeUndefined()
  })
})

describe('ping and pong', () => {
  test('pings go out every 25 seconds, the first after half to a whole interval', () => {
    const peer = hub.connected()
    peer.writes.length = 0
    for (const at of [18.75, 25, 25]) {
      hub.clock.advance(seconds(at))
      hub.clock.advance(100)
      expect(peer.messages).toEqual([{}])
      peer.writes.length = 0
      peer.send({})
    }
    expect(peer.closed).toBeUndefined()
  })

  test('an unanswered ping closes 3012 after eight seconds, whatever else the client sends', () => {
    const peer = hub.connected()
    hub.clock.advance(seconds(18.8))
    peer.send({ id: 2, subscribe: { channel: 'open:a' } })
    hub.clock.advance(seconds(7.9))
    expect(peer.closed).toBeUndefined()
    hub.clock.advance(300)
    expect(peer.closed).toEqual({ code: 3012, reason: 'no pong' })
  })

  test('an answer that arrives while a command waits for the app counts, each time', async () => {
    let answer: () => void = () => {}
    restart({ handlers: { onRpc: () => new Promise((resolve) => (answer = () => resolve({}))) } })
    const peer = hub.connected()
    peer.send({ id: 2, rpc: { method: 'slow' } }, { id: 3, rpc: { method: 'slow' } })
    for (let ping = 0; ping < 3; ping++) {
      hub.clock.advance(seconds(25))
      peer.send({})
    }
    expect(peer.closed).toBeUndefined()
    for (let id = 2; id <= 3; id++) {
      answer()
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    }
    hub.clock.tick()
    expect(peer.reply(3)).toEqual({ id: 3, rpc: {} })
    expect(peer.closed).toBeUndefined()
  })

  test('a pong that nobody asked for: 3501', () => {
    const peer = hub.connected()
    peer.send({})
    expect(peer.closed?.code).toBe(3501)
  })
})

describe('expiry', () => {
  const inSeconds = (count: number): number => Math.floor(hub.clock.now() / 1000) + count

  function connectedUntil(exp: number): ReturnType<TestHub['peer']> {
    restart({
      config: { client: { token: { hmac_secret_key: 'test-token-key' }, ping_interval: '0s' }, channel: open },
    })
    const peer = hub.peer()
    peer.send({ id: 1, connect: { token: hub.token({ sub: 'alice', exp: inSeconds(exp) }) } })
    hub.clock.tick()
    return peer
  }
  const open = { namespaces: [{ name: 'closed' }] }

  test('a connection ends 25 seconds after its token, unless it is refreshed', () => {
    const peer = connectedUntil(60)
    expect(peer.reply(1)).toMatchObject({ connect: { expires: true, ttl: 60 } })
    hub.clock.advance(seconds(84))
    peer.send({ id: 2, refresh: { token: hub.token({ sub: 'alice', exp: inSeconds(60) }) } })
    hub.clock.tick()
    expect(peer.reply(2)).toEqual({ id: 2, refresh: { expires: true, ttl: 60 } })
    hub.clock.advance(seconds(84))
    expect(peer.closed).toBeUndefined()
    hub.clock.advance(seconds(2))
    expect(peer.closed).toEqual({ code: 3005, reason: 'connection expired' })
  })

  test.each([
    ['of another user', { sub: 'bob' }, 3500],
    ['that has expired', { sub: 'alice', exp: 1 }, 3005],
    ['with channels that the old one did not have', { sub: 'alice', channels: ['closed:a'] }, 3010],
  ])('a refresh token %s closes', (_name, claims, code) => {
    const peer = connectedUntil(60)
    peer.send({ id: 2, refresh: { token: hub.token(claims) } })
    expect(peer.closed?.code).toBe(code)
  })

  test('so does one without a channel that the old one had: it was taken away', () => {
    const peer = hub.peer()
    const claims = { sub: 'alice', channels: ['closed:a', 'closed:b'] }
    peer.send({ id: 1, connect: { token: hub.token(claims) } }, { id: 2, subscribe: { channel: 'open:a' } })
    peer.send({ id: 3, refresh: { token: hub.token(claims) } })
    hub.clock.tick()
    expect(peer.reply(3)).toEqual({ id: 3, refresh: {} })
    peer.send({ id: 4, refresh: { token: hub.token({ ...claims, channels: ['closed:a'] }) } })
    expect(peer.closed?.code).toBe(3010)
  })

  test('a jump of the wall clock closes nobody', () => {
    const peer = connectedUntil(60)
    hub.clock.jump(seconds(3600))
    hub.clock.advance(seconds(60))
    expect(peer.closed).toBeUndefined()
    hub.clock.advance(seconds(30))
    expect(peer.closed?.code).toBe(3005)
  })

  test('a token that lives longer than timers can count is no token that has expired', () => {
    const peer = connectedUntil(60 * 86_400)
    hub.clock.advance(seconds(3600))
    expect(peer.closed).toBeUndefined()
  })

  test('a subscription ends 25 seconds after its token with a push 2501, unless it is refreshed', () => {
    const peer = connectedUntil(3600)
    const token = (exp: number): string => hub.token({ sub: 'alice', channel: 'closed:a', exp })
    peer.send({ id: 2, subscribe: { channel: 'closed:a', token: token(inSeconds(10)) } })
    hub.clock.tick()
    expect(peer.reply(2)).toEqual({ id: 2, subscribe: { expires: true, ttl: 10 } })
    hub.clock.advance(seconds(30))
    peer.send({ id: 3, sub_refresh: { channel: 'closed:a', token: token(inSeconds(10)) } })
    hub.clock.tick()
    expect(peer.reply(3)).toEqual({ id: 3, sub_refresh: { expires: true, ttl: 10 } })
    hub.clock.advance(seconds(36))
    expect(peer.messages.at(-1)).toEqual({
      push: { channel: 'closed:a', unsubscribe: { code: 2501, reason: 'subscription expired' } },
    })
    expect(peer.closed).toBeUndefined()
    expect(hub.core.registry.channelCount).toBe(0)
  })
})

describe('subscribing', () => {
  test('nothing may be subscribed to that no option, token or handler allows', () => {
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'closed:a' } }, { id: 3, subscribe: { channel: 'plain' } })
    hub.clock.tick()
    for (const id of [2, 3]) expect(peer.reply(id)).toEqual({ id, error: { code: 103, message: 'permission denied' } })
  })

  test('handlers are bound late: a rule that changes holds for the next command on an open connection', () => {
    const peer = hub.connected()
    hub.core.handlers = { onSubscribe: ({ user, channel }) => (channel === `closed:${user}` ? {} : undefined) }
    peer.send({ id: 2, subscribe: { channel: 'closed:alice' } }, { id: 3, subscribe: { channel: 'closed:bob' } })
    hub.core.handlers = {
      onSubscribe: () => {
        throw new ReplyError(403, 'not today')
      },
    }
    peer.send({ id: 4, subscribe: { channel: 'closed:carol' } })
    hub.clock.tick()
    expect(peer.reply(2)).toEqual({ id: 2, subscribe: {} })
    expect(peer.reply(3)).toMatchObject({ error: { code: 103 } })
    expect(peer.reply(4)).toEqual({ id: 4, error: { code: 403, message: 'not today' } })
  })

  test('rules that are replaced while the app decides are those that count', async () => {
    let answer: () => void = () => {}
    const later = (): Promise<undefined> => new Promise((resolve) => (answer = () => resolve(undefined)))
    restart({ handlers: { onSubscribe: later, onPublish: later } })
    const peer = hub.connected()
    const commands = [
      { id: 2, subscribe: { channel: 'open:a' } },
      { id: 3, publish: { channel: 'open:a', data: 1 } },
    ]
    for (const command of commands) {
      hub.core.namespaces.replace(checkChannelRules(rules(true)))
      peer.send(command)
      hub.core.namespaces.replace(checkChannelRules(rules(false)))
      answer()
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
      hub.clock.tick()
      expect(peer.reply(command.id)?.['error']).toMatchObject({ code: 103 })
    }
  })

  function rules(isOpen: boolean): ChannelRules {
    return {
      namespaces: [{ name: 'open', allow_subscribe_for_client: isOpen, allow_publish_for_client: isOpen }],
    }
  }

  test('an error class of another copy of the module is understood by its shape', () => {
    class Foreign extends Error {
      override readonly name = 'ReplyError'
      readonly code = 444
    }
    hub.core.handlers = {
      onSubscribe: () => {
        throw new Foreign('from the bundle')
      },
    }
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'open:a' } })
    hub.clock.tick()
    expect(peer.reply(2)).toEqual({ id: 2, error: { code: 444, message: 'from the bundle' } })
  })

  test('a subscription token is for one user, one channel and, if it says so, one connection', () => {
    const subscribe = (claims: object): number | undefined => {
      const peer = hub.connected()
      const token = hub.token({ sub: 'alice', channel: 'closed:a', ...claims })
      peer.send({ id: 2, subscribe: { channel: 'closed:a', token } })
      hub.clock.tick()
      return peer.closed?.code
    }
    expect(subscribe({})).toBeUndefined()
    expect(subscribe({ sub: 'bob' })).toBe(3500)
    expect(subscribe({ channel: 'closed:b' })).toBe(3500)
    expect(subscribe({ client: 'somebody else' })).toBe(3500)
  })

  test('twice: 105; above the channel limit: 106; afterwards the place is free again', () => {
    restart({ config: { client: { token: { hmac_secret_key: 'test-token-key' }, channel_limit: 1 } } })
    hub.core.handlers = { onSubscribe: () => ({}) }
    hub.core.namespaces.replace({ ...hub.core.config.channel })
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'a' } }, { id: 3, subscribe: { channel: 'a' } })
    peer.send({ id: 4, subscribe: { channel: 'b' } }, { id: 5, unsubscribe: { channel: 'a' } })
    peer.send({ id: 6, subscribe: { channel: 'b' } })
    hub.clock.tick()
    expect(peer.reply(3)).toMatchObject({ error: { code: 105 } })
    expect(peer.reply(4)).toMatchObject({ error: { code: 106 } })
    expect(peer.reply(6)).toEqual({ id: 6, subscribe: {} })
  })

  test('server-side subscriptions of the token are in the connect answer and are heard', () => {
    const peer = hub.peer()
    peer.send({ id: 1, connect: { token: hub.token({ sub: 'alice', channels: ['kept:me'] }) } })
    hub.clock.tick()
    expect(peer.reply(1)).toMatchObject({ connect: { subs: { 'kept:me': { recoverable: true, positioned: true } } } })
    void hub.core.publish('kept:me', { data: '"hello"' })
    hub.clock.tick()
    expect(peer.publications('kept:me')).toEqual(['hello'])
  })

  test('what a client names in its connect is no way around onSubscribe, names and limits', () => {
    const token = { token: { hmac_secret_key: 'test-token-key' } }
    const namespaces = [{ name: 'open', allow_subscribe_for_client: true, allow_user_limited_channels: true }]
    const long = `open:${'x'.repeat(300)}`
    const subs = { 'open:a': {}, 'open:a#alice': {}, 'open:a#bob': {}, $secret: {}, 'open:ü': {}, [long]: {} }
    const names = (): string[] => {
      const peer = hub.peer()
      peer.send({ id: 1, connect: { token: hub.token({ sub: 'alice' }), subs } })
      hub.clock.tick()
      return Object.keys((peer.reply(1) as { connect: { subs: object } }).connect.subs)
    }
    restart({ config: { client: token, channel: { namespaces } } })
    expect(names()).toEqual(['open:a', 'open:a#alice'])
    restart({ config: { client: { ...token, channel_limit: 0 }, channel: { namespaces } } })
    expect(names()).toEqual(['open:a', 'open:a#alice'])
    hub.core.handlers = {
      onSubscribe: () => {
        throw new ReplyError(103, 'permission denied')
      },
    }
    expect(names()).toEqual(['open:a#alice'])
  })
})

test('what a peer that never reads has asked for is not worked out to the end', () => {
  let asked = 0
  const broker = new MemoryBroker(new TestClock())
  const history = broker.history.bind(broker)
  broker.history = (...query) => {
    asked++
    return history(...query)
  }
  restart({ broker })
  for (let n = 0; n < 10; n++) void hub.core.publish('kept:a', { data: JSON.stringify('x'.repeat(60_000)) })
  const peer = hub.connected()
  peer.stalled = true
  peer.send(...Array.from({ length: 500 }, (_, id) => ({ id: id + 2, history: { channel: 'kept:a', limit: 10 } })))
  expect(asked).toBeLessThan(10)
  hub.clock.tick()
  expect(peer.closed?.code).toBe(3008)
})

test('a peer that was not read from is read from again at its end, for its answer to Close', () => {
  restart({ handlers: { onRpc: () => new Promise(() => {}) } })
  const peer = hub.connected()
  for (let id = 2; id < 100; id++) peer.send({ id, rpc: { method: 'm' } })
  expect(peer.paused).toBe(true)
  peer.session.disconnect(disconnect('forceReconnect'))
  expect(peer.paused).toBe(false)
})

describe('recovery', () => {
  function missed(count: number): void {
    for (let data = 0; data < count; data++) void hub.core.publish('kept:a', { data: String(data) })
  }

  function resubscribe(since: { offset: number; epoch?: string; flag?: number }): Record<string, unknown> {
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'kept:a', recover: true, ...since } })
    hub.clock.tick()
    return peer.reply(2) as Record<string, unknown>
  }

  test('what was missed comes in order, from the offset that the client names', () => {
    missed(8)
    expect(resubscribe({ offset: 5 })).toMatchObject({
      subscribe: {
        recovered: true,
        was_recovering: true,
        offset: 5,
        publications: [
          { data: 5, offset: 6 },
          { data: 6, offset: 7 },
          { data: 7, offset: 8 },
        ],
      },
    })
  })

  test.each([
    ['more was missed than is kept', { offset: 1 }],
    ['the epoch is another', { offset: 15, epoch: 'gone' }],
    ['the client claims to be ahead', { offset: 99 }],
  ])('not recovered when %s: nothing is sent and the position is the top', (_name, since) => {
    missed(15)
    const { subscribe } = resubscribe(since) as { subscribe: Record<string, unknown> }
    expect(subscribe).toMatchObject({ was_recovering: true, offset: 15 })
    expect(subscribe).not.toHaveProperty('recovered')
    expect(subscribe).not.toHaveProperty('publications')
  })

  test('a client that prefers an error gets 112', () => {
    missed(15)
    expect(resubscribe({ offset: 1, flag: 2 })).toMatchObject({ error: { code: 112 } })
  })

  test('kept publications go after their time to live; the position stays', () => {
    missed(3)
    hub.clock.advance(seconds(299))
    expect(resubscribe({ offset: 1 })).toMatchObject({ subscribe: { recovered: true } })
    hub.clock.advance(seconds(2))
    expect(resubscribe({ offset: 1 })).not.toHaveProperty('subscribe.recovered')
    expect(resubscribe({ offset: 3 })).toMatchObject({ subscribe: { recovered: true, offset: 3 } })
  })
})

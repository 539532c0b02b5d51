import http from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { currentHub } from '@backchannel/protocol'
import { signToken } from '@backchannel/protocol/token'
import { createHub, type Hub } from './hub.ts'
import { encodeJson } from './payloads.ts'
import type { HubOptions } from './options.ts'

const logged: { fields: object; message: string }[] = []
const hubs: Hub[] = []

function start(options: HubOptions = {}): Hub {
  const log = (fields: object, message: string): void => void logged.push({ fields, message })
  const hub = createHub({
    register: false,
    logger: { debug: log, info: log, warn: log, error: log },
    ...options,
    config: {
      channel: { namespaces: [{ name: 'kept', history_size: 2, history_ttl: '60s' }, { name: 'plain' }] },
      ...options.config,
    },
  })
  hubs.push(hub)
  return hub
}

afterEach(async () => {
  await Promise.all(hubs.splice(0).map(async (hub) => await hub.close()))
  logged.length = 0
})

describe('publish', () => {
  test('answers at once where the publication stands', () => {
    const hub = start()
    expect(hub.publish('plain:a', { n: 1 })).toMatchObject({ offset: 0 })
    const first = hub.publish('kept:a', { n: 1 })
    expect(first).toEqual({ offset: 1, epoch: expect.stringMatching(/^[a-zA-Z]+$/) as string })
    expect(hub.publish('kept:a', { n: 2 })).toMatchObject({ offset: 2 })
  })

  test('takes the data as it is now', () => {
    const hub = start()
    const data = { n: 1 }
    const tags = { a: 'b' }
    void hub.publish('kept:a', data, { tags })
    data.n = 2
    tags.a = 'c'
    expect(hub.call('history', { channel: 'kept:a', limit: 1 })).toMatchObject({
      result: { publications: [{ data: { n: 1 }, tags: { a: 'b' } }] },
    })
  })

  test('takes what was encoded before, as it was then, and as often as it is given', () => {
    const hub = start()
    const data = { n: 1 }
    const encoded = encodeJson(data)
    data.n = 2
    void hub.publish('kept:a', encoded)
    void hub.publish('kept:a', encoded, { tags: { a: 'b' } })
    expect(hub.call('history', { channel: 'kept:a', limit: 2 })).toMatchObject({
      result: { publications: [{ data: { n: 1 } }, { data: { n: 1 }, tags: { a: 'b' } }] },
    })
    expect(() => encodeJson(undefined)).toThrow(TypeError)
    // Wherever else data is taken it is what was encoded, too.
    expect(hub.call('publish', { channel: 'kept:c', data: encoded })).toMatchObject({ result: { offset: 1 } })
    void hub.publish('kept:c', encodeJson([encoded]))
    expect(hub.call('history', { channel: 'kept:c', limit: 2 })).toMatchObject({
      result: { publications: [{ data: { n: 1 } }, { data: [{ n: 1 }] }] },
    })
    // What only looks like it is data as any other.
    void hub.publish('kept:b', { text: '}' })
    expect(hub.call('history', { channel: 'kept:b', limit: 1 })).toMatchObject({
      result: { publications: [{ data: { text: '}' } }] },
    })
  })

  test('takes bytes: as JSON where they are some, else as what the server API has no words for', () => {
    const hub = start()
    void hub.publish('kept:a', Buffer.from('{"n":\n1}'))
    const history = { channel: 'kept:a', limit: 1, reverse: true }
    expect(hub.call('history', history)).toMatchObject({ result: { publications: [{ data: { n: 1 } }] } })
    expect(hub.publish('kept:a', Uint8Array.of(1, 2, 3))).toMatchObject({ offset: 2 })
    expect(hub.call('history', history)).toMatchObject({ error: { code: 100 } })
  })

  test('throws for what has no JSON form and for a channel that is not configured', () => {
    const hub = start()
    const circular: { self?: unknown } = {}
    circular.self = circular
    for (const data of [undefined, () => 1, Symbol('x'), 1n, circular]) {
      expect(() => hub.publish('kept:a', data)).toThrow(TypeError)
    }
    expect(() => hub.publish('nowhere:a', 1)).toThrow(expect.objectContaining({ code: 102 }))
    expect(hub.call('history', { channel: 'kept:a' })).toMatchObject({ result: { offset: 0 } })
  })

  test('with an idempotency key or an old version publishes once', () => {
    const hub = start()
    const first = hub.publish('kept:a', 1, { idempotencyKey: 'k', version: 5, versionEpoch: 'e' })
    expect(hub.publish('kept:a', 2, { idempotencyKey: 'k' })).toEqual(first)
    expect(hub.publish('kept:a', 2, { version: 5, versionEpoch: 'e' })).toEqual(first)
    expect(hub.publish('kept:a', 2, { skipHistory: true })).toMatchObject({ offset: 0 })
    expect(hub.call('history', { channel: 'kept:a', limit: -1 })).toMatchObject({
      result: { publications: [{ data: 1, offset: 1 }], offset: 1 },
    })
  })
})

test('websocketUrl refuses a request that is none of the Fetch API', () => {
  const hub = start()
  const headers = { host: 'app.example' }
  for (const request of [
    { url: '/page', headers },
    { url: 'http://app.example/', headers },
    new URL('http://a/'),
    'x',
  ]) {
    expect(() => hub.websocketUrl(request as unknown as Request)).toThrow(
      new TypeError('websocketUrl: request must be a Fetch API Request with an absolute URL'),
    )
  }
})

describe('call', () => {
  test('answers errors as values, with the caller’s mistake in words', () => {
    const hub = start()
    expect(hub.call('publish', { channel: 'nowhere:a', data: 1 })).toEqual({
      error: { code: 102, message: 'unknown channel' },
    })
    expect(hub.call('publish', { channel: 5 as unknown as string, data: 1 })).toEqual({
      error: { code: 107, message: expect.stringMatching(/^publish: channel: .*expected string/) as string },
    })
    expect(hub.call('publish', { channel: 'plain:a', data: 1n })).toEqual({
      error: { code: 107, message: expect.stringMatching(/^publish: data: .*BigInt/) as string },
    })
    expect(hub.call('dance' as 'info', {})).toEqual({ error: { code: 104, message: 'not found' } })
    expect(hub.call('constructor' as 'info', {})).toEqual({ error: { code: 104, message: 'not found' } })
    expect(logged).toEqual([])
  })

  test('data that is a circle is error 107, in one line', () => {
    const hub = start()
    const circle: { self?: unknown } = {}
    circle.self = { deep: [circle] }
    for (const method of ['publish', 'broadcast'] as const) {
      const request = { channel: 'open:a', channels: ['open:a'], data: circle }
      expect(hub.call(method, request)).toEqual({
        error: { code: 107, message: `${method}: data: Converting circular structure to JSON` },
      })
    }
  })

  test('a handler’s failure is an internal error and a line in the log, whatever its type', async () => {
    const hub = start({
      handlers: {
        onRpc: ({ method }) => {
          const failure = new TypeError('the secret')
          if (method === 'later') return Promise.reject(failure)
          throw failure
        },
      },
    })
    for (const method of ['now', 'later']) {
      expect(await hub.call('rpc', { method })).toEqual({ error: { code: 100, message: 'internal server error' } })
    }
    expect(logged.map(({ message }) => message)).toEqual(['asking the app failed', 'asking the app failed'])
  })

  test('gives an app’s own objects back', async () => {
    const hub = start({ handlers: { onRpc: ({ data }) => ({ data: { got: data } }) } })
    expect(await hub.call('rpc', { method: 'm', params: { a: [1] } })).toEqual({
      result: { data: { got: { a: [1] } } },
    })
  })
})

test.each([false, true])('batch answers in order, parallel %j', async (parallel) => {
  const hub = start()
  const commands = [
    { publish: { channel: 'kept:a', data: 1 } },
    { publish: { channel: 'nowhere:a', data: 1 } },
    {} as { info: object },
    { history: { channel: 'kept:a' } },
  ]
  const { replies } = await hub.batch({ commands, parallel })
  expect(replies).toMatchObject([
    { publish: { offset: 1 } },
    { error: { code: 102 } },
    { error: { code: 104 } },
    { history: { offset: 1 } },
  ])
})

test('batch answers what is no command in its place, and of several methods the API’s first', async () => {
  const hub = start()
  const commands = [null, {}, { dance: {} }, { info: {}, publish: { channel: 'plain:a', data: 1 } }, { history: null }]
  expect(await hub.batch({ commands } as never)).toEqual({
    replies: [
      { error: { code: 107, message: 'bad request' } },
      { error: { code: 104, message: 'not found' } },
      { error: { code: 104, message: 'not found' } },
      { publish: {} },
      { error: { code: 104, message: 'not found' } },
    ],
  })
  expect(await hub.batch({} as never)).toEqual({ replies: [] })
})

describe('starting', () => {
  test('a wrong configuration starts nothing', () => {
    expect(() => createHub({ config: { client: { pingInterval: '5s' } } as object })).toThrow(
      'client.pingInterval: unknown option',
    )
    expect(currentHub()).toBeUndefined()
  })

  test('fills the slot, and closing leaves it', async () => {
    const hub = start({ register: true, config: { client: { token: { hmac_secret_key: 'secret' } } } })
    const slot = currentHub()
    expect(slot?.id).toBe(hub.id)
    expect([slot?.tokenKey(), slot?.subscriptionTokenKey()]).toEqual(['secret', 'secret'])
    await hub.close()
    expect(currentHub()).toBeUndefined()
  })

  test('without a token key every hub makes one of its own', () => {
    const keys = [0, 1].map(() => {
      start({ register: true })
      return currentHub()?.tokenKey() ?? ''
    })
    expect(new Set(keys).size).toBe(2)
    for (const key of keys) {
      expect(Buffer.from(key, 'base64url')).toHaveLength(32)
      expect(signToken({ sub: '42' }, key)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    }
  })
})

describe('setChannelOptions', () => {
  test('holds at once, and a wrong one changes nothing', () => {
    const hub = start({ config: { channel: { history_meta_ttl: '1h', namespaces: [{ name: 'old' }] } } })
    hub.setChannelOptions({ namespaces: [{ name: 'new' }] })
    expect(() => hub.publish('old:a', 1)).toThrow(expect.objectContaining({ code: 102 }))
    expect(hub.publish('new:a', 1)).toMatchObject({ offset: 0 })
    expect(() => hub.setChannelOptions({ namespaces: [{ name: 'x' }] })).toThrow('channel.namespaces[0].name: ')
    expect(() => hub.setChannelOptions({ namespaces: [{ name: 'long', history_size: 1, history_ttl: '2h' }] })).toThrow(
      'channel.namespaces[0].history_ttl: must not be more than channel.history_meta_ttl',
    )
    expect(hub.publish('new:a', 1)).toMatchObject({ offset: 0 })
  })
})

describe('what is asked of createHub', () => {
  test.each([
    [{ handler: {} }, 'options.handler: unknown option'],
    [{ namespaces: [] }, 'options.namespaces: unknown option'],
    [{ handlers: { onSubscribe: 1 } }, 'options.handlers.onSubscribe: expected a function'],
    [{ handlers: { onSubscrbe: () => ({}) } }, 'options.handlers.onSubscrbe: unknown handler; there are onConnect,'],
    [{ sameOrigin: 'yes' }, 'options.sameOrigin: expected true or false, got "yes"'],
    [{ publicUrl: 'https://example.com' }, 'options.publicUrl: expected a ws: or wss: URL'],
    [{ logger: { info: () => {} } }, 'options.logger.debug: expected a function'],
    [{ broker: {} }, 'options.broker.open: expected a function'],
    [
      { config: { client: { allowed_origins: ['app.example.com'] } } },
      'client.allowed_origins[0]: expected an origin with',
    ],
  ])('%o stops the start and says why', (options, problem) => {
    expect(() => createHub({ register: false, ...options } as HubOptions)).toThrow(problem)
  })

  test('nothing at all is needed', async () => {
    await createHub({ register: false }).close()
    await createHub({ register: false, trustProxy: true, publicUrl: 'wss://example.com/ws' }).close()
  })

  test('handlers may be methods of an object that has more', () => {
    class Rules {
      readonly room = 'plain:a'

      onSubscribe({ channel }: { channel: string }): object | undefined {
        return channel === this.room ? {} : undefined
      }
    }
    const hub = start({ handlers: new Rules() })
    expect(() => hub.setHandlers(new Rules())).not.toThrow()
    expect(() => hub.setHandlers({ onSubscribed: () => ({}) } as object)).toThrow('unknown handler')
  })

  test('a second hub of the process says that it takes the place of the first', () => {
    const first = start({ register: true })
    const second = start({ register: true })
    expect(logged).toEqual([{ fields: { previous: first.id, hub: second.id }, message: expect.any(String) as string }])
  })

  test('a closed hub publishes nothing and is attached to nothing', async () => {
    const hub = start()
    await hub.close()
    expect(() => hub.publish('plain:a', 1)).toThrow('The hub is closed')
    expect(() => hub.attach(http.createServer())).toThrow('The hub is closed')
    expect(Object.values(hub.gauges()).every((count) => count === 0)).toBe(true)
  })
})

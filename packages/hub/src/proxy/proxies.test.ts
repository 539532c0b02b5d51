import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { HubConfig } from '../config/config.ts'
import type { HubHandlers } from '../handlers.ts'
import { Backend, type BackendAnswer } from '../testing/backend.ts'
import { MemoryPeer } from '../testing/memory-transport.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'

const backend = new Backend()
let hub: TestHub

beforeAll(() => backend.start())
afterAll(() => backend.stop())
beforeEach(() => {
  backend.requests.length = 0
  backend.answer = () => ({ body: '{}' })
})
afterEach(() => {
  hub.clock.tick()
  hub.close()
})

function configOf(proxy: object = {}): HubConfig {
  const own = (event: string): { endpoint: string } => ({ endpoint: `http://${backend.host}/${event}`, ...proxy })
  return {
    client: {
      token: { hmac_secret_key: 'test-token-key' },
      ping_interval: '0s',
      proxy: { connect: { enabled: true, ...own('connect') } },
    },
    channel: {
      proxy: { subscribe: own('subscribe'), publish: own('publish'), sub_refresh: own('sub_refresh') },
      namespaces: [
        {
          name: 'asked',
          subscribe_proxy_enabled: true,
          publish_proxy_enabled: true,
          allow_subscribe_for_client: true,
          allow_recovery: true,
          history_size: 5,
          history_ttl: '60s',
        },
        { name: 'renewed', sub_refresh_proxy_enabled: true, allow_subscribe_for_client: true },
        { name: 'closed' },
      ],
    },
    rpc: { proxy: own('rpc'), without_namespace: { proxy_enabled: true }, namespaces: [{ name: 'own' }] },
  }
}

function start(proxy: object = {}, handlers: HubHandlers = {}, config = configOf(proxy)): void {
  hub = createTestHub({ config, handlers })
}

/** Answers come over a real socket, at their own time. */
async function answered(peer: MemoryPeer, id: number): Promise<Record<string, unknown> | undefined> {
  for (let turn = 0; turn < 500; turn++) {
    hub.clock.tick()
    const reply = peer.reply(id)
    if (reply || peer.closed) return reply
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  throw new Error(`Command ${id} was not answered`)
}

/** Until the app has been asked this often. */
async function asked(count: number): Promise<void> {
  for (let turn = 0; turn < 500 && backend.requests.length < count; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  expect(backend.requests.length).toBe(count)
}

async function call(answer: () => BackendAnswer, peer = hub.connected()): Promise<Record<string, unknown> | undefined> {
  backend.answer = answer
  peer.send({ id: 5, rpc: { method: 'm', data: { a: 1 } } })
  return answered(peer, 5)
}

const internal = { id: 5, error: { code: 100, message: 'internal server error', temporary: true } }
const failures = (): unknown[] =>
  hub.log.flatMap(({ message, fields }) =>
    message === 'asking the app failed' ? [(fields as { err: Error }).err.message] : [],
  )

test('the app is asked by POST and its answer is the client’s, character by character', async () => {
  start()
  const reply = await call(() => ({ body: '{"result":{"data":{"n":12345678901234567890,"f":1.0}}}' }))
  expect(reply).toMatchObject({ id: 5, rpc: { data: { f: 1 } } })
  expect(backend.requests).toMatchObject([
    { method: 'POST', url: '/rpc', headers: { 'content-type': 'application/json' } },
  ])
  expect(JSON.parse(backend.requests[0]?.body ?? '')).toMatchObject({ user: 'alice', method: 'm', data: { a: 1 } })
  expect(hub.core.say.waiting).toBe(0)
})

describe('an app that does not answer', () => {
  test('in time: error 100, one line in the log, and the request is given up', async () => {
    start({ timeout: '3s' })
    const peer = hub.connected()
    backend.answer = () => undefined
    peer.send({ id: 5, rpc: { method: 'm' } })
    await asked(1)
    hub.clock.advance(2_999)
    expect(peer.reply(5)).toBeUndefined()
    hub.clock.advance(1)
    expect(await answered(peer, 5)).toEqual(internal)
    expect(failures()).toEqual(['No answer within 3000 ms'])
  })

  test('to a client that has gone: nothing is said', async () => {
    start()
    const peer = hub.connected()
    backend.answer = () => undefined
    peer.send({ id: 5, rpc: { method: 'm' } })
    await asked(1)
    peer.session.closed()
    hub.clock.advance(1_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(hub.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('at all: error 100 and one line in the log', async () => {
    start({ endpoint: 'http://127.0.0.1:1/rpc' })
    expect(await call(() => undefined)).toEqual(internal)
    expect(failures()).toHaveLength(1)
  })

  test('whole: the time counts for the body, too', async () => {
    start({ timeout: '3s' })
    const peer = hub.connected()
    backend.answer = () => ({ headers: { 'content-length': '100' }, body: '{' })
    peer.send({ id: 5, rpc: { method: 'm' } })
    await asked(1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    hub.clock.advance(3_000)
    expect(await answered(peer, 5)).toEqual(internal)
  })
})

test('an answer of more than 4 MiB is not read to its end', async () => {
  start()
  expect(await call(() => ({ body: `{"result":{"data":"${'x'.repeat(4 * 1024 * 1024)}"}}` }))).toEqual(internal)
  expect(failures()).toEqual(['The app answered with more than 4194304 bytes'])
})

test.each([301, 302, 307, 308])('a redirect (%i) is a failure, and nobody else is asked', async (status) => {
  start()
  expect(await call(() => ({ status, headers: { location: `http://${backend.host}/other` } }))).toEqual(internal)
  expect(backend.requests.map(({ url }) => url)).toEqual(['/rpc'])
  expect(failures()).toEqual([`The app answered with status ${status}`])
})

test('a name and a password in the endpoint go into a header', async () => {
  start({ endpoint: `http://us%40er:p%3Ass@${backend.host}/rpc` })
  await call(() => ({ body: '{}' }))
  const credentials = Buffer.from('us@er:p:ss').toString('base64')
  expect(backend.requests[0]?.headers['authorization']).toBe(`Basic ${credentials}`)
})

describe('headers', () => {
  const named = {
    http_headers: ['X-Both', 'Cookie', 'Host', 'Connection'],
    emulated_headers: ['X-Both', 'X-Token'],
    http: { static_headers: { 'X-Both': 'static', 'X-Static': 's', 'Content-Type': 'text/plain' } },
  }
  /** A client that says these in its handshake and these in its connect command. */
  async function connect(handshake: Record<string, string>, headers: Record<string, string>): Promise<MemoryPeer> {
    const peer = new MemoryPeer(hub.core)
    peer.session.handshake = { ...peer.session.handshake, headers: handshake } as typeof peer.session.handshake
    peer.send({ id: 1, connect: { token: hub.token({ sub: 'u' }), headers } })
    await answered(peer, 1)
    return peer
  }

  test('of the handshake before those of the client, those before the configured ones', async () => {
    start(named)
    await call(
      () => ({ body: '{}' }),
      await connect({ 'x-both': 'h', cookie: 'a=b', 'x-other': 'h' }, { 'x-both': 'c' }),
    )
    await call(() => ({ body: '{}' }), await connect({}, { 'X-BOTH': 'c', 'x-token': 't', cookie: 'forged=1' }))
    await call(() => ({ body: '{}' }), await connect({}, {}))
    const seen = backend.requests.map(({ headers }) => headers)
    expect(seen[0]).toMatchObject({ 'x-both': 'h', cookie: 'a=b', 'x-static': 's', 'content-type': 'application/json' })
    expect(seen[0]).not.toHaveProperty('x-other')
    expect(seen[1]).toMatchObject({ 'x-both': 'c', 'x-token': 't' })
    expect(seen[1]).not.toHaveProperty('cookie')
    expect(seen[2]).toMatchObject({ 'x-both': 'static' })
  })

  test('that belong to a connection of its own are never passed on', async () => {
    start(named)
    const peer = await connect({ host: 'evil.example', connection: 'upgrade' }, {})
    expect(await call(() => ({ body: '{}' }), peer)).toEqual({ id: 5, rpc: {} })
    expect(backend.requests[0]?.headers['host']).toBe(backend.host)
  })

  test('with a value that no header can have: error 100', async () => {
    start(named)
    const peer = await connect({}, { 'x-token': 'a\r\nx-evil: 1' })
    expect(await call(() => ({ body: '{}' }), peer)).toEqual(internal)
    expect(backend.requests).toEqual([])
  })

  test('are only kept where a proxy names them', async () => {
    start()
    const peer = await connect({ cookie: 'a=b' }, { 'x-token': 't' })
    expect(peer.session.keptHeaders).toBeUndefined()
  })
})

describe('who is asked', () => {
  const allowing: HubHandlers = {
    onSubscribe: () => ({ data: 'handler' }),
    onPublish: () => ({ data: 'handler' }),
    onRpc: () => ({ data: 'handler' }),
  }

  test('the proxy where one is enabled, the handler everywhere else', async () => {
    start({}, allowing)
    backend.answer = () => ({ body: '{"result":{"data":"proxy"}}' })
    const peer = hub.connected()
    peer.send(
      { id: 2, subscribe: { channel: 'asked:a' } },
      { id: 3, subscribe: { channel: 'closed:a' } },
      { id: 4, publish: { channel: 'asked:a', data: 1 } },
      { id: 5, publish: { channel: 'closed:a', data: 1 } },
      { id: 6, rpc: { method: 'm' } },
      { id: 7, rpc: { method: 'own:m' } },
    )
    await answered(peer, 7)
    expect(peer.reply(2)).toMatchObject({ subscribe: { data: 'proxy' } })
    expect(peer.reply(3)).toMatchObject({ subscribe: { data: 'handler' } })
    expect(peer.publications('asked:a')).toEqual(['proxy'])
    expect(peer.publications('closed:a')).toEqual(['handler'])
    expect(peer.reply(6)).toMatchObject({ rpc: { data: 'proxy' } })
    expect(peer.reply(7)).toMatchObject({ rpc: { data: 'handler' } })
    expect(backend.requests.map(({ url }) => url)).toEqual(['/subscribe', '/publish', '/rpc'])
  })

  test('nobody about a channel that a client names on connect where the app would be', async () => {
    start()
    const peer = hub.peer()
    peer.send({ id: 1, connect: { token: hub.token({ sub: 'u' }), subs: { 'asked:a': {}, 'renewed:a': {} } } })
    const reply = (await answered(peer, 1)) as { connect: { subs: object } }
    expect(Object.keys(reply.connect.subs)).toEqual(['renewed:a'])
    expect(backend.requests).toEqual([])
  })
})

test('a client that the app lets in for a time that is over is told so', async () => {
  start()
  backend.answer = () => ({ body: '{"result":{"user":"u","expire_at":5}}' })
  const peer = hub.peer()
  peer.send({ id: 1, connect: {} })
  expect(await answered(peer, 1)).toEqual({ id: 1, error: { code: 110, message: 'expired' } })
})

test('a client does not get the recovery that it asks for, but the one that the app gives', async () => {
  start()
  const peer = hub.connected()
  peer.send({ id: 2, subscribe: { channel: 'asked:a', recoverable: true } })
  expect(await answered(peer, 2)).toEqual({ id: 2, subscribe: {} })
  backend.answer = () => ({ body: '{"result":{"override":{"force_recovery":{"value":true}}}}' })
  peer.send({ id: 3, subscribe: { channel: 'asked:b' } })
  expect(await answered(peer, 3)).toMatchObject({ subscribe: { recoverable: true } })
})

test('bytes of a client that are no JSON need a proxy that takes base64', async () => {
  start()
  const peer = hub.connected()
  const data = Uint8Array.of(1, 2, 3)
  const asking = hub.core.say.rpc(peer.session, 'm', data)
  await expect(asking).rejects.toMatchObject({ code: 100 })
  expect(failures()).toEqual(['Data that is no JSON needs a proxy with binary_encoding'])
  hub.close()
  start({ binary_encoding: true })
  await hub.core.say.rpc(hub.connected().session, 'm', data)
  expect(JSON.parse(backend.requests[0]?.body ?? '')).toMatchObject({ encoding: 'binary', b64data: 'AQID' })
})

test('more subscriptions than a connection may have are not even looked at', async () => {
  start()
  const unreadable = { b64data: '***' }
  const subs = Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`closed:${index}`, unreadable]))
  backend.answer = () => ({ body: JSON.stringify({ result: { user: 'u', subs } }) })
  const peer = hub.peer()
  peer.send({ id: 1, connect: {} })
  await answered(peer, 1)
  expect(peer.closed?.code).toBe(3505)
})

describe('renewing', () => {
  const refreshing = (): HubConfig => {
    const { client, ...rest } = configOf()
    return {
      ...rest,
      client: { ...client, proxy: { refresh: { enabled: true, endpoint: `http://${backend.host}/refresh` } } },
    }
  }

  async function connectForAMinute(): Promise<MemoryPeer> {
    start({}, {}, refreshing())
    const peer = hub.peer()
    peer.send({ id: 1, connect: { token: hub.token({ sub: 'u', exp: Math.floor(hub.clock.now() / 1000) + 60 }) } })
    await answered(peer, 1)
    return peer
  }

  async function until(isTrue: () => boolean): Promise<void> {
    for (let turn = 0; turn < 500 && !isTrue(); turn++) await new Promise((resolve) => setTimeout(resolve, 2))
    expect(isTrue()).toBe(true)
  }

  test('a connection goes on for as long as the app says', async () => {
    const peer = await connectForAMinute()
    const expireAt = Math.floor(hub.clock.now() / 1000) + 120
    backend.answer = () => ({ body: `{"result":{"expire_at":${expireAt},"info":{"i":1}}}` })
    hub.clock.advance(60_000)
    await until(() => peer.session.info.connInfo !== undefined)
    expect(peer.session.info).toMatchObject({ connInfo: '{"i":1}' })
    expect(JSON.parse(backend.requests[0]?.body ?? '')).toMatchObject({ user: 'u' })
    backend.answer = () => ({ body: '{"result":{"expired":true}}' })
    hub.clock.advance(60_000)
    await until(() => peer.closed !== undefined)
    expect(peer.closed?.code).toBe(3005)
  })

  test.each([
    ['an error', { body: '{"error":{"code":1000}}' }, 3005],
    ['a disconnect', { body: '{"disconnect":{"code":4100,"reason":"x"}}' }, 3005],
    ['nothing', { body: '{}' }, 3005],
    ['no time', { body: '{"result":{}}' }, 3005],
    ['broken base64', { body: '{"result":{"expire_at":4000000000,"b64info":"***"}}' }, 3004],
  ])('%s ends it', async (_what, answer, code) => {
    const peer = await connectForAMinute()
    backend.answer = () => answer
    hub.clock.advance(60_000)
    await until(() => peer.closed !== undefined)
    expect(peer.closed?.code).toBe(code)
  })

  test.each([
    ['another status', { status: 500 }],
    ['garbage', { body: 'garbage' }],
  ])('%s is asked about again after a minute', async (_what, answer) => {
    const peer = await connectForAMinute()
    backend.answer = () => answer
    hub.clock.advance(60_000)
    await until(() => failures().length === 1)
    hub.clock.advance(60_000)
    await until(() => failures().length === 2)
    expect(peer.closed).toBeUndefined()
  })

  test.each(['{"error":{"code":1000}}', '{"result":{"b64info":"***"}}', '{"error":{}}'])(
    'a subscription ends by %s',
    async (body) => {
      start()
      const peer = hub.connected()
      const exp = Math.floor(hub.clock.now() / 1000) + 60
      const token = hub.token({ sub: 'alice', channel: 'renewed:a', exp })
      peer.send({ id: 2, subscribe: { channel: 'renewed:a', token } })
      await answered(peer, 2)
      backend.answer = () => ({ body })
      hub.clock.advance(60_000)
      await until(() => peer.session.subscriptions.size === 0)
      expect(peer.closed).toBeUndefined()
    },
  )

  test('a subscription goes on, or ends', async () => {
    start()
    const peer = hub.connected()
    const exp = Math.floor(hub.clock.now() / 1000) + 60
    peer.send({
      id: 2,
      subscribe: { channel: 'renewed:a', token: hub.token({ sub: 'alice', channel: 'renewed:a', exp }) },
    })
    expect(await answered(peer, 2)).toEqual({ id: 2, subscribe: {} })
    backend.answer = () => ({ body: `{"result":{"expire_at":${exp + 60},"info":{"c":1}}}` })
    hub.clock.advance(60_000)
    await until(() => peer.session.subscriptions.get('renewed:a')?.info.chanInfo === '{"c":1}')
    backend.answer = () => ({ body: '{"error":{"code":1000}}' })
    hub.clock.advance(60_000)
    await until(() => peer.session.subscriptions.size === 0)
    hub.clock.tick()
    expect(peer.messages.at(-1)).toEqual({
      push: { channel: 'renewed:a', unsubscribe: { code: 2501, reason: 'subscription expired' } },
    })
  })
})

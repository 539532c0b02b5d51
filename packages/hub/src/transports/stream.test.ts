// Connections that are one long HTTP answer, over real sockets.
import { afterEach, describe, expect, test } from 'vitest'
import { encodePushProtobuf, encodeReplyProtobuf } from '@backchannel/protocol'
import { poll } from '../testing/poll.ts'
import { delimited, message } from '../testing/protobuf.ts'
import { serveHub, testApiKey, type ServedHub } from '../testing/served-hub.ts'
import { StreamClient, type StreamRequest } from '../testing/stream-client.ts'
import type { HubOptions } from '../options.ts'

let served: ServedHub
const clients: StreamClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.abort()
  await served.close()
})

async function serve(config: HubOptions['config'] = {}, options: HubOptions = {}): Promise<void> {
  const enabled = { enabled: true }
  served = await serveHub({
    ...options,
    config: { http_stream: enabled, sse: enabled, uni_http_stream: enabled, uni_sse: enabled, ...config },
  })
}

function open(path: string, request?: StreamRequest): StreamClient {
  const client = new StreamClient(served.origin + path, request)
  clients.push(client)
  return client
}

function connectCommand(user = 'alice', id = 1): string {
  return JSON.stringify({ id, connect: { token: served.token(user) } })
}

interface Connected {
  readonly client: StreamClient
  readonly session: string
  readonly node: string
}

/** An emulated connection whose connect was answered. */
async function connected(path = '/connection/http_stream', user = 'alice'): Promise<Connected> {
  const client = open(path, { body: connectCommand(user) })
  await poll(() => client.messages.length).toBe(1)
  const { connect } = client.messages[0] as { connect: { session: string; node: string } }
  return { client, session: connect.session, node: connect.node }
}

/** Sends commands of an emulated connection; gives the status. */
async function emulate({ session, node }: Omit<Connected, 'client'>, ...commands: object[]): Promise<number> {
  const data = commands.map((command) => JSON.stringify(command)).join('\n')
  const response = await fetch(`${served.origin}/emulation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ session, node, data }),
  })
  expect(await response.text()).toBe('')
  return response.status
}

const noSessions = (): Promise<void> => poll(() => served.hub.gauges().sessions).toBe(0)

describe.each(['/connection/http_stream', '/connection/sse'])('%s', (path) => {
  test('is answered connect, commands by emulation, publications and the end', async () => {
    await serve()
    const connection = await connected(path)
    const { client, session, node } = connection
    expect(client.messages[0]).toEqual({
      id: 1,
      connect: {
        client: expect.any(String) as string,
        version: expect.any(String) as string,
        ping: 25,
        pong: true,
        session,
        node: served.hub.id,
      },
    })
    expect(node).toBe(served.hub.id)
    expect(await emulate(connection, { id: 2, subscribe: { channel: 'open:a' } })).toBe(204)
    await poll(() => client.messages.length).toBe(2)
    expect(client.messages[1]).toEqual({ id: 2, subscribe: {} })
    void served.hub.publish('open:a', { n: 1 })
    void served.hub.publish('open:a', 'line\nbreak')
    await poll(() => client.messages.length).toBe(4)
    expect(client.messages.slice(2)).toEqual([
      { push: { channel: 'open:a', pub: { data: { n: 1 } } } },
      { push: { channel: 'open:a', pub: { data: 'line\nbreak' } } },
    ])
    void served.hub.call('disconnect', { user: 'alice', disconnect: { code: 4444, reason: 'go' } })
    await poll(() => client.ended).toBe(true)
    expect(client.messages.slice(4)).toEqual([{ push: { disconnect: { code: 4444, reason: 'go' } } }])
  })

  test('several commands in the body are one frame', async () => {
    await serve()
    const client = open(path, { body: `${connectCommand()}\n{"id":2,"subscribe":{"channel":"open:a"}}` })
    await poll(() => client.messages.map(({ id }) => id)).toEqual([1, 2])
  })

  test('its headers keep whoever stands between from keeping and collecting', async () => {
    await serve()
    const { client } = await connected(path)
    expect(client.status).toBe(200)
    expect(client.headers).toMatchObject({ 'x-accel-buffering': 'no', 'transfer-encoding': 'chunked' })
    expect(client.headers['cache-control']).toContain('no-store')
    expect(client.headers['content-encoding']).toBeUndefined()
  })

  test('a body that is no connect command ends it with 3501', async () => {
    await serve()
    for (const body of ['', 'null', '[]', '{garbage', '{"id":1,"subscribe":{"channel":"open:a"}}', '\n']) {
      const client = open(path, { body })
      await poll(() => client.ended, { message: body }).toBe(true)
      expect(client.messages).toEqual([{ push: { disconnect: { code: 3501, reason: 'bad request' } } }])
    }
  })

  test('a connect that fails is answered, and stale after a while', async () => {
    await serve({ client: { token: { hmac_secret_key: 'test-token-key' }, stale_close_delay: '300ms' } })
    const token = served.token('alice', { exp: 1000 })
    const client = open(path, { body: JSON.stringify({ id: 1, connect: { token } }) })
    await poll(() => client.ended).toBe(true)
    expect(client.messages).toEqual([
      { id: 1, error: { code: 109, message: 'token expired' } },
      { push: { disconnect: { code: 3502, reason: 'stale' } } },
    ])
  })

  test('a client that goes away is a session that ends, at once', async () => {
    await serve()
    const { client } = await connected(path)
    expect(served.hub.gauges()).toMatchObject({ sessions: 1, sockets: 1 })
    client.abort()
    await poll(() => served.hub.gauges()).toMatchObject({ sessions: 0, sockets: 0, alarms: 0 })
  })

  test('a hub that closes says so, and waits for the answer’s end', async () => {
    await serve()
    const { client } = await connected(path)
    await served.hub.close()
    await poll(() => client.ended).toBe(true)
    expect(client.messages.at(-1)).toEqual({ push: { disconnect: { code: 3001, reason: 'shutdown' } } })
  })
})

test('SSE begins with an empty line and takes its command from the URL too', async () => {
  await serve()
  const query = new URLSearchParams({ cf_connect: connectCommand() })
  const client = open(`/connection/sse?${query.toString()}`, { method: 'GET' })
  await poll(() => client.messages.length).toBe(1)
  expect(client.headers['content-type']).toBe('text/event-stream; charset=utf-8')
  expect(client.text).toMatch(/^\r\ndata: \{"id":1,"connect":\{.*\}\}\n\n$/)
})

describe('emulation', () => {
  test('runs the commands of one session in the order in which they came', async () => {
    await serve({}, { handlers: { onRpc: async ({ data }) => ({ data: await Promise.resolve(data) }) } })
    const connection = await connected()
    for (let id = 2; id < 60; id++) {
      expect(await emulate(connection, { id, rpc: { method: 'echo', data: { id } } })).toBe(204)
    }
    await poll(() => connection.client.messages.length).toBe(59)
    expect(connection.client.messages.slice(1).map(({ id }) => id)).toEqual(Array.from({ length: 58 }, (_, n) => n + 2))
  })

  test('a session that nobody has, here, is 204; another node is 404', async () => {
    await serve()
    const { node, session } = await connected()
    expect(await emulate({ node, session: 'nobody' }, { id: 2 })).toBe(204)
    expect(await emulate({ node, session: '' }, { id: 2 })).toBe(204)
    expect(await emulate({ node: 'elsewhere', session }, { id: 2 })).toBe(404)
  })

  test('what can’t be read is 400, what is too large 413, other verbs 405', async () => {
    await serve({ emulation: { max_request_body_size: 200 } })
    const { node, session } = await connected()
    const status = async (body: string, init: RequestInit = {}): Promise<number> =>
      (await fetch(`${served.origin}/emulation`, { method: 'POST', body, ...init })).status
    for (const body of [
      '',
      '{',
      '[]',
      '"x"',
      JSON.stringify({ node: 1, session }),
      JSON.stringify({ node, session: 1 }),
    ]) {
      expect(await status(body), body).toBe(400)
    }
    expect(await status('null')).toBe(404)
    expect(await status('x'.repeat(201))).toBe(413)
    expect((await fetch(`${served.origin}/emulation`)).status).toBe(405)
    const binary = { 'content-type': 'application/octet-stream' }
    expect(await status('\n\u00ff', { headers: binary })).toBe(400)
    expect(served.hub.gauges().sessions).toBe(1)
  })

  test('data that is no frame is taken for nothing said', async () => {
    await serve()
    const { client, node, session } = await connected()
    for (const data of [undefined, null, 5, {}, ['{}']]) {
      const body = JSON.stringify({ node, session, data })
      expect((await fetch(`${served.origin}/emulation`, { method: 'POST', body })).status, body).toBe(204)
    }
    expect(await emulate({ node, session }, { id: 2, subscribe: { channel: 'open:a' } })).toBe(204)
    await poll(() => client.messages.length).toBe(2)
  })

  test('a bad command ends the connection, not the request', async () => {
    await serve()
    const connection = await connected()
    expect(await emulate(connection, { id: 2, nothing: {} })).toBe(204)
    await poll(() => connection.client.ended).toBe(true)
    expect(connection.client.messages.at(-1)).toEqual({ push: { disconnect: { code: 3501, reason: 'bad request' } } })
    expect(await emulate(connection, { id: 3, ping: {} })).toBe(204)
  })

  test('a unidirectional session has a key, and takes no commands by it', async () => {
    await serve()
    const client = open('/connection/uni_http_stream', { body: JSON.stringify({ token: served.token('alice') }) })
    await poll(() => client.messages.length).toBe(1)
    const { connect } = client.messages[0] as { connect: { session: string } }
    expect(await emulate({ node: served.hub.id, session: connect.session }, { id: 2, ping: {} })).toBe(204)
    void served.hub.call('disconnect', { user: 'alice' })
    await poll(() => client.ended).toBe(true)
    expect(client.messages.slice(1)).toEqual([{ disconnect: { code: 3503, reason: 'force disconnect' } }])
  })

  test('is not there where nothing is emulated', async () => {
    await serve({ http_stream: {}, sse: {} })
    expect((await fetch(`${served.origin}/emulation`, { method: 'POST', body: '{}' })).status).toBe(404)
  })

  test('pings are answered through it; one that is not is the end: 3012', async () => {
    await serve({
      client: { token: { hmac_secret_key: 'test-token-key' }, ping_interval: '200ms', pong_timeout: '150ms' },
    })
    const connection = await connected()
    for (let round = 1; round <= 3; round++) {
      await poll(() => connection.client.messages.length).toBe(1 + round)
      expect(connection.client.messages.at(-1)).toEqual({})
      expect(await emulate(connection, {})).toBe(204)
    }
    await poll(() => connection.client.ended).toBe(true)
    expect(connection.client.messages.at(-1)).toEqual({ push: { disconnect: { code: 3012, reason: 'no pong' } } })
  })

  test('hundreds of sessions at once, each hears its own; none is left', async () => {
    await serve()
    const many = await Promise.all(
      Array.from({ length: 200 }, (_, n) => connected(n % 2 ? '/connection/sse' : '/connection/http_stream', `u${n}`)),
    )
    expect(new Set(many.map(({ session }) => session)).size).toBe(200)
    await Promise.all(many.map((one, n) => emulate(one, { id: 2, subscribe: { channel: `open:${n}` } })))
    await poll(() => many.every(({ client }) => client.messages.length === 2)).toBe(true)
    for (let n = 0; n < 200; n++) void served.hub.publish(`open:${n}`, { n })
    await poll(() => many.every(({ client }) => client.messages.length === 3)).toBe(true)
    for (const [n, { client }] of many.entries()) {
      expect(client.messages[2]).toEqual({ push: { channel: `open:${n}`, pub: { data: { n } } } })
    }
    for (const { client } of many) client.abort()
    await noSessions()
  })
})

test('HTTP-streaming in Protobuf, with emulation in Protobuf', async () => {
  await serve()
  const binary = { 'content-type': 'application/octet-stream' }
  const command = message([1, 1], [4, message([1, served.token('alice')])])
  const client = open('/connection/http_stream', { headers: binary, body: delimited(command) })
  await poll(() => client.bytes.length).toBeGreaterThan(0)
  const [session] = /[0-9a-f-]{36}(?=R)/.exec(client.bytes.toString('latin1')) ?? []
  const start = client.bytes.length
  const data = delimited(message([1, 2], [5, message([1, 'open:a'])]))
  const body = message([1, served.hub.id], [2, session ?? ''], [3, data])
  const response = await fetch(`${served.origin}/emulation`, { method: 'POST', headers: binary, body })
  expect(response.status).toBe(204)
  void served.hub.publish('open:a', { n: 1 })
  void served.hub.call('disconnect', { user: 'alice' })
  await poll(() => client.ended).toBe(true)
  const expected = Buffer.concat([
    encodeReplyProtobuf({ id: 2, subscribe: {} }),
    encodePushProtobuf({ channel: 'open:a', pub: { data: '{"n":1}', offset: 0 } }),
    encodePushProtobuf({ disconnect: { code: 3503, reason: 'force disconnect' } }),
  ])
  expect(client.bytes.subarray(start).toString('hex')).toBe(expected.toString('hex'))
})

describe.each([
  ['/connection/uni_http_stream', (text: string) => `${text}\n`],
  ['/connection/uni_sse', (text: string) => `data: ${text}\n\n`],
])('%s', (path, frame) => {
  const uni = (request: object): StreamClient => open(path, { body: JSON.stringify(request) })

  test('bare pushes: connect, publications, disconnect', async () => {
    await serve({
      channel: { namespaces: [{ name: 'open', allow_subscribe_for_client: true }] },
      client: { token: { hmac_secret_key: 'test-token-key' } },
    })
    const client = uni({ token: served.token('alice'), subs: { 'open:a': {} } })
    await poll(() => client.messages.length).toBe(1)
    expect(client.messages[0]).toEqual({
      connect: {
        client: expect.any(String) as string,
        version: expect.any(String) as string,
        subs: { 'open:a': {} },
        ping: 25,
        session: expect.any(String) as string,
      },
    })
    const start = client.text.length
    void served.hub.publish('open:a', { n: 1 })
    void served.hub.publish('open:a', { n: 2 })
    await served.hub.close()
    await poll(() => client.ended).toBe(true)
    const texts = [
      '{"channel":"open:a","pub":{"data":{"n":1}}}',
      '{"channel":"open:a","pub":{"data":{"n":2}}}',
      '{"disconnect":{"code":3001,"reason":"shutdown"}}',
    ]
    expect(client.text.slice(start)).toBe(texts.map(frame).join(''))
  })

  test('pings need no answer', async () => {
    await serve({
      client: { token: { hmac_secret_key: 'test-token-key' }, ping_interval: '100ms', pong_timeout: '50ms' },
    })
    const client = uni({ token: served.token('alice') })
    await poll(() => client.messages.length).toBeGreaterThan(4)
    expect(client.messages.slice(1)).toEqual(client.messages.slice(1).map(() => ({})))
    expect(client.ended).toBe(false)
  })

  test('an error is told by a disconnect', async () => {
    await serve()
    const expired = { token: served.token('alice', { exp: 1000 }) }
    const refusals: [object, number, string][] = [
      [{}, 3501, 'bad request'],
      [{ token: 'x' }, 3500, 'invalid token'],
      [expired, 3005, 'connection expired'],
    ]
    for (const [request, code, reason] of refusals) {
      const client = uni(request)
      await poll(() => client.ended).toBe(true)
      expect(client.messages).toEqual([{ disconnect: { code, reason } }])
    }
  })

  test('a request that is none is 400', async () => {
    await serve()
    for (const body of ['', '{garbage', '[]', '"x"', '{"token":1}']) {
      const client = open(path, { body })
      await poll(() => client.closed, { message: body }).toBe(true)
      expect(client.status, body).toBe(400)
    }
  })
})

test('an EventSource without any parameter is a connection', async () => {
  await serve({}, { handlers: { onConnect: () => ({ user: 'guest' }) } })
  const client = open('/connection/uni_sse', { method: 'GET' })
  await poll(() => client.messages.length).toBe(1)
  expect(client.messages[0]).toHaveProperty('connect')
  expect(served.hub.gauges()).toMatchObject({ sessions: 1, users: 1 })
})

test('what a page says in place of headers reaches the app, over every one of them', async () => {
  const seen: unknown[] = []
  await serve(
    {},
    {
      handlers: {
        onConnect: ({ transport, emulatedHeaders }) => {
          seen.push([transport, emulatedHeaders['authorization']])
          return { user: 'guest' }
        },
      },
    },
  )
  const headers = { Authorization: 'Bearer x' }
  for (const name of ['http_stream', 'sse', 'uni_http_stream', 'uni_sse']) {
    const request = name.startsWith('uni') ? { headers } : { id: 1, connect: { headers } }
    const client = open(`/connection/${name}`, { body: JSON.stringify(request) })
    await poll(() => client.messages.length).toBe(1)
  }
  expect(seen).toEqual([
    ['http_stream', 'Bearer x'],
    ['sse', 'Bearer x'],
    ['uni_http_stream', 'Bearer x'],
    ['uni_sse', 'Bearer x'],
  ])
})

test('the server’s own subscriptions reach a unidirectional connection', async () => {
  await serve()
  const client = open('/connection/uni_sse', { body: JSON.stringify({ token: served.token('alice') }) })
  await poll(() => client.messages.length).toBe(1)
  const response = await fetch(`${served.origin}/api/subscribe`, {
    method: 'POST',
    headers: { 'x-api-key': testApiKey },
    body: JSON.stringify({ user: 'alice', channel: 'open:later' }),
  })
  expect(await response.json()).toEqual({ result: {} })
  void served.hub.publish('open:later', 1)
  await poll(() => client.messages.length).toBe(3)
  expect(client.messages.slice(1)).toEqual([
    { channel: 'open:later', subscribe: {} },
    { channel: 'open:later', pub: { data: 1 } },
  ])
})

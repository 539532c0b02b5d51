// What of the transports over plain HTTP is answered before there is a connection.
import http from 'node:http'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createHub } from '../hub.ts'
import type { HubOptions } from '../options.ts'
import { poll } from '../testing/poll.ts'
import { serveHub, type ServedHub } from '../testing/served-hub.ts'
import { StreamClient } from '../testing/stream-client.ts'

let served: ServedHub
const clients: StreamClient[] = []
const cleanups: (() => Promise<unknown> | void)[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.abort()
  for (const cleanup of cleanups.splice(0)) await cleanup()
  await served.close()
})

const enabled = { enabled: true }
const allStreams = { http_stream: enabled, sse: enabled, uni_http_stream: enabled, uni_sse: enabled }
const tokenKey = { hmac_secret_key: 'test-token-key' }

async function serve(config: HubOptions['config'] = {}, server?: http.Server): Promise<void> {
  const options = { config: { ...allStreams, ...config } }
  served = await (server ? serveHub(options, server) : serveHub(options))
}

function open(...[path, request]: ConstructorParameters<typeof StreamClient>): StreamClient {
  const client = new StreamClient(path.startsWith('/') ? served.origin + path : path, request)
  clients.push(client)
  return client
}

async function answerTo(...request: ConstructorParameters<typeof StreamClient>): Promise<StreamClient> {
  const client = open(...request)
  await poll(() => client.closed).toBe(true)
  return client
}

const paths = ['/connection/http_stream', '/connection/sse', '/connection/uni_http_stream', '/connection/uni_sse']

describe('which requests are the hub’s', () => {
  test('none of these paths is claimed unless it is enabled', async () => {
    served = await serveHub(
      {},
      http.createServer((_request, response) => response.end('app')),
    )
    for (const path of [...paths, '/emulation', '/connection/uni_websocket', '/connection/init']) {
      expect((await answerTo(path, { body: '{}' })).text, path).toBe('app')
    }
  })

  test('enabled, they are claimed with every verb, each without the next', async () => {
    await serve(
      { uni_sse: {} },
      http.createServer((_request, response) => response.end('app')),
    )
    expect((await answerTo('/connection/uni_sse', { body: '{}' })).text).toBe('app')
    expect((await answerTo('/connection/sse/', { body: '{}' })).text).toBe('app')
    expect((await answerTo('/connection/sse', { method: 'PUT' })).status).toBe(405)
  })

  test('init answers nothing, to listed pages too', async () => {
    await serve({ init: enabled, client: { token: tokenKey, allowed_origins: ['https://page.example'] } })
    const get = { method: 'GET', headers: { origin: 'https://page.example' } }
    const { status, headers, text } = await answerTo('/connection/init', get)
    expect([status, headers['content-type'], text]).toEqual([200, 'application/json; charset=utf-8', '{}'])
    expect(headers['access-control-allow-origin']).toBe('https://page.example')
    expect((await answerTo('/connection/init', { body: '{}' })).status).toBe(405)
    const evil = { method: 'GET', headers: { origin: 'https://evil.example' } }
    expect((await answerTo('/connection/init', evil)).status).toBe(403)
  })

  test('a path can be moved', async () => {
    await serve({
      http_stream: { enabled: true, handler_prefix: '/rt/stream' },
      emulation: { handler_prefix: '/rt/say' },
    })
    expect((await answerTo('/connection/http_stream', { body: '{}' })).status).toBe(404)
    expect((await answerTo('/emulation', { body: '{}' })).status).toBe(404)
    expect((await answerTo('/rt/stream', { body: '' })).messages).toHaveLength(1)
    expect((await answerTo('/rt/say', { body: '{}' })).status).toBe(404)
    expect((await answerTo('/rt/say', { body: '{' })).status).toBe(400)
  })
})

describe('verbs', () => {
  test('streams of lines take POST, and OPTIONS of a page that asks first', async () => {
    await serve()
    for (const path of ['/connection/http_stream', '/connection/uni_http_stream', '/emulation']) {
      for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) {
        expect((await answerTo(path, { method })).status, `${method} ${path}`).toBe(405)
      }
      const { status, headers } = await answerTo(path, { method: 'OPTIONS' })
      expect(status).toBe(204)
      expect(headers).toMatchObject({
        'access-control-allow-methods': 'POST, OPTIONS',
        'access-control-max-age': '300',
      })
    }
  })

  test('events take GET and POST', async () => {
    await serve()
    for (const path of ['/connection/sse', '/connection/uni_sse']) {
      for (const method of ['OPTIONS', 'PUT', 'DELETE', 'HEAD']) {
        expect((await answerTo(path, { method })).status, `${method} ${path}`).toBe(405)
      }
    }
    expect((await answerTo('/connection/sse', { method: 'GET' })).status).toBe(400)
    expect((await answerTo('/connection/sse?cf_connect=', { method: 'GET' })).status).toBe(400)
    expect((await answerTo('/connection/uni_sse?cf_connect=%7B', { method: 'GET' })).status).toBe(400)
  })
})

describe('limits', () => {
  test.each(paths)('%s: a body that is too large is 413', async (path) => {
    const small = { enabled: true, max_request_body_size: 300 }
    await serve({ http_stream: small, sse: small, uni_http_stream: small, uni_sse: small })
    const { status, text } = await answerTo(path, { body: 'x'.repeat(301) })
    expect([status, text]).toEqual([413, ''])
    expect(served.hub.gauges().sessions).toBe(0)
    // One that is just as large as it may be is read; that it says nothing is another matter.
    expect((await answerTo(path, { body: 'x'.repeat(300) })).status).not.toBe(413)
  })

  test('client.connection_rate_limit counts each of them once', async () => {
    await serve({ client: { token: tokenKey, connection_rate_limit: 2 } })
    const body = JSON.stringify({ id: 1, connect: { token: served.token('alice') } })
    const clients = [1, 2, 3].map(() => open('/connection/http_stream', { body }))
    await poll(() => clients.map(({ status }) => status)).toEqual([200, 200, 503])
  })

  test('above the limit of connections: 503, also for those that are no WebSocket', async () => {
    await serve({ client: { token: tokenKey, connection_limit: 1 } })
    const first = open('/connection/http_stream', {
      body: JSON.stringify({ id: 1, connect: { token: served.token('alice') } }),
    })
    await poll(() => first.messages.length).toBe(1)
    for (const path of paths) expect((await answerTo(path, { body: '{}' })).status, path).toBe(503)
    // Its commands still come in.
    const { connect } = first.messages[0] as { connect: { session: string } }
    const body = JSON.stringify({ node: served.hub.id, session: connect.session, data: '{"id":2,"rpc":{}}' })
    expect((await answerTo('/emulation', { body })).status).toBe(204)
    await poll(() => first.messages.length).toBe(2)
  })

  test('a hub that closes takes no more', async () => {
    await serve()
    await served.hub.close()
    for (const path of paths) expect((await answerTo(path, { body: '{}' })).status, path).toBe(503)
  })

  test('a request that was begun and never ended is no session, and leaves nothing behind', async () => {
    await serve({ client: { token: tokenKey, stale_close_delay: '300ms' } })
    let closed = 0
    for (const path of [...paths, '/emulation']) {
      const socket = net.connect(served.port, '127.0.0.1', () => {
        socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"id"`)
      })
      socket.on('error', () => {}).on('close', () => closed++)
    }
    await poll(() => closed).toBe(5)
    expect(served.hub.gauges()).toMatchObject({ sessions: 0, sockets: 0 })
  })

  test('commands that wait behind a slow one are bounded: 503', async () => {
    served = await serveHub({ config: allStreams, handlers: { onRpc: () => new Promise(() => {}) } })
    const body = JSON.stringify({ id: 1, connect: { token: served.token('alice') } })
    const client = open('/connection/http_stream', { body })
    await poll(() => client.messages.length).toBe(1)
    const { connect } = client.messages[0] as { connect: { session: string } }
    const statuses = new Map<number, number>()
    for (let id = 2; id < 200; id++) {
      const data = JSON.stringify({ id, rpc: { method: 'wait' } })
      const say = JSON.stringify({ node: served.hub.id, session: connect.session, data })
      const { status } = await fetch(`${served.origin}/emulation`, { method: 'POST', body: say })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect(statuses).toEqual(
      new Map([
        [204, 130],
        [503, 68],
      ]),
    )
    expect(served.hub.gauges().sessions).toBe(1)
  })

  test('one that never connects is dropped as stale', async () => {
    const config = { client: { token: tokenKey, stale_close_delay: '200ms' } }
    served = await serveHub({
      config: { ...allStreams, ...config },
      handlers: { onConnect: () => new Promise(() => {}) },
    })
    for (const path of paths) {
      const body = path.includes('uni') ? '{}' : '{"id":1,"connect":{}}'
      const { messages } = await answerTo(path, { body })
      const told = { disconnect: { code: 3502, reason: 'stale' } }
      expect(messages).toEqual([path.includes('uni') ? told : { push: told }])
    }
  })
})

describe('pages of other origins', () => {
  const listed = { client: { token: tokenKey, allowed_origins: ['https://page.example'] } }
  const from = (origin: string): Record<string, string> => ({
    origin,
    'access-control-request-headers': 'content-type,x-own',
  })

  test('a listed one may read the answers, with its credentials', async () => {
    await serve(listed)
    for (const path of [...paths, '/emulation']) {
      for (const method of ['OPTIONS', 'POST']) {
        const client = open(path, {
          method,
          headers: from('https://page.example'),
          ...(method === 'POST' ? { body: '{}' } : {}),
        })
        await poll(() => client.status).not.toBe(0)
        expect(client.headers, `${method} ${path}`).toMatchObject({
          'access-control-allow-origin': 'https://page.example',
          'access-control-allow-credentials': 'true',
          'access-control-allow-headers': 'content-type,x-own',
        })
      }
    }
  })

  test('any other is told nothing that it could read', async () => {
    await serve(listed)
    for (const path of [...paths, '/emulation']) {
      for (const method of ['OPTIONS', 'POST']) {
        const client = open(path, {
          method,
          headers: from('https://evil.example'),
          ...(method === 'POST' ? { body: '{}' } : {}),
        })
        await poll(() => client.status).not.toBe(0)
        expect(client.headers['access-control-allow-origin'], `${method} ${path}`).toBeUndefined()
        expect(client.headers['access-control-allow-credentials']).toBeUndefined()
      }
    }
    expect(served.hub.gauges().sessions).toBe(0)
  })
})

describe('between the client and the hub', () => {
  /** What an app's framework does to every request: read its body. */
  function bodyParsing(listener: http.RequestListener): http.RequestListener {
    return (request, response) => {
      request.resume().on('end', () => listener(request, response))
    }
  }

  test('a framework that asks the hub before its body parser', async () => {
    const hub = createHub({
      register: false,
      config: { ...allStreams, client: { allow_anonymous_connect_without_token: true } },
    })
    served = await serveHub()
    const app = bodyParsing((_request, response) => response.end('app'))
    const server = http.createServer((request, response) => {
      if (!hub.handleRequest(request, response)) app(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(
      () => hub.close(),
      () => server.close().closeAllConnections(),
    )
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const path of paths) {
      const client = open(origin + path, { body: path.includes('uni') ? '{}' : '{"id":1,"connect":{}}' })
      await poll(() => client.messages.length, { message: path }).toBe(1)
    }
    expect((await answerTo(`${origin}/other`, { body: '{}' })).text).toBe('app')
    expect(hub.gauges().sessions).toBe(paths.length)
  })

  test('a server of HTTP/2', async () => {
    const hub = createHub({
      register: false,
      handlers: { onConnect: () => ({ user: 'alice', channels: ['open:a'] }) },
      config: { ...allStreams, channel: { namespaces: [{ name: 'open' }] } },
    })
    served = await serveHub()
    const server = http2.createServer((request, response) => {
      // Node makes them look like those of HTTP/1, for what the hub needs of them.
      const both = [request, response] as unknown as Parameters<typeof hub.handleRequest>
      if (!hub.handleRequest(...both)) response.end('app')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const session = http2.connect(origin)
    cleanups.push(
      () => session.destroy(),
      () => hub.close(),
      () => new Promise((resolve) => server.close(resolve)),
    )
    // A page of its own, which over HTTP/2 is told by another name than Host.
    const stream = session.request({ ':method': 'GET', ':path': '/connection/uni_sse', origin })
    let text = ''
    stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
    await poll(() => text).toContain('"connect"')
    void hub.publish('open:a', 1)
    await poll(() => text).toContain('data: {"channel":"open:a","pub":{"data":1}}\n\n')
    stream.close()
    await poll(() => hub.gauges()).toMatchObject({ sessions: 0, sockets: 0 })
  })

  test('a proxy that does not buffer: every message when it is sent', async () => {
    await serve()
    const proxy = http.createServer((request, response) => {
      const { method, url = '/', headers } = request
      const forwarded = http.request({ port: served.port, host: '127.0.0.1', method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.on('data', (chunk) => response.write(chunk)).on('end', () => response.end())
      })
      response.on('close', () => forwarded.destroy())
      forwarded.on('error', () => response.destroy())
      request.pipe(forwarded)
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => proxy.close().closeAllConnections())
    const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    for (const [name, isUni] of [
      ['http_stream', false],
      ['sse', false],
      ['uni_sse', true],
    ] as const) {
      const request = { token: served.token('alice') }
      const body = JSON.stringify(isUni ? request : { id: 1, connect: request })
      const client = open(`${origin}/connection/${name}`, { body })
      await poll(() => client.messages.length).toBe(1)
      void served.hub.call('subscribe', { user: 'alice', channel: `open:${name}` })
      await poll(() => client.messages.length).toBe(2)
      void served.hub.publish(`open:${name}`, 1)
      await poll(() => client.messages.length).toBe(3)
      // Its end is seen on the other side too, or every page that is closed would stay.
      client.abort()
      await poll(() => served.hub.gauges()).toMatchObject({ sessions: 0, sockets: 0 })
    }
  })
})

// Which requests and upgrades are the hub's, over a real server.
import http from 'node:http'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { systemClock } from '../clock.ts'
import { createHub } from '../hub.ts'
import { MemoryBroker } from '../broker/memory-broker.ts'
import { serveHub, testApiKey, type ServedHub } from '../testing/served-hub.ts'

let served: ServedHub

afterEach(() => served.close())

/** A WebSocket that was opened, refused with a status, or closed with a code. */
function open(
  url: string,
  options: WebSocket.ClientOptions = {},
  protocols: string[] = [],
): Promise<WebSocket | number> {
  return new Promise((resolve) => {
    const webSocket = new WebSocket(url, protocols, options)
    webSocket.on('open', () => resolve(webSocket))
    webSocket.on('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    webSocket.on('error', () => {})
  })
}

async function statusOrOpen(
  url: string,
  options: WebSocket.ClientOptions = {},
  protocols: string[] = [],
): Promise<number | 'open'> {
  const result = await open(url, options, protocols)
  if (typeof result === 'number') return result
  const closed = new Promise((resolve) => result.once('close', resolve))
  result.close()
  await closed
  return 'open'
}

/** Sends text, then tells with which code the server closed. */
async function closeCode(messages: (string | Buffer)[], options: WebSocket.ClientOptions = {}): Promise<number> {
  const webSocket = await open(served.websocketUrl, options)
  if (typeof webSocket === 'number') return webSocket
  const code = new Promise<number>((resolve) => webSocket.once('close', resolve))
  for (const message of messages) webSocket.send(message, { binary: typeof message !== 'string' })
  return code
}

describe('the hub claims exactly its own', () => {
  test('requests: its API by POST; the rest is the app’s', async () => {
    served = await serveHub(
      {},
      http.createServer((request, response) => response.end(`app ${request.method} ${request.url}`)),
    )
    const call = async (method: string, path: string): Promise<string> => {
      const response = await fetch(served.origin + path, { method })
      return `${response.status} ${await response.text()}`
    }
    expect(await call('POST', '/api/publish')).toBe('401 ')
    expect(await call('GET', '/api/publish')).toBe('200 app GET /api/publish')
    expect(await call('POST', '/api/orders')).toBe('200 app POST /api/orders')
    expect(await call('POST', '/api/publish/')).toBe('200 app POST /api/publish/')
    expect(await call('POST', '/api/toString')).toBe('200 app POST /api/toString')
    expect(await call('GET', '/')).toBe('200 app GET /')
    expect(await call('GET', '/connection/websocket')).toBe('400 Bad Request\n')
  })

  test('a server that is the hub’s alone refuses other verbs', async () => {
    served = await serveHub({ standalone: true })
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      for (const path of ['/api', '/api/publish']) {
        const response = await fetch(served.origin + path, { method })
        expect([response.status, await response.text()]).toEqual([405, ''])
      }
    }
    expect((await fetch(`${served.origin}/api/orders`)).status).toBe(404)
  })

  test('the API stands where the configuration says, open to all if it says so', async () => {
    served = await serveHub({ config: { http_api: { handler_prefix: '/own/way', insecure: true } } })
    const publish = (path: string): Promise<Response> =>
      fetch(served.origin + path, { method: 'POST', body: '{"channel":"open:a","data":1}' })
    expect(await (await publish('/own/way/publish')).text()).toBe('{"result":{}}')
    expect((await publish('/api/publish')).status).toBe(404)
  })

  test('without an app what nobody claims is 404', async () => {
    served = await serveHub()
    expect((await fetch(`${served.origin}/anything`)).status).toBe(404)
    expect(await statusOrOpen(`ws://127.0.0.1:${served.port}/other`)).toBe(404)
    expect(served.hub.gauges().sockets).toBe(0)
  })

  test('an upgrade of the app’s own reaches the app', async () => {
    const server = http.createServer()
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 418 Teapot\r\n\r\n'))
    served = await serveHub({}, server)
    expect(await statusOrOpen(`ws://127.0.0.1:${served.port}/other`)).toBe(418)
    expect(await statusOrOpen(served.websocketUrl)).toBe('open')
  })

  test('detached, it claims nothing any more', async () => {
    const server = http.createServer((_request, response) => response.end('app'))
    served = await serveHub({}, server)
    const second = createHub({ register: false, config: { http_api: { key: 'k' } } })
    const detach = second.attach(server)
    detach()
    await second.close()
    expect((await fetch(`${served.origin}/api/publish`, { method: 'POST' })).status).toBe(401)
    // Once more takes back nothing more, and adds nothing.
    const listeners = server.listenerCount('request')
    detach()
    expect(server.listenerCount('request')).toBe(listeners)
  })
})

describe('the HTTP API', () => {
  test('publishes, and what is wrong is answered as Centrifugo answers it', async () => {
    served = await serveHub()
    const call = async (
      body: string,
      headers: Record<string, string> = { 'x-api-key': testApiKey },
    ): Promise<[number, string]> => {
      const response = await fetch(`${served.origin}/api/publish`, { method: 'POST', body, headers })
      return [response.status, await response.text()]
    }
    expect(await call('{"channel":"open:a","data":{"n":1}}')).toEqual([200, '{"result":{}}'])
    expect(await call('{"channel":"open:a","data":{"n":1}}', { 'x-api-key': 'wrong' })).toEqual([401, ''])
    expect(await call('{"channel":"open:a","data":{"n":1}}', {})).toEqual([401, ''])
    expect(await call('not json')).toEqual([400, 'Bad Request\n'])
    expect(await call('{"data":{}}')).toEqual([200, '{"error":{"code":107,"message":"bad request"}}'])
    expect(await call('{"channel":"nowhere:a","data":{}}')).toEqual([
      200,
      '{"error":{"code":102,"message":"unknown channel"}}',
    ])
  })

  test('takes many commands at /api, and from an app that has let somebody in itself', async () => {
    const own = http.createServer((request, response) => served.hub.handleAdminApi(request, response))
    served = await serveHub({}, own)
    const body = '{"method":"publish","params":{"channel":"open:a","data":1}}\n{"id":2,"method":"rpc","params":{}}'
    const answer = '{"result":{}}\n{"id":2,"error":{"code":107,"message":"bad request"}}'
    const send = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
      const response = await fetch(served.origin + path, { method: 'POST', headers, body })
      return `${response.status} ${await response.text()}`
    }
    expect(await send('/api', { 'x-api-key': testApiKey })).toBe(`200 ${answer}`)
    expect(await send('/api')).toBe('401 ')
    expect(await send('/admin/api')).toBe(`200 ${answer}`)
  })

  test('a body beyond all measure is refused', async () => {
    served = await serveHub()
    const response = await fetch(`${served.origin}/api/publish`, {
      method: 'POST',
      headers: { 'x-api-key': testApiKey },
      body: Buffer.alloc(33 * 1024 * 1024, ' '),
    })
    expect(response.status).toBe(413)
  })

  test('a hub without a key has no API', async () => {
    served = await serveHub({ config: { http_api: { key: '' } } })
    const response = await fetch(`${served.origin}/api/publish`, {
      method: 'POST',
      headers: { 'x-api-key': '' },
      body: '{}',
    })
    expect(response.status).toBe(401)
  })
})

describe('who may connect', () => {
  test('origins: none, the page’s own, the listed; no other', async () => {
    served = await serveHub({
      config: { client: { allowed_origins: ['https://app.example', 'https://*.glob.example'] } },
    })
    const from = (origin?: string): Promise<number | 'open'> =>
      statusOrOpen(served.websocketUrl, origin === undefined ? {} : { headers: { origin } })
    expect(await from()).toBe('open')
    expect(await from(served.origin)).toBe('open')
    expect(await from('https://app.example')).toBe('open')
    expect(await from('https://a.b.glob.example')).toBe('open')
    expect(await from('https://evil.example')).toBe(403)
    expect(await from('https://glob.example')).toBe(403)
    expect(await from('null')).toBe(403)
  })

  test('a forwarded host is believed only from a trusted proxy', async () => {
    const headers = { origin: 'https://shop.example', 'x-forwarded-host': 'shop.example' }
    served = await serveHub()
    expect(await statusOrOpen(served.websocketUrl, { headers })).toBe(403)
    await served.close()
    served = await serveHub({ trustProxy: true })
    expect(await statusOrOpen(served.websocketUrl, { headers })).toBe('open')
    const several = { origin: 'https://shop.example', 'x-forwarded-host': 'shop.example:443, inner' }
    expect(await statusOrOpen(served.websocketUrl, { headers: several })).toBe('open')
    const first = { origin: 'https://evil.example', 'x-forwarded-host': 'shop.example, evil.example' }
    expect(await statusOrOpen(served.websocketUrl, { headers: first })).toBe(403)
  })

  test('more connections than allowed: 503, and a place that was left is free again', async () => {
    served = await serveHub({ config: { client: { connection_limit: 1 } } })
    const first = await open(served.websocketUrl)
    expect(await statusOrOpen(served.websocketUrl)).toBe(503)
    if (typeof first !== 'number') first.terminate()
    await expect.poll(() => served.hub.gauges().sockets).toBe(0)
    expect(await statusOrOpen(served.websocketUrl)).toBe('open')
  })

  test('the codec is the one that was asked for, by the address or by subprotocol', async () => {
    served = await serveHub()
    const spoken = async (query: string, protocols: string[]): Promise<string> => {
      const webSocket = await open(`${served.websocketUrl}${query}`, {}, protocols)
      if (typeof webSocket === 'number') return String(webSocket)
      const closed = new Promise((resolve) => webSocket.once('close', resolve))
      const frame = new Promise<string>((resolve) => {
        webSocket.once('message', (_data, isBinary) => resolve(isBinary ? 'protobuf' : 'json'))
      })
      // An empty connect command, as either codec has it: no credentials, so an anonymous one would be refused.
      const isBinary = query !== '' || webSocket.protocol === 'centrifuge-protobuf'
      const token = served.token('alice')
      const connect = Buffer.concat([
        Buffer.from([0x0a, (token.length & 0x7f) | 0x80, token.length >> 7]),
        Buffer.from(token),
      ])
      const length = connect.length
      const command = Buffer.concat([Buffer.from([0x08, 1, 0x22, (length & 0x7f) | 0x80, length >> 7]), connect])
      const framed = Buffer.concat([Buffer.from([(command.length & 0x7f) | 0x80, command.length >> 7]), command])
      webSocket.send(isBinary ? framed : JSON.stringify({ id: 1, connect: { token } }))
      const codec = await frame
      webSocket.close()
      await closed
      return codec
    }
    expect(await spoken('', [])).toBe('json')
    expect(await spoken('', ['centrifuge-json'])).toBe('json')
    expect(await spoken('?cf_protocol=protobuf', [])).toBe('protobuf')
    expect(await spoken('?format=protobuf', [])).toBe('protobuf')
    expect(await spoken('', ['centrifuge-protobuf'])).toBe('protobuf')
  })
})

describe('bad frames', () => {
  test.each([
    ['malformed JSON', ['{'], 3501],
    ['an empty frame', [''], 3501],
    ['an unknown command', ['{"id":1,"nonsense":{}}'], 3501],
    ['a command before connect', ['{"id":1,"subscribe":{"channel":"open:a"}}'], 3501],
    ['a message that is too large', [`{"id":1,"connect":{"token":"${'x'.repeat(70_000)}"}}`], 1009],
    ['an unsigned token', [`{"id":1,"connect":{"token":"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."}}`], 3500],
    ['binary noise', [Buffer.from([0, 255, 1])], 3501],
  ])('%s: the right code, one line in the log, nobody else disturbed', async (_name, messages, code) => {
    served = await serveHub()
    const other = await open(served.websocketUrl)
    if (typeof other === 'number') throw new Error('refused')
    const replies: string[] = []
    other.on('message', (data: Buffer) => replies.push(data.toString()))
    expect(await closeCode(messages)).toBe(code)
    expect(served.log).toHaveLength(1)
    other.send(JSON.stringify({ id: 1, connect: { token: served.token('bob') } }))
    await expect.poll(() => replies.length).toBe(1)
    other.terminate()
    await expect.poll(() => served.hub.gauges().sockets).toBe(0)
  })

  test('an upgrade that is refused leaves no socket, though the peer keeps its side open', async () => {
    served = await serveHub()
    const socket = net.connect({ port: served.port, host: '127.0.0.1', allowHalfOpen: true })
    let answer = ''
    socket.on('data', (data) => (answer += data.toString()))
    socket.on('error', () => {})
    socket.write(
      'GET /connection/websocket HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\nUpgrade: websocket\r\n' +
        'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    const open = (): Promise<number> =>
      new Promise((resolve, reject) =>
        served.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      )
    await expect.poll(() => answer).toContain('403 Forbidden')
    await expect.poll(open).toBe(0)
    socket.destroy()
  })

  test('a message in more pieces than anybody needs is refused', async () => {
    served = await serveHub()
    const webSocket = await open(served.websocketUrl)
    if (typeof webSocket === 'number') throw new Error('refused')
    const code = new Promise<number>((resolve) => webSocket.once('close', resolve))
    for (let piece = 0; piece < 200; piece++) webSocket.send('x', { fin: false })
    expect(await code).toBe(1008)
  })

  test('half a request, cut off in the middle, leaves nothing behind', async () => {
    served = await serveHub()
    const socket = net.connect(served.port, '127.0.0.1')
    socket.write(
      'POST /api/publish HTTP/1.1\r\nHost: x\r\nX-API-Key: test-api-key\r\nContent-Length: 100\r\n\r\n{"chan',
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    expect((await fetch(`${served.origin}/nothing`)).status).toBe(404)
  })
})

describe('closing', () => {
  test('tells every client to come back (3001), takes no new ones, and leaves nothing', async () => {
    served = await serveHub()
    const clients = await Promise.all(Array.from({ length: 5 }, () => open(served.websocketUrl)))
    const codes = clients.map(
      (client) => new Promise<number>((resolve) => typeof client !== 'number' && client.once('close', resolve)),
    )
    await served.hub.close()
    expect(await Promise.all(codes)).toEqual([3001, 3001, 3001, 3001, 3001])
    expect(await statusOrOpen(served.websocketUrl)).toBe(503)
  })

  test('twice is once: both callers wait for the same end', async () => {
    served = await serveHub()
    const broker = new MemoryBroker(systemClock)
    let closed = 0
    broker.close = () => void closed++
    const hub = createHub({ register: false, broker })
    await Promise.all([hub.close(), hub.close()])
    await hub.close()
    expect(closed).toBe(1)
  })
})

test('the WebSocket URL is that of the page: wss under https, forwarded headers only when trusted', async () => {
  served = await serveHub()
  const request = new Request('http://inner:3000/page', {
    headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example' },
  })
  expect(served.hub.websocketUrl(request)).toBe('ws://inner:3000/connection/websocket')
  expect(served.hub.websocketUrl(new Request('https://app.example/page'))).toBe(
    'wss://app.example/connection/websocket',
  )
  expect(served.hub.websocketUrl()).toBe(`ws://localhost:${served.port}/connection/websocket`)
  const trusting = createHub({ register: false, trustProxy: true })
  expect(trusting.websocketUrl(request)).toBe('wss://app.example/connection/websocket')
  await trusting.close()
  const moved = createHub({ register: false, config: { websocket: { handler_prefix: '/rt/ws' } } })
  expect(moved.websocketUrl(new Request('https://app.example/page'))).toBe('wss://app.example/rt/ws')
  expect(moved.websocketUrl()).toBe('ws://localhost:3000/rt/ws')
  await moved.close()
})

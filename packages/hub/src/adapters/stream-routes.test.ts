// Connections over plain HTTP, against a real server: HTTP-streaming, server-sent events, emulation, and their
// unidirectional kin.
import { execFile } from 'node:child_process'
import http from 'node:http'
import net from 'node:net'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { serveHub, type ServedHub } from '../testing/served-hub.ts'

let served: ServedHub

afterEach(() => served.close())

const enabled = { enabled: true }
const config = {
  client: { allowed_origins: ['https://app.example'] },
  http_stream: enabled,
  sse: enabled,
  uni_websocket: enabled,
  uni_http_stream: enabled,
  uni_sse: enabled,
}

type Message = Record<string, Record<string, unknown>>

/** An answer that goes on; `next` gives what comes, message by message. */
class Stream {
  readonly response: Response
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #abort: AbortController
  #text = ''
  readonly #messages: Message[] = []

  constructor(response: Response, abort: AbortController) {
    this.response = response
    this.#abort = abort
    this.#reader = (response.body ?? new ReadableStream()).getReader() as ReadableStreamDefaultReader<Uint8Array>
  }

  /** Undefined at the end. */
  async next(): Promise<Message | undefined> {
    while (this.#messages.length === 0) {
      const { done, value } = await this.#reader.read()
      if (done) return undefined
      this.#text += Buffer.from(value).toString('utf8')
      const lines = this.#text.split('\n')
      this.#text = lines.pop() ?? ''
      for (const line of lines) {
        const json = line.replace(/^data: /, '').trim()
        if (json !== '') this.#messages.push(JSON.parse(json) as Message)
      }
    }
    return this.#messages.shift()
  }

  leave(): void {
    this.#abort.abort()
  }
}

async function open(path: string, init: RequestInit = {}): Promise<Stream> {
  const abort = new AbortController()
  return new Stream(await fetch(served.origin + path, { ...init, signal: abort.signal }), abort)
}

function post(path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Stream> {
  return open(path, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers })
}

const connectCommand = (): string => JSON.stringify({ id: 1, connect: { token: served.token('alice') } })
const inQuery = (text: string): string => `?cf_connect=${encodeURIComponent(text)}`

async function emulate({ session, node }: { session: string; node: string }, ...commands: object[]): Promise<number> {
  const data = commands.map((command) => JSON.stringify(command)).join('\n')
  const response = await fetch(`${served.origin}/emulation`, {
    method: 'POST',
    body: JSON.stringify({ session, node, data }),
  })
  return response.status
}

describe.each([
  ['HTTP-streaming', '/connection/http_stream', () => post('/connection/http_stream', connectCommand())],
  ['server-sent events', '/connection/sse', () => open(`/connection/sse${inQuery(connectCommand())}`)],
  ['server-sent events by POST', '/connection/sse', () => post('/connection/sse', connectCommand())],
] as const)('%s', (_name, path, start) => {
  test('connects, takes commands by emulation, delivers, and ends with a word', async () => {
    served = await serveHub({ config })
    const stream = await start()
    expect(stream.response.status).toBe(200)
    expect(stream.response.headers.get('x-accel-buffering')).toBe('no')
    expect(stream.response.headers.get('cache-control')).toContain('no-cache')
    const { connect } = (await stream.next()) ?? {}
    expect(connect).toMatchObject({ node: served.hub.id, ping: 25, pong: true })
    const who = connect as unknown as { session: string; node: string }
    expect(await emulate(who, { id: 2, subscribe: { channel: 'open:a' } })).toBe(204)
    expect(await stream.next()).toEqual({ id: 2, subscribe: {} })
    await served.hub.publish('open:a', { n: 1 })
    expect(await stream.next()).toEqual({ push: { channel: 'open:a', pub: { data: { n: 1 } } } })
    void served.hub.call('disconnect', { user: 'alice' })
    expect(await stream.next()).toEqual({ push: { disconnect: { code: 3503, reason: 'force disconnect' } } })
    expect(await stream.next()).toBeUndefined()
  })

  test('a client that goes is gone at once', async () => {
    served = await serveHub({ config })
    const stream = await start()
    await stream.next()
    expect(served.hub.gauges()).toMatchObject({ sessions: 1, sockets: 1 })
    stream.leave()
    await expect.poll(() => served.hub.gauges()).toMatchObject({ sessions: 0, sockets: 0 })
  })

  test('is not there unless it is enabled', async () => {
    served = await serveHub()
    expect((await fetch(served.origin + path, { method: 'POST' })).status).toBe(404)
  })
})

test('Protobuf over HTTP-streaming and emulation', async () => {
  served = await serveHub({ config })
  const varint = (length: number): Buffer =>
    Buffer.from(length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7])
  const delimited = (...parts: Buffer[]): Buffer => Buffer.concat([varint(Buffer.concat(parts).length), ...parts])
  const token = Buffer.from(served.token('alice'))
  const connect = Buffer.concat([Buffer.from([0x0a]), delimited(token)])
  const binary = { 'content-type': 'application/octet-stream' }
  const command = delimited(Buffer.from([0x08, 1, 0x22]), delimited(connect))
  const response = await fetch(`${served.origin}/connection/http_stream`, {
    method: 'POST',
    body: new Uint8Array(command),
    headers: binary,
  })
  const reader = response.body?.getReader()
  const reply = Buffer.from((await reader?.read())?.value ?? [])
  expect(reply.includes(Buffer.from(served.hub.id))).toBe(true)
  const session = /[0-9a-f-]{36}(?=R)/.exec(reply.toString('latin1'))?.[0] ?? ''
  const subscribe = delimited(
    Buffer.from([0x08, 2, 0x2a]),
    delimited(Buffer.from([0x0a]), delimited(Buffer.from('open:a'))),
  )
  const body = Buffer.concat([
    Buffer.from([0x0a]),
    delimited(Buffer.from(served.hub.id)),
    Buffer.from([0x12]),
    delimited(Buffer.from(session)),
    Buffer.from([0x1a]),
    delimited(subscribe),
  ])
  const emulated = await fetch(`${served.origin}/emulation`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: binary,
  })
  expect(emulated.status).toBe(204)
  // `{id: 2, subscribe: {}}` behind its length.
  expect(Buffer.from((await reader?.read())?.value ?? []).toString('hex')).toBe('0408023200')
  await reader?.cancel()
})

describe('what is no connection', () => {
  const status = async (method: string, path: string, body?: string): Promise<number> =>
    (await fetch(served.origin + path, { method, ...(body === undefined ? {} : { body }) })).status

  test('has its status', async () => {
    served = await serveHub({ config })
    expect(await status('GET', '/connection/http_stream')).toBe(405)
    expect(await status('GET', '/connection/sse')).toBe(400)
    expect(await status('PUT', '/connection/sse', 'x')).toBe(405)
    expect(await status('POST', '/connection/http_stream', 'x'.repeat(70_000))).toBe(413)
    expect(await status('POST', '/connection/uni_http_stream', 'nonsense')).toBe(400)
    expect(await status('GET', `/connection/uni_sse${inQuery('nonsense')}`)).toBe(400)
    expect(await status('GET', '/emulation')).toBe(405)
    expect(await status('POST', '/emulation', 'nonsense')).toBe(400)
    expect(await status('POST', '/emulation', '{"node":"another"}')).toBe(404)
    expect(await status('POST', '/emulation', 'x'.repeat(70_000))).toBe(413)
  })

  test('a session that is not there is answered like one that is', async () => {
    served = await serveHub({ config })
    expect(await emulate({ session: 'nobody', node: served.hub.id }, { id: 1 })).toBe(204)
  })

  test('malformed commands end the connection with 3501', async () => {
    served = await serveHub({ config })
    const stream = await post('/connection/http_stream', 'nonsense')
    expect(await stream.next()).toEqual({ push: { disconnect: { code: 3501, reason: 'bad request' } } })
    expect(await stream.next()).toBeUndefined()
  })

  test('more connections than allowed: 503', async () => {
    served = await serveHub({ config: { ...config, client: { connection_limit: 1 } } })
    const first = await post('/connection/http_stream', connectCommand())
    expect(await status('POST', '/connection/http_stream', connectCommand())).toBe(503)
    first.leave()
    await expect.poll(() => served.hub.gauges().sockets).toBe(0)
  })
})

describe('pages of other origins', () => {
  const asked = (origin: string, method: string): Promise<Response> =>
    fetch(`${served.origin}/emulation`, {
      method,
      headers: { origin, 'access-control-request-headers': 'content-type' },
      ...(method === 'POST' ? { body: JSON.stringify({ node: served.hub.id, session: 'x', data: '' }) } : {}),
    })

  test('those that are listed may, and are told so', async () => {
    served = await serveHub({ config })
    const preflight = await asked('https://app.example', 'OPTIONS')
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toBe('POST, OPTIONS')
    expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type')
    const response = await asked('https://app.example', 'POST')
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(response.headers.get('access-control-allow-credentials')).toBe('true')
  })

  test('others are refused before anything is run: their visitors’ cookies would come along', async () => {
    served = await serveHub({ config })
    for (const method of ['OPTIONS', 'POST']) {
      expect((await asked('https://evil.example', method)).status).toBe(403)
    }
    const init = { method: 'POST', body: connectCommand(), headers: { origin: 'https://evil.example' } }
    expect((await fetch(`${served.origin}/connection/http_stream`, init)).status).toBe(403)
    expect(served.hub.gauges().sessions).toBe(0)
  })
})

describe('unidirectional', () => {
  const request = (): string => JSON.stringify({ token: served.token('alice', { channels: ['open:a'] }) })

  test.each([
    ['events', () => open(`/connection/uni_sse${inQuery(request())}`)],
    ['events by POST', () => post('/connection/uni_sse', request())],
    ['a stream', () => post('/connection/uni_http_stream', request())],
  ] as const)('%s: connect, publications and the end come as they are', async (_name, start) => {
    served = await serveHub({ config })
    const stream = await start()
    const { connect } = (await stream.next()) ?? {}
    expect(connect).toMatchObject({ subs: { 'open:a': {} }, ping: 25 })
    expect(connect).not.toHaveProperty('pong')
    expect(connect).not.toHaveProperty('node')
    await served.hub.publish('open:a', { n: 1 })
    expect(await stream.next()).toEqual({ channel: 'open:a', pub: { data: { n: 1 } } })
    // The server API finds it by its key, as it does emulated ones.
    const { session = '' } = connect as { session?: string }
    await served.hub.call('disconnect', { user: 'alice', session })
    expect(await stream.next()).toEqual({ disconnect: { code: 3503, reason: 'force disconnect' } })
    expect(await stream.next()).toBeUndefined()
  })

  test.each([
    ['an expired token', () => ({ token: served.token('alice', { exp: 1 }) }), 3005],
    ['a broken token', () => ({ token: 'x.y.z' }), 3500],
    ['no credentials', () => ({}), 3501],
  ])('%s is told by a disconnect', async (_name, connect, code) => {
    served = await serveHub({ config })
    const stream = await post('/connection/uni_http_stream', JSON.stringify(connect()))
    expect(await stream.next()).toMatchObject({ disconnect: { code } })
    expect(await stream.next()).toBeUndefined()
  })

  test('a WebSocket: the first frame, or the address, says who connects; nothing else is listened to', async () => {
    served = await serveHub({ config })
    const url = served.websocketUrl.replace('/websocket', '/uni_websocket')
    for (const address of [url, url + inQuery(request())]) {
      const webSocket = new WebSocket(address)
      const frames: Message[] = []
      webSocket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString('utf8')) as Message))
      const closed = new Promise<number>((resolve) => webSocket.on('close', resolve))
      webSocket.on('open', () => {
        if (!webSocket.url.includes('cf_connect')) webSocket.send(request())
        webSocket.send('whatever')
      })
      await expect.poll(() => frames.length).toBe(1)
      for (const n of [1, 2]) await served.hub.publish('open:a', { n })
      await expect
        .poll(() => frames.slice(1))
        .toEqual([
          { channel: 'open:a', pub: { data: { n: 1 } } },
          { channel: 'open:a', pub: { data: { n: 2 } } },
        ])
      await served.hub.call('disconnect', { user: 'alice' })
      expect(await closed).toBe(3503)
      expect(frames.at(-1)).toEqual({ disconnect: { code: 3503, reason: 'force disconnect' } })
    }
  })

  test('curl hears it', async () => {
    served = await serveHub({ config })
    const url = `${served.origin}/connection/uni_sse${inQuery(request())}`
    const curl = promisify(execFile)('curl', ['--no-buffer', '--silent', '--max-time', '10', url])
    await expect.poll(() => served.hub.gauges().subscriptions).toBe(1)
    await served.hub.publish('open:a', { n: 1 })
    void served.hub.call('disconnect', { user: 'alice' })
    const { stdout } = await curl
    expect(stdout).toContain('data: {"channel":"open:a","pub":{"data":{"n":1}}}\n\n')
  })
})

test('through a proxy that buffers nothing', async () => {
  served = await serveHub({ config })
  const proxy = http.createServer((request, response) => {
    const { method = '', url = '', headers } = request
    const onward = http.request(served.origin + url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as net.AddressInfo
  const abort = new AbortController()
  const stream = new Stream(
    await fetch(`http://127.0.0.1:${port}/connection/http_stream`, {
      method: 'POST',
      body: connectCommand(),
      signal: abort.signal,
    }),
    abort,
  )
  expect(await stream.next()).toHaveProperty('connect')
  stream.leave()
  await expect.poll(() => served.hub.gauges().sessions).toBe(0)
  await new Promise((resolve) => {
    proxy.close(resolve)
    proxy.closeAllConnections()
  })
})

test('a peer that does not read is closed, and holds no more than it may', async () => {
  served = await serveHub({ config: { ...config, client: { queue_max_size: 100_000 } } })
  const body = JSON.stringify({ token: served.token('slow', { channels: ['open:a'] }) })
  const socket = net.connect(served.port, '127.0.0.1')
  socket.write(`POST /connection/uni_http_stream HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  socket.on('error', () => {})
  await expect.poll(() => served.hub.gauges().subscriptions).toBe(1)
  socket.pause()
  const chunk = 'x'.repeat(32_000)
  for (let count = 0; served.hub.gauges().sessions > 0; count++) {
    if (count > 5000) throw new Error('nobody was ever slow')
    await served.hub.publish('open:a', chunk)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await expect.poll(() => served.hub.gauges().sockets, { timeout: 8000 }).toBe(0)
  socket.destroy()
}, 20_000)

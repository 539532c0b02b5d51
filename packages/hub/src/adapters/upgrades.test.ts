// Upgrades as requests, through several ways to answer one on Node; over real sockets.
import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createHub } from '../hub.ts'
import { pendingUpgrades, upgradeHeader, type RawSocket, type RawSocketEvents } from '../events/upgrade-slot.ts'
import { attachUpgrades, type UpgradeOptions } from './upgrades.ts'

let server: Server | undefined

afterEach(async () => {
  server?.closeAllConnections()
  await new Promise((resolve) => (server?.listening ? server.close(resolve) : resolve(undefined)))
  server = undefined
  if (pendingUpgrades().size > 0) throw new Error('An upgrade is still waiting')
})

async function listen(listener: RequestListener, options?: UpgradeOptions): Promise<string> {
  server = createServer(listener)
  attachUpgrades(server, options)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const limits = { maxMessageBytes: 100, writeTimeout: 1000 }

/** Accepts, and notes what comes of it. */
class App {
  readonly notes: unknown[] = []
  socket: RawSocket | undefined

  accept(request: IncomingMessage): string {
    const id = String(request.headers[upgradeHeader])
    const pending = pendingUpgrades().get(id)
    if (!pending) throw new Error('There is no such upgrade')
    const events: RawSocketEvents = {
      message: (data) => void this.notes.push(data),
      pong: () => void this.notes.push('pong'),
      closed: (code, reason) => void this.notes.push({ code, reason }),
    }
    const open = (socket: RawSocket): RawSocketEvents => {
      this.socket = socket
      this.notes.push('open')
      return events
    }
    pending.accept(open, () => void this.notes.push('abandoned'), limits)
    return id
  }
}

const poll = async (condition: () => boolean): Promise<void> => {
  await expect.poll(condition, { timeout: 5000 }).toBe(true)
}

/** The status and body that a handshake is refused with. */
async function refusal(address: string, path = '/', headers: Record<string, string> = {}): Promise<[number, string]> {
  const request = httpRequest(`http://${address}${path}`, {
    headers: {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return [response.statusCode ?? 0, body]
}

test.each<[string, (response: Parameters<RequestListener>[1], id: string) => void]>([
  ['setHeader and end', (response, id) => void response.setHeader(upgradeHeader, id).end()],
  ['writeHead with an object', (response, id) => void response.writeHead(200, { [upgradeHeader]: id }).end()],
  ['writeHead with a list', (response, id) => void response.writeHead(200, 'OK', [upgradeHeader, id]).end()],
  [
    'a body, in pieces, later',
    (response, id) => {
      setTimeout(() => {
        response.setHeader(upgradeHeader, id)
        response.flushHeaders()
        response.write('nobody reads this', () => response.end())
      }, 10)
    },
  ],
])('an accepted upgrade becomes a WebSocket: answered by %s', async (_name, answer) => {
  const app = new App()
  const address = await listen((request, response) => answer(response, app.accept(request)))
  const client = new WebSocket(`ws://${address}/live?a=1`)
  const received: unknown[] = []
  client.on('message', (data: Buffer, isBinary) => received.push(isBinary ? data : data.toString()))
  await once(client, 'open')
  client.send('text')
  client.send(Uint8Array.of(1, 2))
  // A text frame, and a ping, in one write.
  app.socket?.write([Uint8Array.of(0x81, 2, 0x68, 0x69), Uint8Array.of(0x89, 0)])
  await poll(() => app.notes.length === 4 && received.length === 1)
  expect(app.notes.filter((note) => note !== 'pong')).toEqual(['open', 'text', Uint8Array.of(1, 2)])
  expect(received).toEqual(['hi'])
  client.close(4001, 'bye')
  await poll(() => app.notes.length === 5)
  expect(app.notes.at(-1)).toEqual({ code: 4001, reason: 'bye' })
})

test('cookies of the answer come with the handshake', async () => {
  const app = new App()
  const address = await listen((request, response) => {
    response.appendHeader('set-cookie', 'a=1; HttpOnly').appendHeader('set-cookie', 'b=2')
    response.setHeader(upgradeHeader, app.accept(request)).end()
  })
  const client = new WebSocket(`ws://${address}/`)
  const [upgraded] = (await once(client, 'upgrade')) as [IncomingMessage]
  expect(upgraded.headers['set-cookie']).toEqual(['a=1; HttpOnly', 'b=2'])
  expect(upgraded.headers[upgradeHeader]).toBeUndefined()
  client.terminate()
})

test('any other answer is the client’s, and the place that was held is given back', async () => {
  const app = new App()
  const address = await listen((request, response) => {
    if (request.url === '/changed-its-mind') app.accept(request)
    response.writeHead(401, { 'content-type': 'text/plain' })
    response.write('sign in ')
    response.end('first')
  })
  expect(await refusal(address)).toEqual([401, 'sign in first'])
  expect(app.notes).toEqual([])
  expect(await refusal(address, '/changed-its-mind')).toEqual([401, 'sign in first'])
  expect(app.notes).toEqual(['abandoned'])
})

test('a header that the client has made up opens nothing', async () => {
  const seen: unknown[] = []
  const address = await listen((request, response) => {
    const { rawHeaders } = request
    const named = rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === upgradeHeader)
    seen.push(request.headers[upgradeHeader], named)
    // The app has accepted nothing: what it echoes is not enough.
    response.setHeader(upgradeHeader, String(request.headers[upgradeHeader])).end('plain')
  })
  expect(await refusal(address, '/', { [upgradeHeader]: 'made-up' })).toEqual([200, 'plain'])
  expect(seen).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), [seen[0]]])
})

test('a handshake that is none is refused by its form, and abandoned', async () => {
  const app = new App()
  const address = await listen((request, response) => void response.setHeader(upgradeHeader, app.accept(request)).end())
  expect((await refusal(address, '/', { 'sec-websocket-key': 'short' }))[0]).toBe(400)
  expect((await refusal(address, '/', { 'sec-websocket-version': '1' }))[0]).toBe(400)
  expect(app.notes).toEqual(['abandoned', 'abandoned'])
})

test('the subprotocol is the one that the app chooses of those offered, else none', async () => {
  const app = new App()
  const address = await listen((request, response) => {
    const chosen = request.url?.slice(1)
    if (chosen) response.setHeader('sec-websocket-protocol', chosen)
    response.setHeader(upgradeHeader, app.accept(request)).end()
  })
  for (const [path, protocol] of [
    ['b', 'b'],
    ['c', undefined],
    ['', undefined],
  ]) {
    const client = new WebSocket(`ws://${address}/${path}`, ['a', 'b'])
    client.on('error', () => {})
    const [upgraded] = (await once(client, 'upgrade')) as [IncomingMessage]
    expect(upgraded.headers['sec-websocket-protocol']).toBe(protocol)
    client.terminate()
  }
})

test('a framework that tidies up behind its answer does not take the connection with it', async () => {
  const app = new App()
  const address = await listen((request, response) => {
    response.setHeader(upgradeHeader, app.accept(request)).end()
    response.once('close', () => {
      request.destroy()
      response.destroy()
    })
  })
  const client = new WebSocket(`ws://${address}/`)
  await once(client, 'open')
  client.send('still here')
  await poll(() => app.notes.includes('still here'))
  client.terminate()
})

test('an app that drops its answer drops the client, and one that never ends it is given up', async () => {
  const app = new App()
  const address = await listen(
    (request, response) => {
      const id = app.accept(request)
      if (request.url === '/dropped') response.destroy()
      else response.writeHead(request.url === '/accepted' ? 200 : 403, { [upgradeHeader]: id }).write('…')
    },
    { answerTimeout: 100 },
  )
  await expect(refusal(address, '/dropped')).rejects.toThrow(/socket hang up/)
  expect((await refusal(address, '/accepted'))[0]).toBe(503)
  await expect(refusal(address, '/endless')).rejects.toThrow(/aborted/)
  expect(app.notes).toEqual(['abandoned', 'abandoned', 'abandoned'])
})

test('an app that accepts twice, or too late, has the other one abandoned', async () => {
  const outcomes: string[] = []
  let late: (() => void) | undefined
  const address = await listen((request, response) => {
    const id = String(request.headers[upgradeHeader])
    const pending = pendingUpgrades().get(id)
    const accept = (name: string): void =>
      pending?.accept(
        (socket) => {
          outcomes.push(`${name} open`)
          socket.terminate()
          return { message: () => {}, pong: () => {}, closed: () => {} }
        },
        () => void outcomes.push(`${name} abandoned`),
        limits,
      )
    accept('first')
    accept('second')
    late = () => accept('late')
    response.setHeader(upgradeHeader, id).end()
  })
  const client = new WebSocket(`ws://${address}/`)
  await once(client, 'close')
  late?.()
  expect(outcomes).toEqual(['first abandoned', 'second open', 'late abandoned'])
})

test('an app that throws has the client refused, and its exception goes where those of other requests go', async () => {
  const app = new App()
  const address = await listen((request) => {
    app.accept(request)
    throw new Error('the app’s own')
  })
  const usual = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  try {
    const thrown = once(process, 'uncaughtException')
    expect((await refusal(address))[0]).toBe(500)
    expect(await thrown).toEqual([new Error('the app’s own'), 'uncaughtException'])
  } finally {
    for (const listener of usual) process.on('uncaughtException', listener)
  }
  expect(app.notes).toEqual(['abandoned'])
})

test('interim answers are nobody’s', async () => {
  const app = new App()
  const address = await listen((request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.writeProcessing()
    response.setHeader(upgradeHeader, app.accept(request)).end()
  })
  const client = new WebSocket(`ws://${address}/`)
  await once(client, 'open')
  client.terminate()
})

test('without anything that listens for requests an upgrade is 404', async () => {
  server = createServer()
  attachUpgrades(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  expect((await refusal(`127.0.0.1:${(server.address() as AddressInfo).port}`))[0]).toBe(404)
})

test('attached twice, the app is asked once', async () => {
  const app = new App()
  const address = await listen((request, response) => void response.setHeader(upgradeHeader, app.accept(request)).end())
  if (server) attachUpgrades(server)
  const client = new WebSocket(`ws://${address}/`)
  await once(client, 'open')
  expect(app.notes).toEqual(['open'])
  client.terminate()
})

test('an app that never answers is given up, and what it says later is nobody’s', async () => {
  const app = new App()
  let late: (() => void) | undefined
  const answer: RequestListener = (request, response) => {
    const id = app.accept(request)
    late = () => void response.setHeader(upgradeHeader, id).end('late')
  }
  const address = await listen(answer, { answerTimeout: 50 })
  expect(await refusal(address)).toEqual([503, 'The app did not answer\n'])
  late?.()
  expect(app.notes).toEqual(['abandoned'])
})

test('a client that goes while the app thinks is abandoned, and its answer is nobody’s', async () => {
  const app = new App()
  let answer: (() => void) | undefined
  const address = await listen((request, response) => {
    const id = app.accept(request)
    answer = () => void response.setHeader(upgradeHeader, id).end()
  })
  const client = new WebSocket(`ws://${address}/`)
  client.on('error', () => {})
  await poll(() => answer !== undefined)
  client.terminate()
  await poll(() => app.notes.length === 1)
  answer?.()
  expect(app.notes).toEqual(['abandoned'])
})

test('a message above the limit ends with 1009, and a broken frame with 1002 or 1006', async () => {
  const app = new App()
  const address = await listen((request, response) => void response.setHeader(upgradeHeader, app.accept(request)).end())
  const client = new WebSocket(`ws://${address}/`)
  await once(client, 'open')
  client.send('x'.repeat(101))
  const [code] = (await once(client, 'close')) as [number]
  expect(code).toBe(1009)
  await poll(() => app.notes.length === 2)
  expect(app.notes[1]).toMatchObject({ code: expect.any(Number) })
})

test('upgrades of others are left alone: the hub’s, Vite’s, other paths, and what another listener takes', async () => {
  const asked: unknown[] = []
  server = createServer((request, response) => {
    asked.push(request.url)
    response.writeHead(404).end()
  })
  const others: unknown[] = []
  const hub = createHub({ register: false, config: { client: { insecure: true } } })
  hub.attach(server)
  attachUpgrades(server, { path: (path) => path !== '/not-ours' })
  server.on('upgrade', (request: IncomingMessage, socket) => {
    others.push(request.url)
    if (request.url !== '/connection/websocket') socket.end('HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const toHub = new WebSocket(`ws://${address}/connection/websocket`)
  await once(toHub, 'open')
  expect((await refusal(address, '/not-ours'))[0]).toBe(418)
  expect((await refusal(address, '/unknown'))[0]).toBe(418)
  expect((await refusal(address, '/hmr', { 'sec-websocket-protocol': 'vite-hmr' }))[0]).toBe(418)
  expect(asked).toEqual([])
  expect(others).toEqual(['/connection/websocket', '/not-ours', '/unknown', '/hmr'])
  toHub.terminate()
  await hub.close()
})

test('alone on its server, a path that is not wanted is 404, and another protocol an ordinary request', async () => {
  const address = await listen((_request, response) => void response.end('hello'), { path: '/live' })
  expect((await refusal(address, '/other'))[0]).toBe(404)
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
  socket.write(
    'GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n',
  )
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  expect(text).toMatch(/^HTTP\/1\.1 200 OK.*hello$/s)
})

test('taken back, upgrades are Node’s again', async () => {
  server = createServer((_request, response) => void response.end('plain'))
  attachUpgrades(server)()
  expect(server.listenerCount('upgrade')).toBe(0)
})

test('thousands of handshakes that are given up leave nothing behind', async () => {
  const app = new App()
  const address = await listen((request) => void app.accept(request), { answerTimeout: 200 })
  const [host = '', port = ''] = address.split(':')
  for (let round = 0; round < 20; round++) {
    const sockets = Array.from({ length: 100 }, () => connect(Number(port), host))
    for (const socket of sockets) {
      socket.on('error', () => {})
      socket.write(
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      )
    }
    await poll(() => app.notes.length >= round * 100 + 50)
    for (const socket of sockets) socket.destroy()
  }
  await poll(() => app.notes.length === 2000 && pendingUpgrades().size === 0)
  expect(new Set(app.notes)).toEqual(new Set(['abandoned']))
})

test.each([
  [[undefined], /the server is wanted/],
  [[createServer(), { path: 'live' }], /path begins with a slash: '\/live', not 'live'/],
  [[createServer(), { paht: '/live' }], /no 'paht'; what there is: path, answerTimeout/],
])('%j is refused in words that help', (parameters, message) => {
  expect(() => attachUpgrades(...(parameters as Parameters<typeof attachUpgrades>))).toThrow(message)
})

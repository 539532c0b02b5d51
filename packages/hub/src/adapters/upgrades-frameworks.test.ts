// Upgrades through the frameworks that apps are written with, and beside other listeners of the same server.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { Hono } from 'hono'
import { toNodeHandler } from 'srvx/node'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createRealtime } from '../events/index.ts'
import { pendingUpgrades } from '../events/upgrade-slot.ts'
import { createHub } from '../hub.ts'
import { attachUpgrades } from './upgrades.ts'

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  await vi.waitUntil(() => pendingUpgrades().size === 0)
})

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

type Upgrade = (request: Request) => Response | Promise<Response>

/** What a handler without a framework does. */
function plain(upgrade: Upgrade): RequestListener {
  return (request, response) => {
    const answer = async (): Promise<void> => {
      const headers = request.headers as Record<string, string>
      const answered = await upgrade(new Request(`http://${request.headers.host}${request.url}`, { headers }))
      response.writeHead(answered.status, Object.fromEntries(answered.headers))
      response.end(await answered.text())
    }
    void answer()
  }
}

interface Framework {
  readonly name: string
  readonly hasPaths: boolean
  /** Whether the Request is the framework's, and ends with its client; one that an app makes itself does not. */
  readonly makesRequests: boolean
  readonly listenerOf: (upgrade: Upgrade) => RequestListener
}

const frameworks: Framework[] = [
  { name: 'plain http', hasPaths: false, makesRequests: false, listenerOf: plain },
  {
    name: 'Express',
    hasPaths: true,
    makesRequests: false,
    listenerOf: (upgrade) =>
      express()
        .use(express.json())
        .get('/live', (request, response) => plain(upgrade)(request, response))
        .use((_request, response) => void response.status(404).send('unknown')),
  },
  {
    name: 'Hono on its Node server',
    hasPaths: true,
    makesRequests: true,
    listenerOf: (upgrade) => {
      const app = new Hono()
        .use(async (context, next) => {
          await next()
          context.header('x-powered-by', 'hono')
        })
        .get('/live', (context) => upgrade(context.req.raw))
      const listener = getRequestListener(app.fetch)
      return (request, response) => void listener(request, response)
    },
  },
  {
    name: 'srvx',
    hasPaths: true,
    makesRequests: true,
    listenerOf: (upgrade) =>
      toNodeHandler((request) =>
        new URL(request.url).pathname === '/live' ? upgrade(request) : new Response('unknown', { status: 404 }),
      ) as RequestListener,
  },
]

describe.each(frameworks)('through $name', ({ hasPaths, makesRequests, listenerOf }) => {
  async function start(): Promise<{ url: string; notes: unknown[]; count(): number }> {
    const realtime = createRealtime({
      driver: 'websocket',
      authenticate: async (request) => new URL(request.url).searchParams.get('user'),
    })
    const notes: unknown[] = []
    const upgrade: Upgrade = (request) =>
      realtime.upgrade(request, {
        onMessage: async (socket, message) => {
          await socket.send(message)
        },
        onClose: (_socket, code) => void notes.push(code),
      })
    const server = createServer(listenerOf(upgrade))
    attachUpgrades(server)
    const url = await listen(server)
    closing.push(() => realtime.close())
    return { url, notes, count: () => realtime.count() }
  }

  test('an upgrade opens, speaks and closes', async () => {
    const { url, notes, count } = await start()
    const client = new WebSocket(`${url}/live?user=a`)
    client.once('open', () => client.send('hello'))
    const [data] = (await once(client, 'message')) as [Buffer]
    expect([data.toString(), count()]).toEqual(['hello', 1])
    // Whatever a framework tidies up behind an answer, it has done it by now.
    await new Promise((resolve) => setTimeout(resolve, 50))
    client.close(3000)
    await expect.poll(() => notes).toEqual([3000])
  })

  test.each([
    ['/live', 401],
    ['/nowhere', hasPaths ? 404 : 401],
  ])('a refusal is the app’s answer: %s', async (path, status) => {
    const { url } = await start()
    const client = new WebSocket(url + path)
    const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]
    expect(response.statusCode).toBe(status)
    expect(response.headers.connection).toBe('close')
    expect((await response.toArray()).length).toBeGreaterThan(0)
  })

  test('a client that goes while the app thinks ends the request for the app, too', async () => {
    let signal: AbortSignal | undefined
    let isClosed = false
    const listener = listenerOf(async (request) => {
      signal = request.signal
      return new Promise(() => {})
    })
    const server = createServer((request, response) => {
      response.once('close', () => (isClosed = true))
      listener(request, response)
    })
    attachUpgrades(server)
    const client = new WebSocket(`${await listen(server)}/live`)
    client.on('error', () => {})
    await expect.poll(() => signal !== undefined).toBe(true)
    client.terminate()
    await expect.poll(() => [isClosed, signal?.aborted]).toEqual([true, makesRequests])
  })
})

/** Another library's WebSockets on the same server, which take a while to decide. */
function otherSockets(server: Server, path: string, delay: number | undefined): void {
  const others = new WebSocketServer({ noServer: true })
  others.on('connection', (client) => {
    client.on('message', (data: Buffer) => client.send(`other ${data.toString()}`))
  })
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    if (request.url !== path) return
    const take = (): void => others.handleUpgrade(request, socket, head, (client) => others.emit('connection', client))
    if (delay === undefined) take()
    else setTimeout(take, delay)
  })
  closing.push(() => {
    for (const client of others.clients) client.terminate()
  })
}

const echo = async (url: string): Promise<string> => {
  const client = new WebSocket(url)
  client.once('open', () => client.send('hi'))
  const [data] = (await once(client, 'message')) as [Buffer]
  client.send('again')
  const [again] = (await once(client, 'message')) as [Buffer]
  client.terminate()
  return `${data.toString()}, ${again.toString()}`
}

describe('beside others', () => {
  test.each<[string, number | undefined, 'before' | 'after', number]>([
    ['takes it at once', undefined, 'before', 20],
    ['takes it at once, listening later', undefined, 'after', 20],
    ['takes it while the app thinks', 10, 'before', 40],
    ['takes it after the app has said 404', 40, 'after', 0],
  ])('a library that %s keeps its socket', async (_how, delay, order, thinking) => {
    const asked: unknown[] = []
    const server = createServer((request, response) => {
      asked.push(request.url)
      setTimeout(() => response.writeHead(404).end('unknown'), thinking)
    })
    if (order === 'before') otherSockets(server, '/other', delay)
    attachUpgrades(server)
    if (order === 'after') otherSockets(server, '/other', delay)
    const url = await listen(server)
    expect(await echo(`${url}/other`)).toBe('other hi, other again')
    expect(asked).toEqual(delay === undefined ? [] : ['/other'])
  })

  test('an app that answers everything with a page does not take others’ sockets from them', async () => {
    const server = createServer((_request, response) => void response.end('<!doctype html>'))
    attachUpgrades(server)
    otherSockets(server, '/other', 20)
    expect(await echo(`${await listen(server)}/other`)).toBe('other hi, other again')
  })

  test('an app that refuses what another has taken meanwhile refuses nobody', async () => {
    const server = createServer((_request, response) => {
      setTimeout(() => response.writeHead(403).end('no'), 30)
    })
    attachUpgrades(server)
    otherSockets(server, '/other', 10)
    const client = new WebSocket(`${await listen(server)}/other`)
    closing.push(() => client.terminate())
    const ends: unknown[] = []
    client.on('error', (error) => ends.push(error)).on('close', (code) => ends.push(code))
    await once(client, 'open')
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(ends).toEqual([])
    client.send('hi')
    const [data] = (await once(client, 'message')) as [Buffer]
    expect(data.toString()).toBe('other hi')
  })

  test.each(['hub first', 'hub last'])('an unknown path is answered in the end, %s', async (order) => {
    const server = createServer((_request, response) => void response.writeHead(404).end('unknown'))
    const hub = createHub({ register: false, config: { client: { insecure: true } } })
    if (order === 'hub first') hub.attach(server)
    attachUpgrades(server, { answerTimeout: 100 })
    if (order === 'hub last') hub.attach(server)
    closing.push(() => hub.close())
    const url = await listen(server)
    const toHub = new WebSocket(`${url}/connection/websocket`)
    await once(toHub, 'open')
    toHub.terminate()
    const client = new WebSocket(`${url}/typo`)
    const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]
    expect(response.statusCode).toBe(404)
  })
})

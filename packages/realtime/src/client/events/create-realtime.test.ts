// Both ends together: the browser's helper, and `createRealtime` behind Node's own http server.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from 'vitest'
import { createRealtime, type EventsOf } from '../../index.ts'
import { attachUpgrades } from '../../node/index.ts'
import { pretendBrowser } from '../../testing/browser-globals.ts'
import { connectEvents } from './connect-events.ts'
import type { EventsError } from './events-error.ts'

pretendBrowser()

interface Feed {
  order: { id: number }
  note: string
}

const byQuery = (request: Request): string | null => new URL(request.url).searchParams.get('user')
const options = { authenticate: byQuery, allowAnonymous: true } as const
let events: ReturnType<typeof startFaces>['events']
let live: ReturnType<typeof startFaces>['live']
let server: Server
let url: string
/** Behind a proxy, nobody answers. */
let isDown: boolean
const opened: { close(): void }[] = []

function startFaces() {
  return {
    events: createRealtime<Feed>({ ...options, retry: 10, maxConnections: 1 }),
    live: createRealtime<Feed>({ ...options, driver: 'websocket', heartbeat: 100 }),
  }
}

function respond(request: Request): Response {
  if (isDown) return new Response('Bad gateway', { status: 502 })
  const { pathname } = new URL(request.url)
  if (pathname === '/events') return events.sse(request, { channels: ['orders'] }).response
  return live.upgrade(request, {
    async onMessage(socket, message) {
      await socket.send(typeof message === 'string' ? `${message}!` : message)
    },
  })
}

async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const abort = new AbortController()
  outgoing.on('close', () => abort.abort())
  const headers = new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
  const response = respond(new Request(new URL(incoming.url ?? '', url), { headers, signal: abort.signal }))
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.flushHeaders()
  // A client that goes makes the stream end, or fail.
  for await (const chunk of response.body ?? []) outgoing.write(chunk)
  outgoing.end()
}

beforeEach(async () => {
  isDown = false
  ;({ events, live } = startFaces())
  server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy())
  })
  attachUpgrades(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  for (const each of opened.splice(0)) each.close()
  await Promise.all([events.close(), live.close()])
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
})

test('SSE: what is broadcast, sent to the user, and to the channels that the server has joined', async () => {
  const browser = connectEvents<EventsOf<typeof events>>(`${url}/events?user=ann`)
  opened.push(browser)
  const heard: unknown[] = []
  browser.on('order', (data) => {
    expectTypeOf(data).toEqualTypeOf<{ id: number }>()
    heard.push(data)
  })
  browser.on('note', (data, { id }) => heard.push([data, typeof id]))
  await vi.waitFor(() => expect(browser.state).toBe('open'))
  await events.broadcast({ event: 'order', data: { id: 1 } })
  await events.sendTo('ann', { event: 'order', data: { id: 2 } })
  await events.sendTo('bob', { event: 'order', data: { id: 3 } })
  await events.toChannel('orders').broadcast({ event: 'note', data: 'line\nbreak' })
  await vi.waitFor(() => expect(heard).toEqual([{ id: 1 }, { id: 2 }, ['line\nbreak', 'string']]))
})

test('SSE: over maxConnections it waits for a place, and then misses nothing that came after its last event', async () => {
  const first = connectEvents<Feed>(`${url}/events`)
  opened.push(first)
  await vi.waitFor(() => expect(first.state).toBe('open'))
  const errors: EventsError[] = []
  const heard: number[] = []
  const second = connectEvents<Feed>(`${url}/events`, { minDelay: 1, maxDelay: 10, onError: (e) => errors.push(e) })
  opened.push(second)
  second.on('order', ({ id }) => heard.push(id))
  await vi.waitFor(() => expect(errors.length).toBeGreaterThan(1))
  expect(second.state).toBe('connecting')
  first.close()
  await vi.waitFor(() => expect(second.state).toBe('open'))
  await events.broadcast({ event: 'order', data: { id: 1 } })
  await vi.waitFor(() => expect(heard).toEqual([1]))

  // Behind an answer that ends an EventSource, it has to name its last event itself.
  isDown = true
  const before = errors.length
  server.closeAllConnections()
  await vi.waitFor(() => expect(errors.length).toBeGreaterThan(before + 2))
  await events.broadcast({ event: 'order', data: { id: 2 } })
  expect(heard).toEqual([1])
  isDown = false
  await vi.waitFor(() => expect(heard).toEqual([1, 2]))
  await events.broadcast({ event: 'order', data: { id: 3 } })
  await vi.waitFor(() => expect(heard).toEqual([1, 2, 3]))
})

test('WebSocket: joins that are agreed to, refused and unknown, and messages of the app', async () => {
  live.channel('orders', {})
  live.channel('staff', { authorize: ({ userId }) => userId === 'bob' })
  const errors: EventsError[] = []
  const browser = connectEvents<EventsOf<typeof live>>(`${url}/live?user=ann`, {
    driver: 'websocket',
    channels: ['orders', 'nowhere'],
    onError: (error) => errors.push(error),
  })
  opened.push(browser)
  const heard: unknown[] = []
  browser.on('order', ({ id }, { channel }) => heard.push([id, channel]))
  browser.onMessage((message) => heard.push(message))
  await browser.join('orders')
  await expect(browser.join('staff')).rejects.toMatchObject({ code: 'refused', channel: 'staff' })
  expect(errors).toMatchObject([{ code: 'unknown_channel', channel: 'nowhere' }])
  await live.toChannel('orders').broadcast({ event: 'order', data: { id: 1 } })
  await live.sendTo('ann', { event: 'order', data: { id: 2 } })
  browser.send('hello')
  browser.send(new Uint8Array([0, 255]))
  await vi.waitFor(() => expect(heard).toEqual([[1, 'orders'], [2, undefined], 'hello!', new Uint8Array([0, 255])]))
  browser.leave('orders')
  browser.send('left')
  await vi.waitFor(() => expect(heard).toContain('left!'))
  expect(await live.toChannel('orders').broadcast({ event: 'order', data: { id: 3 } })).toBe(0)
})

test('WebSocket: a connection that the server drops comes back to its channels', async () => {
  live.channel('orders', {})
  const browser = connectEvents<Feed>(`${url}/live`, { driver: 'websocket', minDelay: 1, maxDelay: 10 })
  opened.push(browser)
  const heard: number[] = []
  browser.on('order', ({ id }) => heard.push(id))
  await browser.join('orders')
  const codes: (number | undefined)[] = []
  const other = connectEvents<Feed>(`${url}/live?user=ann`, {
    driver: 'websocket',
    channels: ['orders'],
    minDelay: 1,
    maxDelay: 10,
    onError: ({ closeCode }) => codes.push(closeCode),
  })
  opened.push(other)
  other.on('order', ({ id }) => heard.push(id * 10))
  await other.join('orders')
  expect(live.disconnect('ann')).toBe(1)
  await vi.waitFor(() => expect(codes).toHaveLength(1))
  await vi.waitFor(async () => {
    heard.length = 0
    await live.toChannel('orders').broadcast({ event: 'order', data: { id: 1 } })
    await vi.waitFor(() => expect(heard.toSorted((a, b) => a - b)).toEqual([1, 10]))
  })
})

import { afterEach, expect, test, vi } from 'vitest'
import { pretendBrowser } from '../../testing/browser-globals.ts'
import {
  answerJoins,
  refuseJoin,
  startEventSocketServer,
  type EventSocketServer,
  type EventSocketServerOptions,
} from '../../testing/event-servers.ts'
import { connectEvents } from './connect-events.ts'
import type { EventsError } from './events-error.ts'
import type { ConnectEventsOptions, EventsConnection, EventsState } from './types.ts'

pretendBrowser()

interface Feed {
  order: { id: number }
}

const started: (EventSocketServer | EventsConnection<Feed>)[] = []
afterEach(async () => {
  for (const each of started.splice(0).reverse()) await each.close()
})

async function start(options?: EventSocketServerOptions): Promise<EventSocketServer> {
  const server = await startEventSocketServer(options)
  started.push(server)
  return server
}

function connect(url: string | URL, options: ConnectEventsOptions = {}) {
  const states: EventsState[] = []
  const errors: EventsError[] = []
  const events = connectEvents<Feed>(url, {
    driver: 'websocket',
    minDelay: 1,
    maxDelay: 10,
    ...options,
    onState: (state) => states.push(state),
    onError: (error) => errors.push(error),
  })
  started.push(events)
  return { events, states, errors }
}

test('events go to their listeners, everything else to onMessage as it was sent', async () => {
  const server = await start()
  const { events } = connect(server.url)
  const heard: unknown[] = []
  const raw: unknown[] = []
  events.on('order', (data, meta) => heard.push([data, meta]))
  const leave = events.onMessage((message) => raw.push(message))
  const { socket } = await server.peer(1)
  const others = [
    'text',
    '',
    '"event"',
    '{"event":"order"',
    '{"event":"order"}',
    '{"event":7,"data":1}',
    '{"event":"order","data":1,"channel":2}',
    '{"event":"order","data":1,"more":true}',
    '[{"event":"order","data":1}]',
    '{"order":1}',
    `{"data":${'['.repeat(100_000)}`,
  ]
  for (const other of others) socket.send(other)
  socket.send(new Uint8Array([0, 255, 10]))
  socket.send('{"event":"order","data":{"id":1}}')
  socket.send('{"event":"order","data":{"id":2},"channel":"orders"}')
  socket.send('{"event":"nobody listens","data":1}')
  socket.send('{"event":"__proto__","data":1}')
  socket.send('end')
  await vi.waitFor(() => expect(raw).toHaveLength(others.length + 2))
  expect(raw).toEqual([...others, new Uint8Array([0, 255, 10]), 'end'])
  expect(heard).toEqual([
    [{ id: 1 }, { channel: undefined, id: undefined }],
    [{ id: 2 }, { channel: 'orders', id: undefined }],
  ])
  leave()
  socket.send('more')
  socket.send('{"event":"order","data":{"id":3}}')
  await vi.waitFor(() => expect(heard).toHaveLength(3))
  expect(raw).toHaveLength(others.length + 2)
})

test('send takes text and bytes, and says when there is no connection', async () => {
  const server = await start()
  const { events, states } = connect(server.url)
  expect(events.send('too early')).toBe(false)
  await vi.waitFor(() => expect(states).toEqual(['open']))
  expect(events.send('text')).toBe(true)
  expect(events.send(new Uint8Array([1, 2]))).toBe(true)
  const { received } = await server.peer(1)
  await vi.waitFor(() => expect(received).toEqual(['text', new Uint8Array([1, 2])]))
  events.close()
  expect(events.send('too late')).toBe(false)
})

test('join resolves with the answer of the server, also when it is asked for before there is a connection', async () => {
  const server = await start({ onMessage: answerJoins })
  const { events } = connect(server.url)
  const twice = [events.join('a'), events.join('a')]
  await Promise.all(twice)
  await events.join('a')
  await events.join('b')
  const { received } = await server.peer(1)
  expect(received).toEqual(['{"join":"a"}', '{"join":"b"}'])
})

test('join rejects with the code and the message of the server', async () => {
  const server = await start({
    onMessage: (socket, message) => refuseJoin(socket, (JSON.parse(message) as { join: string }).join),
  })
  const { events, errors } = connect(server.url)
  await expect(events.join('orders')).rejects.toMatchObject({
    name: 'EventsError',
    code: 'refused',
    message: 'No',
    channel: 'orders',
  })
  await expect(events.join('orders')).rejects.toMatchObject({ code: 'refused' })
  expect(errors).toEqual([])
})

test('an answer is one to the oldest join of its channel', async () => {
  const server = await start()
  const { events, states } = connect(server.url)
  await vi.waitFor(() => expect(states).toEqual(['open']))
  const [a, b] = [events.join('a'), events.join('b')]
  const { socket } = await server.peer(1)
  refuseJoin(socket, 'c')
  refuseJoin(socket, 'b', 'unknown_channel')
  await expect(b).rejects.toMatchObject({ code: 'unknown_channel', channel: 'b' })
  answerJoins(socket, '{"join":"a"}')
  await a
})

test('a channel that is left and joined again at once is in when the second answer came', async () => {
  const server = await start()
  const { events, states } = connect(server.url)
  await vi.waitFor(() => expect(states).toEqual(['open']))
  const first = events.join('a')
  events.leave('a')
  await expect(first).rejects.toMatchObject({ code: 'closed', channel: 'a' })
  const second = events.join('a')
  const { socket, received } = await server.peer(1)
  await vi.waitFor(() => expect(received).toEqual(['{"join":"a"}', '{"leave":"a"}', '{"join":"a"}']))
  answerJoins(socket, '{"join":"a"}')
  answerJoins(socket, '{"leave":"a"}')
  refuseJoin(socket, 'a')
  await expect(second).rejects.toMatchObject({ code: 'refused' })
})

test('after a break the channels are joined again: those of the options and those of join, none that was left', async () => {
  const server = await start({ onMessage: answerJoins })
  const { events, states, errors } = connect(server.url, { channels: ['a', 'b'] })
  await events.join('c')
  await events.join('d')
  events.leave('b')
  events.leave('d')
  const first = await server.peer(1)
  await vi.waitFor(() => expect(first.received).toHaveLength(6))
  first.socket.close(1013, 'try again later')
  const second = await server.peer(2)
  await vi.waitFor(() => expect(second.received).toEqual(['{"join":"a"}', '{"join":"c"}']))
  await events.join('a')
  expect(states).toEqual(['open', 'connecting', 'open'])
  expect(errors).toMatchObject([{ code: 'connection', closeCode: 1013, message: expect.stringContaining('try again') }])
})

test('a join that the connection broke off is asked for on the next one', async () => {
  const server = await start()
  const { events, states } = connect(server.url)
  await vi.waitFor(() => expect(states).toEqual(['open']))
  const joining = events.join('a')
  const first = await server.peer(1)
  await vi.waitFor(() => expect(first.received).toHaveLength(1))
  first.socket.terminate()
  const second = await server.peer(2)
  await vi.waitFor(() => expect(second.received).toEqual(['{"join":"a"}']))
  answerJoins(second.socket, '{"join":"a"}')
  await joining
  // What the first connection owed is forgotten: this answer is the one to this join.
  events.leave('a')
  const again = events.join('a')
  answerJoins(second.socket, '{"leave":"a"}')
  answerJoins(second.socket, '{"join":"a"}')
  await again
})

test('a join that was given up is refused to nobody, and the one after it is kept', async () => {
  const server = await start()
  const { events, states, errors } = connect(server.url)
  await vi.waitFor(() => expect(states).toEqual(['open']))
  const first = events.join('a')
  events.leave('a')
  const second = events.join('a')
  await expect(first).rejects.toMatchObject({ code: 'closed' })
  const { socket } = await server.peer(1)
  refuseJoin(socket, 'a')
  answerJoins(socket, '{"join":"a"}')
  await second
  socket.terminate()
  const next = await server.peer(2)
  await vi.waitFor(() => expect(next.received).toEqual(['{"join":"a"}']))
  expect(errors.map(({ code }) => code)).toEqual(['connection'])
})

test('after a break, join waits for the answer on the new connection', async () => {
  const server = await start()
  const { events, states } = connect(server.url, { channels: ['a'] })
  const first = await server.peer(1)
  answerJoins(first.socket, '{"join":"a"}')
  await events.join('a')
  first.socket.terminate()
  await vi.waitFor(() => expect(states).toEqual(['open', 'connecting', 'open']))
  const joined = vi.fn<() => void>()
  const joining = events.join('a').then(joined)
  const second = await server.peer(2)
  events.send('mark')
  await vi.waitFor(() => expect(second.received).toEqual(['{"join":"a"}', 'mark']))
  expect(joined).not.toHaveBeenCalled()
  answerJoins(second.socket, '{"join":"a"}')
  await joining
})

test('close in onState keeps everything else from the app', async () => {
  const server = await start()
  const errors: EventsError[] = []
  const states: EventsState[] = []
  const events = connectEvents(server.url, {
    driver: 'websocket',
    minDelay: 1,
    maxDelay: 1,
    onError: (error) => errors.push(error),
    onState: (state) => {
      states.push(state)
      if (state === 'connecting') events.close()
    },
  })
  const { socket } = await server.peer(1)
  await vi.waitFor(() => expect(states).toEqual(['open']))
  socket.terminate()
  await vi.waitFor(() => expect(states).toEqual(['open', 'connecting', 'closed']))
  expect(errors).toEqual([])
})

test('a join that was refused is not asked for again, a channel of the options is', async () => {
  const server = await start({
    onMessage: (socket, message) => refuseJoin(socket, (JSON.parse(message) as { join: string }).join),
  })
  const { events, errors } = connect(server.url, { channels: ['a'] })
  await vi.waitFor(() => expect(errors).toMatchObject([{ code: 'refused', channel: 'a' }]))
  await expect(events.join('b')).rejects.toMatchObject({ code: 'refused' })
  const first = await server.peer(1)
  first.socket.terminate()
  const second = await server.peer(2)
  await vi.waitFor(() => expect(errors.map(({ code }) => code)).toEqual(['refused', 'connection', 'refused']))
  expect(second.received).toEqual(['{"join":"a"}'])
})

test('an error that answers nothing of ours goes to onError, whatever it looks like', async () => {
  const server = await start()
  const { errors } = connect(server.url)
  const { socket } = await server.peer(1)
  socket.send('{"event":"error","data":{"code":"bad_envelope","message":"What?"}}')
  socket.send('{"event":"error","data":null}')
  socket.send('{"event":"error","data":{"code":7,"message":{}},"channel":"a"}')
  socket.send('{"event":"joined","data":null}')
  socket.send('{"event":"joined","data":null,"channel":"never asked"}')
  await vi.waitFor(() => expect(errors).toHaveLength(3))
  expect(errors).toMatchObject([
    { code: 'bad_envelope', message: 'What?', channel: undefined },
    { code: 'internal', channel: undefined },
    { code: 'internal', channel: 'a' },
  ])
})

test('a server that is down is found again', async () => {
  const first = await start()
  const port = Number(new URL(first.url).port)
  const { states, errors } = connect(first.url)
  await vi.waitFor(() => expect(states).toEqual(['open']))
  await first.close()
  started.splice(started.indexOf(first), 1)
  await vi.waitFor(() => expect(errors.length).toBeGreaterThan(2))
  await start({ port })
  await vi.waitFor(() => expect(states).toEqual(['open', 'connecting', 'open']))
  expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['connection']))
})

test('coming back online connects at once, however long the pause is', async () => {
  const server = await start()
  const { states } = connect(server.url, { minDelay: 600_000, maxDelay: 600_000 })
  const { socket } = await server.peer(1)
  await vi.waitFor(() => expect(states).toEqual(['open']))
  socket.terminate()
  await vi.waitFor(() => expect(states).toEqual(['open', 'connecting']))
  dispatchEvent(new Event('online'))
  await vi.waitFor(() => expect(states).toEqual(['open', 'connecting', 'open']))
})

test('what the browser refuses is told at once, and tried again when it refuses later', async () => {
  const { WebSocket } = globalThis
  let isAllowed = false
  vi.stubGlobal(
    'WebSocket',
    class extends WebSocket {
      constructor(url: string | URL) {
        if (!isAllowed) throw new DOMException('No insecure connections', 'SecurityError')
        super(url)
      }
    },
  )
  const server = await start()
  expect(() => connect(server.url)).toThrow('No insecure connections')
  isAllowed = true
  const { states, errors } = connect(server.url)
  const { socket } = await server.peer(1)
  isAllowed = false
  socket.terminate()
  await vi.waitFor(() => expect(errors.some(({ message }) => message === 'No insecure connections')).toBe(true))
  isAllowed = true
  await server.peer(2)
  await vi.waitFor(() => expect(states).toEqual(['open', 'connecting', 'open']))
})

test('close says goodbye, gives up what is being joined, and nothing is called back', async () => {
  const server = await start()
  const { events, states, errors } = connect(server.url)
  await vi.waitFor(() => expect(states).toEqual(['open']))
  const heard = vi.fn<() => void>()
  events.on('order', () => heard())
  events.onMessage(() => heard())
  const joining = events.join('a')
  const { socket } = await server.peer(1)
  const closed = new Promise((resolve) => socket.on('close', resolve))
  events.close()
  socket.send('raw')
  socket.send('{"event":"order","data":{"id":1}}')
  events.close()
  await expect(joining).rejects.toMatchObject({ code: 'closed', channel: 'a' })
  await expect(events.join('b')).rejects.toMatchObject({ code: 'closed', channel: 'b' })
  events.leave('a')
  expect(await closed).toBe(1000)
  expect(states).toEqual(['open', 'closed'])
  expect(heard).not.toHaveBeenCalled()
  expect(errors).toEqual([])
})

test('http and https become ws and wss, and a fragment is left out', async () => {
  const server = await start()
  const { states } = connect(`${server.url.replace('ws:', 'http:')}?kind=all#top`)
  expect((await server.peer(1)).path).toBe('/feed?kind=all')
  await vi.waitFor(() => expect(states).toEqual(['open']))
  const urls: string[] = []
  vi.stubGlobal(
    'WebSocket',
    class extends EventTarget {
      constructor(url: URL) {
        super()
        urls.push(url.href)
      }
      close(): void {}
    },
  )
  vi.stubGlobal('location', { href: 'https://example.com/shop/' })
  connect('live')
  connect('/live')
  connect('http://127.0.0.1:1/')
  connect('wss://example.com/')
  expect(urls).toEqual([
    'wss://example.com/shop/live',
    'wss://example.com/live',
    'ws://127.0.0.1:1/',
    'wss://example.com/',
  ])
})

test('names that no channel can have are refused before they are sent', async () => {
  const server = await start()
  const { events, states } = connect(server.url)
  await vi.waitFor(() => expect(states).toEqual(['open']))
  await expect(events.join('')).rejects.toThrow(TypeError)
  await expect(events.join('x'.repeat(256))).rejects.toThrow('1 to 255 characters')
  expect(() => connect(server.url, { channels: [''] })).toThrow('1 to 255 characters')
  expect((await server.peer(1)).received).toEqual([])
})

import { once } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import { pretendBrowser, pretendDocument } from '../../testing/browser-globals.ts'
import { startEventStreamServer, type EventStreamServer } from '../../testing/event-servers.ts'
import { connectEvents } from './connect-events.ts'
import type { EventsError } from './events-error.ts'
import type { ConnectEventsOptions, EventsConnection, EventsState } from './types.ts'

pretendBrowser()

interface Feed {
  order: { id: number }
  tick: null
  message: string
}

const started: (EventStreamServer | EventsConnection<Feed>)[] = []
afterEach(async () => {
  for (const each of started.splice(0).reverse()) await each.close()
})

async function start(statuses?: number[]): Promise<EventStreamServer> {
  const server = await startEventStreamServer(statuses)
  started.push(server)
  return server
}

function connect(url: string | URL, options: ConnectEventsOptions = {}) {
  const states: EventsState[] = []
  const errors: EventsError[] = []
  const events = connectEvents<Feed>(url, {
    minDelay: 1,
    maxDelay: 10,
    ...options,
    onState: (state) => states.push(state),
    onError: (error) => errors.push(error),
  })
  started.push(events)
  return { events, states, errors }
}

test('tells the payload of every event to who listens for it, with its id', async () => {
  const server = await start()
  const { events, states } = connect(server.url)
  const heard: unknown[] = []
  events.on('order', (data, meta) => heard.push(['order', data, meta]))
  events.on('message', (data, meta) => heard.push(['message', data, meta]))
  expect(events.state).toBe('connecting')
  const response = await server.response(1)
  response.write('event: order\ndata: {"id":1}\n\n')
  response.write(': heartbeat\n\nid: e:1\nevent: tick\ndata: null\n\n')
  response.write('id: e:2\nevent: message\ndata: "plain"\n\n')
  await vi.waitFor(() => expect(heard).toHaveLength(2))
  expect(heard).toEqual([
    ['order', { id: 1 }, { channel: undefined, id: undefined }],
    ['message', 'plain', { channel: undefined, id: 'e:2' }],
  ])
  expect(states).toEqual(['open'])
  expect(events.state).toBe('open')
})

test('a listener that comes late hears from then on, one that has left hears nothing more', async () => {
  const server = await start()
  const { events } = connect(server.url)
  const response = await server.response(1)
  const early = vi.fn<(data: { id: number }) => void>()
  const leave = events.on('order', ({ id }) => early({ id }))
  response.write('event: order\ndata: {"id":1}\n\n')
  await vi.waitFor(() => expect(early).toHaveBeenCalledTimes(1))
  leave()
  leave()
  const late: unknown[] = []
  events.on('order', (data) => late.push(data))
  response.write('event: order\ndata: {"id":2}\n\n')
  await vi.waitFor(() => expect(late).toEqual([{ id: 2 }]))
  expect(early).toHaveBeenCalledTimes(1)
})

test('a listener that throws is reported and stops neither the others nor the next event', async () => {
  const reported = vi.fn<(error: unknown) => void>()
  vi.stubGlobal('reportError', reported)
  const server = await start()
  const { events } = connect(server.url)
  const heard: unknown[] = []
  const failure = new Error('mine')
  events.on('order', () => {
    throw failure
  })
  events.on('order', (data) => heard.push(data))
  const response = await server.response(1)
  response.write('event: order\ndata: {"id":1}\n\nevent: order\ndata: {"id":2}\n\n')
  await vi.waitFor(() => expect(heard).toEqual([{ id: 1 }, { id: 2 }]))
  expect(reported.mock.calls).toEqual([[failure], [failure]])
})

test('without reportError, what a listener throws is on the console', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.stubGlobal('reportError', undefined)
  const server = await start()
  const { events } = connect(server.url)
  const failure = new Error('mine')
  events.on('tick', () => {
    throw failure
  })
  const response = await server.response(1)
  response.write('event: tick\ndata: null\n\n')
  await vi.waitFor(() => expect(logged).toHaveBeenCalledWith('[realtime] a listener threw', failure))
  logged.mockRestore()
})

test('data that is not JSON is told as an error, and the next event arrives', async () => {
  const server = await start()
  const { events, errors } = connect(server.url)
  const heard: unknown[] = []
  events.on('order', (data) => heard.push(data))
  const response = await server.response(1)
  response.write('event: order\ndata: {"id":\n\nevent: order\ndata: {"id":2}\n\n')
  await vi.waitFor(() => expect(heard).toEqual([{ id: 2 }]))
  expect(errors).toMatchObject([{ name: 'EventsError', code: 'bad_data', message: expect.stringContaining('"order"') }])
})

test('a stream that breaks comes back by the browser itself, with Last-Event-ID as its header', async () => {
  const server = await start()
  const { events, states, errors } = connect(server.url)
  const heard: unknown[] = []
  events.on('order', (data) => heard.push(data))
  const first = await server.response(1)
  first.write('id: e:7\nevent: order\ndata: {"id":1}\n\n')
  await vi.waitFor(() => expect(heard).toHaveLength(1))
  first.end()
  const second = await server.response(2)
  second.write('id: e:8\nevent: order\ndata: {"id":2}\n\n')
  await vi.waitFor(() => expect(heard).toEqual([{ id: 1 }, { id: 2 }]))
  expect(server.requests[1]?.headers['last-event-id']).toBe('e:7')
  expect(server.requests[1]?.url).toBe('/feed')
  expect(states).toEqual(['open', 'connecting', 'open'])
  expect(errors.map(({ code }) => code)).toEqual(['connection'])
})

test('answers that end an EventSource for good are outlasted', async () => {
  const server = await start([503, 401, 500])
  const { events, states, errors } = connect(server.url)
  const heard: unknown[] = []
  events.on('order', (data) => heard.push(data))
  const response = await server.response(4)
  response.write('event: order\ndata: {"id":1}\n\n')
  await vi.waitFor(() => expect(heard).toEqual([{ id: 1 }]))
  expect(states).toEqual(['open'])
  expect(errors.map(({ code }) => code)).toEqual(['connection', 'connection', 'connection'])
})

test('a new EventSource names the last event in its URL, beside what was there', async () => {
  const server = await start([200, 503])
  const { events } = connect(`${server.url}?room=a%20b`)
  const heard: unknown[] = []
  events.on('order', (data) => heard.push(data))
  const first = await server.response(1)
  first.write('id: e:1&x\nevent: order\ndata: {"id":1}\n\n')
  await vi.waitFor(() => expect(heard).toHaveLength(1))
  first.end()
  const third = await server.response(3)
  const asked = new URL(server.requests[2]?.url ?? '', server.url)
  expect(Object.fromEntries(asked.searchParams)).toEqual({ room: 'a b', lastEventId: 'e:1&x' })
  third.write('event: order\ndata: {"id":2}\n\n')
  await vi.waitFor(() => expect(heard).toEqual([{ id: 1 }, { id: 2 }]))
})

test('close ends the connection, a second one changes nothing, and nothing is called back', async () => {
  const server = await start()
  const { events, states, errors } = connect(server.url)
  const heard = vi.fn<() => void>()
  events.on('order', () => heard())
  const response = await server.response(1)
  const gone = once(response, 'close')
  response.write('event: order\ndata: {"id":1}\n\n')
  await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1))
  response.write('event: order\ndata: {"id":2}\n\n')
  events.close()
  events.close()
  await gone
  expect(events.state).toBe('closed')
  expect(states).toEqual(['open', 'closed'])
  expect(heard).toHaveBeenCalledTimes(1)
  expect(errors).toEqual([])
  expect(server.requests).toHaveLength(1)
})

test('close in the midst of an event keeps it from the listeners after it', async () => {
  const server = await start()
  const { events } = connect(server.url)
  const after = vi.fn<() => void>()
  events.on('order', () => events.close())
  events.on('order', () => after())
  const response = await server.response(1)
  const gone = once(response, 'close')
  response.write('event: order\ndata: {"id":1}\n\n')
  await gone
  expect(after).not.toHaveBeenCalled()
})

test('close in onError, while an attempt has failed, ends the attempts', async () => {
  const server = await start([503, 503])
  const closed = Promise.withResolvers<void>()
  const errors: EventsError[] = []
  const events = connectEvents(server.url, {
    minDelay: 1,
    maxDelay: 1,
    onError: (error) => {
      errors.push(error)
      events.close()
      closed.resolve()
    },
  })
  await closed.promise
  // As long as many pauses.
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(errors).toHaveLength(1)
  expect(server.requests).toHaveLength(1)
})

test('a relative URL is the page’s', async () => {
  const server = await start()
  pretendDocument(new URL('/orders/list?page=2', server.url).href)
  connect('live?kind=all')
  await server.response(1)
  expect(server.requests[0]?.url).toBe('/orders/live?kind=all')
})

test('asks for cookies when it is told to', async () => {
  const created: (EventSourceInit | undefined)[] = []
  const { EventSource } = globalThis
  vi.stubGlobal(
    'EventSource',
    class extends EventSource {
      constructor(url: string | URL, init?: EventSourceInit) {
        super(url, init)
        created.push(init)
      }
    },
  )
  const server = await start()
  connect(server.url)
  connect(server.url, { withCredentials: true })
  await server.response(2)
  expect(created).toEqual([{ withCredentials: false }, { withCredentials: true }])
})

test('what only the WebSocket driver has says so', async () => {
  const server = await start()
  const { events } = connect(server.url)
  const sentence = /needs driver: 'websocket'/
  await expect(events.join('orders')).rejects.toThrow(sentence)
  expect(() => events.leave('orders')).toThrow(sentence)
  expect(() => events.send('x')).toThrow(sentence)
  expect(() => events.onMessage(() => {})).toThrow(sentence)
  expect(() => connectEvents(server.url, { channels: ['orders'] })).toThrow(sentence)
})

test('names of the wire are no events of the app', async () => {
  const server = await start()
  const { events } = connect(server.url)
  for (const name of ['open', 'error', 'joined', 'left']) {
    expect(() => events.on(name as 'order', () => {})).toThrow(new RegExp(`'${name}' is no event of the app's`))
  }
})

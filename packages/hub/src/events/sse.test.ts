// What only an event stream has: ids and what was missed, a body that somebody has to read, a request that ends.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EventStage, settle } from '../testing/event-peers.ts'
import { TestClock } from '../testing/test-clock.ts'
import type { InstanceOptions } from './instance.ts'
import type { Realtime } from './realtime.ts'
import type { EventStream } from './types.ts'

let clock: TestClock
let stage: EventStage

function start(options: InstanceOptions = {}): Realtime {
  stage = new EventStage(clock, {
    authenticate: (request) => request.headers.get('x-user'),
    allowAnonymous: true,
    ...options,
  })
  return stage.instance.face as Realtime
}

const numbers = (peer: { events: readonly { data: unknown }[] }) => peer.events.map(({ data }) => data)

beforeEach(() => {
  clock = new TestClock()
})

afterEach(() => stage.end())

test('the answer is an event stream that nobody keeps or collects, and begins with when to come back', async () => {
  start({ retry: 1000 })
  const peer = await stage.openSse()
  expect(peer.response.status).toBe(200)
  expect(Object.fromEntries(peer.response.headers)).toEqual({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  })
  // Spread by up to a half; this clock's chance is always in the middle.
  expect(peer.text).toBe('retry: 1250\n\n')
})

test('a page of another origin that is listed may read the stream', async () => {
  start({ allowedOrigins: ['https://*.other.test'] })
  const { response } = await stage.openSse({ headers: { origin: 'https://shop.other.test' } })
  expect(response.status).toBe(200)
  expect(response.headers.get('access-control-allow-origin')).toBe('https://shop.other.test')
  expect(response.headers.get('access-control-allow-credentials')).toBe('true')
  expect(response.headers.get('vary')).toBe('origin')
  const other = await stage.openSse({ headers: { origin: 'https://other.test' } }, false)
  expect(other.response.status).toBe(403)
  expect(other.response.headers.get('access-control-allow-origin')).toBeNull()
  void stage.instance.face.close()
  const statuses = ['https://shop.other.test', 'https://other.test'].map(async (origin) => {
    const late = await stage.openSse({ headers: { origin } }, false)
    return [late.response.status, late.response.headers.get('access-control-allow-origin')]
  })
  expect(await Promise.all(statuses)).toEqual([
    [200, 'https://shop.other.test'],
    [403, null],
  ])
})

test('stream.send writes an event as browsers read it', async () => {
  start()
  const peer = await stage.openSse()
  const stream = peer.connection as EventStream
  expect(stream.send({ event: 'order', data: { text: 'two\nlines' } })).toBe(true)
  expect(stream.send({ event: 'order', data: 1, id: 'own-7' })).toBe(true)
  await settle(clock)
  expect(peer.text.split('\n\n').slice(1)).toEqual([
    'event: order\ndata: {"text":"two\\nlines"}',
    'id: own-7\nevent: order\ndata: 1',
    '',
  ])
})

test.each([['a\nb'], ['a\u0000'], [7]])('an id like %j is refused, and the stream goes on', async (id) => {
  start()
  const peer = await stage.openSse()
  const stream = peer.connection as EventStream
  expect(() => stream.send({ event: 'order', data: 1, id: id as string })).toThrow(/id is one line/)
  expect(() => stream.send({ event: 'a\nb', data: 1 })).toThrow(TypeError)
  expect(() => stream.send({ event: 'a', data: 1n })).toThrow(TypeError)
  expect(stream.send({ event: 'fine', data: 2 })).toBe(true)
  await settle(clock)
  expect(numbers(peer)).toEqual([2])
})

describe('a client that comes back', () => {
  const lastId = (peer: { events: readonly { id?: string }[] }) => peer.events.at(-1)?.id ?? ''
  const back = (id: string, user?: string) => ({ 'last-event-id': id, ...(user ? { 'x-user': user } : {}) })

  test('gets what it missed of everybody’s events, its own and its channels’, in order, and nothing of others', async () => {
    const realtime = start()
    const before = await stage.openSse({ headers: { 'x-user': 'ann' }, channels: ['a'] })
    await realtime.broadcast({ event: 'n', data: 0 })
    await settle(clock)
    before.vanish()
    await settle(clock)
    for (const [n, send] of [
      (data: number) => realtime.broadcast({ event: 'n', data }),
      (data: number) => realtime.sendTo('ann', { event: 'n', data }),
      (data: number) => realtime.sendTo('bob', { event: 'n', data }),
      (data: number) => realtime.toChannel('a').broadcast({ event: 'n', data }),
      (data: number) => realtime.toChannel('b').broadcast({ event: 'n', data }),
    ].entries()) {
      await send(n + 1)
    }
    const again = await stage.openSse({ headers: back(lastId(before), 'ann'), channels: ['a'] })
    expect(again.connection).toMatchObject({ resumption: 'complete', lastEventId: lastId(before) })
    await realtime.broadcast({ event: 'n', data: 6 })
    await settle(clock)
    expect(numbers(again)).toEqual([1, 2, 4, 6])
    const third = await stage.openSse({ headers: back(lastId(again), 'ann') })
    expect(numbers(third)).toEqual([])
    expect(third.connection).toMatchObject({ resumption: 'complete' })
  })

  test('is told to load the state anew when what it missed would overrun it, each time it comes', async () => {
    const realtime = start({ maxBufferedBytes: 4096 })
    const before = await stage.openSse({ headers: { 'x-user': 'ann' } })
    await realtime.broadcast({ event: 'n', data: 0 })
    await settle(clock)
    before.vanish()
    await settle(clock)
    const id = lastId(before)
    const send = (user: string) => realtime.sendTo(user, { event: 'n', data: 'x'.repeat(500) })
    // Others' events are not in the way.
    for (let n = 0; n < 20; n++) await send('bob')
    for (let n = 0; n < 3; n++) await send('ann')
    const fits = await stage.openSse({ headers: back(id, 'ann') })
    expect(fits.connection).toMatchObject({ resumption: 'complete' })
    expect(fits.events).toHaveLength(3)
    for (let n = 0; n < 2; n++) await send('ann')
    for (let n = 0; n < 2; n++) {
      const again = await stage.openSse({ headers: back(id, 'ann') })
      expect(again.connection).toMatchObject({ resumption: 'incomplete', isOpen: true })
      expect(again.events).toEqual([])
    }
  })

  test('misses nothing that is sent while its channels are being asked for, and hears nothing twice', async () => {
    const realtime = start()
    let letIn: (() => void) | undefined
    realtime.channel('a', { authorize: () => new Promise((resolve) => (letIn = () => resolve(true))) })
    const peer = await stage.openSse({ channels: ['a'] })
    await realtime.broadcast({ event: 'n', data: 1 })
    await realtime.toChannel('a').broadcast({ event: 'n', data: 2 })
    letIn?.()
    await settle(clock)
    await realtime.toChannel('a').broadcast({ event: 'n', data: 3 })
    await settle(clock)
    expect(numbers(peer)).toEqual([1, 2, 3])
  })

  test('is ended when more came while its channels were asked for than is kept, and learns of it when it returns', async () => {
    const realtime = start({ history: { size: 4, ttl: 60_000 } })
    let letIn: (() => void) | undefined
    realtime.channel('a', { onJoin: () => new Promise<void>((resolve) => (letIn = resolve)) })
    const before = await stage.openSse()
    await realtime.broadcast({ event: 'n', data: 0 })
    await settle(clock)
    const id = lastId(before)
    const waiting = await stage.openSse({ headers: back(id), channels: ['a'] })
    expect(waiting.connection).toMatchObject({ resumption: 'complete' })
    for (let data = 1; data <= 10; data++) await realtime.broadcast({ event: 'n', data })
    letIn?.()
    await settle(clock)
    expect(numbers(waiting)).toEqual([])
    expect(waiting.isClosed).toBe(true)
    const again = await stage.openSse({ headers: back(id) })
    expect(again.connection).toMatchObject({ resumption: 'incomplete' })
  })

  test('is told to begin anew when what it missed is kept no more', async () => {
    const realtime = start({ history: { size: 3, ttl: 1000 } })
    const before = await stage.openSse()
    await realtime.broadcast({ event: 'n', data: 0 })
    await settle(clock)
    const id = lastId(before)
    for (const data of [1, 2, 3]) await realtime.broadcast({ event: 'n', data })
    const inTime = await stage.openSse({ headers: back(id) })
    expect(inTime.connection).toMatchObject({ resumption: 'complete' })
    expect(numbers(inTime)).toEqual([1, 2, 3])
    await realtime.broadcast({ event: 'n', data: 4 })
    const late = await stage.openSse({ headers: back(id) })
    expect(late.connection).toMatchObject({ resumption: 'incomplete' })
    expect(numbers(late)).toEqual([])
    const top = lastId(inTime)
    clock.advance(1200)
    await realtime.broadcast({ event: 'n', data: 5 })
    const expired = await stage.openSse({ headers: back(top) })
    expect(expired.connection).toMatchObject({ resumption: 'complete' })
    expect(numbers(expired)).toEqual([5])
  })

  test.each(['abc:7', 'own-7', ':', 'a:b', 'x'.repeat(5000), 'a:9999999999999999999'])(
    'with an id that is none of ours (%.20s) is told so, and hears what comes',
    async (id) => {
      const realtime = start()
      const peer = await stage.openSse({ headers: back(id) })
      expect(peer.connection).toMatchObject({ resumption: 'incomplete', lastEventId: id })
      await realtime.broadcast({ event: 'n', data: 1 })
      await settle(clock)
      expect(numbers(peer)).toEqual([1])
    },
  )

  test('without history there are no ids, and nothing to come back to', async () => {
    const realtime = start({ history: { size: 0, ttl: 0 } })
    realtime.channel('a', { authorize: async () => true })
    const peer = await stage.openSse({ channels: ['a'] })
    await realtime.broadcast({ event: 'n', data: 1 })
    await realtime.toChannel('a').broadcast({ event: 'n', data: 2 })
    await settle(clock)
    expect(peer.events).toEqual([
      { event: 'n', data: 1 },
      { event: 'n', data: 2 },
    ])
  })

  test('without history nothing of the others’ waits for a channel that is being asked for', async () => {
    const realtime = start({ history: { size: 0, ttl: 0 } })
    realtime.channel('slow', { authorize: () => new Promise(() => {}) })
    const peer = await stage.openSse({ channels: ['slow'] })
    expect(await realtime.broadcast({ event: 'n', data: 1 })).toBe(1)
    await settle(clock)
    expect(numbers(peer)).toEqual([1])
  })
})

test('the query parameter stands in for the header', async () => {
  const realtime = start()
  const peer = await stage.openSse()
  await realtime.broadcast({ event: 'n', data: 0 })
  await realtime.broadcast({ event: 'n', data: 1 })
  await settle(clock)
  const [first] = peer.events
  const { stream } = realtime.sse(new Request(`http://app.test/events?lastEventId=${first?.id}`))
  expect(stream.resumption).toBe('complete')
  stream.close()
})

describe('an end', () => {
  test.each([
    ['the request is aborted', (peer: { vanish(): void }) => peer.vanish()],
    ['the app closes it', (peer: { connection: { close(): void } }) => peer.connection.close()],
  ])('is noticed at once when %s', async (_name, end) => {
    const realtime = start()
    const peer = await stage.openSse({ channels: ['a'] })
    const stream = peer.connection as EventStream
    end(peer)
    expect(stream.isOpen).toBe(false)
    expect(realtime.count()).toBe(0)
    expect(stream.send({ event: 'n', data: 1 })).toBe(false)
    expect(await stream.join('b')).toBe(false)
    await stream.closed
    await settle(clock)
    expect(peer.isClosed).toBe(true)
    // Frameworks print an error of a body, and this would be one for every closed tab.
    expect(peer.error).toBeUndefined()
  })

  test('is noticed when the body is cancelled, and when the request had ended before', async () => {
    const realtime = start()
    const peer = await stage.openSse({}, false)
    await peer.response.body?.cancel()
    expect(realtime.count()).toBe(0)
    await realtime.broadcast({ event: 'n', data: 1 })
    const { stream } = realtime.sse(stage.request({}, AbortSignal.abort()))
    expect(stream.isOpen).toBe(false)
    expect(realtime.count()).toBe(0)
  })

  test('what was sent before it is still read', async () => {
    const realtime = start()
    const peer = await stage.openSse()
    await realtime.broadcast({ event: 'n', data: 1 })
    peer.connection.close()
    await settle(clock)
    expect(numbers(peer)).toEqual([1])
    expect(peer.error).toBeUndefined()
  })
})

test('a client that never reads is closed at maxBufferedBytes, and what it held is given back', async () => {
  const realtime = start({ maxBufferedBytes: 64 * 1024 })
  const [slow, other] = [await stage.openSse({}, false), await stage.openSse()]
  const { core } = stage.instance
  const slowConnection = core.registry.session(slow.connection.id)
  let most = 0
  for (let n = 0; n < 40; n++) {
    await realtime.broadcast({ event: 'n', data: 'x'.repeat(10_000) })
    await settle(clock)
    most = Math.max(most, slowConnection?.bytesQueued ?? 0)
  }
  expect(slow.connection.isOpen).toBe(false)
  expect(most).toBeLessThan(64 * 1024 + 20_000)
  expect(slowConnection?.bytesQueued).toBe(0)
  // What it had not read is gone with it.
  await expect(slow.response.text()).rejects.toThrow(/slow/)
  expect(other.events).toHaveLength(40)
  expect(realtime.count()).toBe(1)
})

test('a client that has taken nothing between two heartbeats is let go', async () => {
  const realtime = start({ heartbeat: 1000 })
  await stage.openSse({}, false)
  for (let beat = 0; beat < 3; beat++) {
    clock.advance(1100)
    await settle(clock)
  }
  expect(realtime.count()).toBe(0)
})

test('one that takes something, however little, is not, though there is ever more to take', async () => {
  const realtime = start({ heartbeat: 1000 })
  const peer = await stage.openSse({}, false)
  const reader = peer.response.body?.getReader()
  for (let beat = 0; beat < 5; beat++) {
    for (let n = 0; n < 3; n++) await realtime.broadcast({ event: 'n', data: 'x'.repeat(1000) })
    await settle(clock)
    await reader?.read()
    clock.advance(1100)
    await settle(clock)
  }
  expect(realtime.count()).toBe(1)
  expect(peer.connection.isOpen).toBe(true)
})

test('a channel that cannot be is refused before there is a connection', () => {
  const realtime = start()
  expect(() => realtime.sse(stage.request(), { channels: ['a', ''] })).toThrow(TypeError)
  expect(realtime.count()).toBe(0)
})

test('HEAD gets the headers and no stream', async () => {
  const realtime = start()
  const { response, stream } = realtime.sse(new Request('http://app.test/events', { method: 'HEAD' }))
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(response.body).toBeNull()
  expect(stream.isOpen).toBe(false)
  expect(realtime.count()).toBe(0)
})

test('a refused stream takes everything and does nothing', async () => {
  const realtime = start({ maxConnections: 1 })
  await stage.openSse()
  const { response, stream } = realtime.sse(stage.request())
  expect(response.status).toBe(503)
  expect([stream.isOpen, stream.send({ event: 'n', data: 1 }), await stream.join('a'), stream.leave('a')]).toEqual([
    false,
    false,
    false,
    false,
  ])
  stream.close()
  await stream.closed
})

test('thousands of connects and aborts leave nothing behind: neither connections nor memory', async () => {
  const realtime = start({ maxConnections: 50 })
  const round = async (number: number): Promise<void> => {
    const opened = Array.from({ length: 50 }, () => stage.openSse({ channels: ['a', `b${number}`] }, false))
    const peers = await Promise.all(opened)
    expect(realtime.count({ channel: 'a' })).toBe(50)
    for (const peer of peers) peer.vanish()
    expect(realtime.count()).toBe(0)
  }
  for (let number = 0; number < 20; number++) await round(number)
  const before = await heapUsed()
  for (let number = 0; number < 100; number++) await round(number)
  // 5,000 connections: one that is kept holds some kilobytes.
  expect((await heapUsed()) - before).toBeLessThan(4_000_000)
  expect(stage.left).toMatchObject({ connections: 0, channels: 0, alarms: 0 })
})

/** Bytes that are still reachable. */
async function heapUsed(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let turn = 0; turn < 3; turn++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed
}

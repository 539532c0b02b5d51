// What only a WebSocket has: messages of the client's, envelopes, answers to heartbeats, Close.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EventStage, SocketPeer, settle, type PeerOptions } from '../testing/event-peers.ts'
import { TestClock } from '../testing/test-clock.ts'
import type { InstanceOptions } from './instance.ts'
import type { Realtime } from './realtime.ts'
import type { EventSocket } from './types.ts'

let clock: TestClock
let stage: EventStage

function start(options: InstanceOptions = {}): Realtime {
  stage = new EventStage(clock, {
    driver: 'websocket',
    authenticate: (request) => request.headers.get('x-user'),
    allowAnonymous: true,
    ...options,
  })
  return stage.instance.face as Realtime
}

async function open(options?: PeerOptions): Promise<SocketPeer> {
  const peer = await stage.openSocket(options)
  if (peer instanceof Response) throw new Error(await peer.text())
  return peer
}

beforeEach(() => {
  clock = new TestClock()
})

afterEach(() => stage.end())

describe('envelopes', () => {
  test('join and leave are answered, and events name their channel', async () => {
    const realtime = start()
    realtime.channel('orders', {})
    const peer = await open()
    peer.says('{"join":"orders"}')
    await realtime.toChannel('orders').broadcast({ event: 'order', data: { id: 1 } })
    await realtime.broadcast({ event: 'news', data: 2 })
    peer.says(' { "leave" : "orders" } ')
    await realtime.toChannel('orders').broadcast({ event: 'order', data: { id: 3 } })
    await settle(clock)
    expect(peer.messages).toEqual([
      '{"event":"joined","data":null,"channel":"orders"}',
      '{"event":"order","data":{"id":1},"channel":"orders"}',
      '{"event":"news","data":2}',
      '{"event":"left","data":null,"channel":"orders"}',
    ])
  })

  test('clients may join declared channels only, and as many as maxChannels', async () => {
    const realtime = start({ maxChannels: 2 })
    realtime.channel('room:*')
    const peer = await open()
    for (const channel of ['secret', 'room:1', 'room:1', 'room:2', 'room:3']) {
      peer.says(JSON.stringify({ join: channel }))
    }
    await settle(clock)
    expect(
      peer.events.map(({ event, channel, data }) => [event, channel, (data as { code?: string } | null)?.code]),
    ).toEqual([
      ['error', 'secret', 'unknown_channel'],
      ['joined', 'room:1', undefined],
      ['joined', 'room:1', undefined],
      ['joined', 'room:2', undefined],
      ['error', 'room:3', 'limit'],
    ])
  })

  test('a refusal is told', async () => {
    const realtime = start()
    realtime.channel('room', { authorize: async () => false })
    const peer = await open()
    peer.says('{"join":"room"}')
    await settle(clock)
    expect(peer.events).toEqual([
      { event: 'error', data: { code: 'refused', message: expect.any(String) }, channel: 'room' },
    ])
  })

  test.each([
    '{"join":5}',
    '{"join":""}',
    '{"join":null}',
    '{"join":"a","leave":"b"}',
    '{"join":"a"',
    '{"leave":["a"]}',
    `{"join":"${'x'.repeat(256)}"}`,
  ])('a broken one (%.30s) gets an error event, and the app never sees it', async (text) => {
    start()
    const seen: unknown[] = []
    const peer = await open({ hooks: { onMessage: (_socket, message) => void seen.push(message) } })
    peer.says(text)
    await settle(clock)
    expect(peer.events).toEqual([{ event: 'error', data: { code: 'bad_envelope', message: expect.any(String) } }])
    expect(seen).toEqual([])
    expect(peer.connection.isOpen).toBe(true)
  })

  test.each([
    'plain text',
    '',
    '{}',
    '[]',
    '{"joined":"a"}',
    '{"join":"a","why":"because"}',
    '{"event":"join"}',
    '"{\\"join\\":\\"a\\"}"',
    '\u0000{"join":"a"}',
  ])('everything else (%j) is the app’s, untouched', async (text) => {
    start()
    const seen: unknown[] = []
    const peer = await open({ hooks: { onMessage: (_socket, message) => void seen.push(message) } })
    const bytes = new TextEncoder().encode('{"join":"a"}')
    peer.says(text)
    peer.says(bytes)
    await settle(clock)
    expect(seen).toEqual([text, bytes])
    expect(peer.messages).toEqual([])
  })
})

describe('handlers', () => {
  test('get one message at a time, in order, and onClose last', async () => {
    start()
    const seen: string[] = []
    const waiting: (() => void)[] = []
    const peer = await open({
      hooks: {
        onOpen: () => void seen.push('open'),
        onMessage: (_socket, message) => {
          seen.push(`begin ${String(message)}`)
          return new Promise<void>((resolve) => waiting.push(resolve)).then(
            () => void seen.push(`end ${String(message)}`),
          )
        },
        onClose: (_socket, code, reason) => void seen.push(`close ${code} ${reason}`),
      },
    })
    for (const text of ['1', '2']) peer.says(text)
    peer.closes(4000, 'bye')
    await settle(clock)
    expect(seen).toEqual(['open', 'begin 1'])
    waiting.shift()?.()
    await settle(clock)
    waiting.shift()?.()
    await settle(clock)
    expect(seen).toEqual(['open', 'begin 1', 'end 1', 'begin 2', 'end 2', 'close 4000 bye'])
  })

  test('nothing is read before onOpen is through', async () => {
    start()
    const seen: unknown[] = []
    let ready: (() => void) | undefined
    const peer = await open({
      hooks: {
        onOpen: () => new Promise<void>((resolve) => (ready = resolve)),
        onMessage: (_socket, message) => void seen.push(message),
      },
    })
    peer.says('early')
    await settle(clock)
    expect(seen).toEqual([])
    ready?.()
    await settle(clock)
    expect(seen).toEqual(['early'])
  })

  test('one that throws costs one log line, and no connection', async () => {
    start()
    const peer = await open({
      hooks: {
        onMessage: (socket, message) => {
          if (message === 'sync') throw new Error('sync')
          if (message === 'async') return Promise.reject(new Error('async'))
          return socket.send('still here').then(() => {})
        },
        onClose: () => {
          throw new Error('close')
        },
      },
    })
    for (const text of ['sync', 'async', 'fine']) peer.says(text)
    await settle(clock)
    expect(peer.messages).toEqual(['still here'])
    peer.vanish()
    await settle(clock)
    expect(stage.logged.map(({ message }) => message)).toEqual([
      'createRealtime: onMessage failed',
      'createRealtime: onMessage failed',
      'createRealtime: onClose failed',
    ])
  })

  test('a client that says more than the app can take is read no further, until it can', async () => {
    start()
    const handled: (() => void)[] = []
    const peer = await open({ hooks: { onMessage: () => new Promise<void>((resolve) => handled.push(resolve)) } })
    for (let n = 0; n < 70; n++) peer.says(String(n))
    expect(peer.isPaused).toBe(true)
    for (let n = 0; n < 70; n++) {
      handled.shift()?.()
      await settle(clock)
    }
    expect(peer.isPaused).toBe(false)
    expect(peer.connection.isOpen).toBe(true)
    for (let n = 0; n < 1100; n++) peer.says(String(n))
    await settle(clock)
    expect(peer.goodbye).toEqual({ code: 1013, reason: 'try again later' })
    for (const resolve of handled) resolve()
  })

  test('the same goes for a few large messages', async () => {
    start({ maxBufferedBytes: 4096 })
    const handled: (() => void)[] = []
    const peer = await open({ hooks: { onMessage: () => new Promise<void>((resolve) => handled.push(resolve)) } })
    for (let n = 0; n < 5; n++) peer.says('x'.repeat(1000))
    expect(peer.isPaused).toBe(false)
    peer.says('x'.repeat(1000))
    expect(peer.isPaused).toBe(true)
    for (let n = 0; n < 6; n++) {
      handled.shift()?.()
      await settle(clock)
    }
    expect(peer.isPaused).toBe(false)
    for (let n = 0; n < 60; n++) peer.says('x'.repeat(1000))
    expect(peer.goodbye).toBeUndefined()
    for (let n = 0; n < 8; n++) peer.says('x'.repeat(1000))
    await settle(clock)
    expect(peer.goodbye).toEqual({ code: 1013, reason: 'try again later' })
    for (const resolve of handled) resolve()
  })
})

describe('sending', () => {
  test('text and bytes go out as they are, behind the events before them', async () => {
    const realtime = start()
    const peer = await open()
    const socket = peer.connection as EventSocket
    void realtime.broadcast({ event: 'n', data: 1 })
    const sent = [
      socket.send('{"any":"text"}\n'),
      socket.send(Uint8Array.of(1, 2, 255)),
      socket.send('x'.repeat(70_000)),
    ]
    await settle(clock)
    expect(await Promise.all(sent)).toEqual([true, true, true])
    expect(peer.messages).toEqual([
      '{"event":"n","data":1}',
      '{"any":"text"}\n',
      Uint8Array.of(1, 2, 255),
      'x'.repeat(70_000),
    ])
  })

  test('the app may go on using its bytes', async () => {
    start()
    const peer = await open()
    const bytes = Uint8Array.of(1, 2, 3)
    void (peer.connection as EventSocket).send(bytes)
    bytes.fill(0)
    await settle(clock)
    expect(peer.messages).toEqual([Uint8Array.of(1, 2, 3)])
  })

  test('to a client that has gone gives false, and what is neither text nor bytes throws', async () => {
    start()
    const peer = await open()
    const socket = peer.connection as EventSocket
    expect(() => socket.send({ event: 'a' } as unknown as string)).toThrow(/takes text or a Uint8Array/)
    peer.vanish()
    expect(await socket.send('late')).toBe(false)
  })

  test('to a client that never reads ends with 3008 at maxBufferedBytes', async () => {
    const realtime = start({ maxBufferedBytes: 64 * 1024 })
    const peer = await open()
    peer.bytesQueued = 64 * 1024 + 1
    await realtime.broadcast({ event: 'n', data: 1 })
    await settle(clock)
    expect(peer.goodbye?.code).toBe(3008)
    expect(realtime.count()).toBe(0)
  })
})

describe('the end', () => {
  test('a peer that does not answer heartbeats is dropped, and onClose told', async () => {
    const realtime = start({ heartbeat: 1000 })
    const closed: number[] = []
    const peer = await open({ hooks: { onClose: (_socket, code) => void closed.push(code) } })
    clock.advance(1100)
    await settle(clock)
    peer.answers = false
    clock.advance(1100)
    await settle(clock)
    expect(peer.isTerminated).toBe(false)
    clock.advance(1100)
    await settle(clock)
    expect(peer.isTerminated).toBe(true)
    expect(closed).toEqual([1006])
    expect(realtime.count()).toBe(0)
  })

  test('onHeartbeat tells how long an answer took', async () => {
    start({ heartbeat: 1000 })
    const took: number[] = []
    const peer = await open({ hooks: { onHeartbeat: (_socket, roundTripMs) => void took.push(roundTripMs) } })
    peer.answersAtOnce = false
    clock.advance(1100)
    clock.advance(40)
    peer.pong()
    peer.pong()
    await settle(clock)
    expect(took).toHaveLength(1)
    expect(took[0]).toBeGreaterThanOrEqual(40)
    expect(took[0]).toBeLessThan(1000)
  })

  test('a goodbye that is not answered in four seconds is enough', async () => {
    start()
    const peer = await open()
    peer.answers = false
    ;(peer.connection as EventSocket).close(4001, 'enough')
    expect(peer.goodbye).toEqual({ code: 4001, reason: 'enough' })
    clock.advance(4100)
    expect(peer.isTerminated).toBe(true)
  })

  test('close waits no longer than it was told for those who do not go', async () => {
    const realtime = start()
    const peer = await open()
    peer.answers = false
    const closing = realtime.close({ timeoutMs: 100 })
    await settle(clock)
    expect(peer.goodbye).toEqual({ code: 1001, reason: 'going away' })
    expect(peer.isTerminated).toBe(false)
    clock.advance(100)
    await closing
    expect(peer.isTerminated).toBe(true)
  })

  test.each([
    [1006, ''],
    [999, ''],
    [2000, ''],
    [4000, 'x'.repeat(124)],
  ])('close refuses %i with a reason of its length', async (code, reason) => {
    start()
    const socket = (await open()).connection as EventSocket
    expect(() => socket.close(code, reason)).toThrow(RangeError)
    expect(socket.isOpen).toBe(true)
  })
})

describe('an upgrade', () => {
  test('is asked for by a handshake', async () => {
    const realtime = start()
    const response = realtime.upgrade(stage.request())
    expect(response.status).toBe(426)
    expect(response.headers.get('upgrade')).toBe('websocket')
  })

  test('that nothing hands over says what to add', () => {
    const realtime = start()
    expect(() => realtime.upgrade(stage.request({ upgrade: 'websocket' }))).toThrow(
      /attachUpgrades\(server\).*crossws: true/,
    )
  })

  test('waits for who is asking, and its place is free again when nothing came of it', async () => {
    start({ authenticate: async (request) => request.headers.get('x-user'), maxConnections: 1, allowAnonymous: false })
    const refused = await stage.openSocket()
    expect(refused).toMatchObject({ status: 401 })
    const peer = await stage.openSocket({ headers: { 'x-user': 'ann' } })
    expect(peer).toBeInstanceOf(SocketPeer)
    expect((peer as SocketPeer).connection.userId).toBe('ann')
  })

  test('of which no socket comes gives its place back', async () => {
    start({ maxConnections: 1 })
    await stage.openSocket({}, () => false)
    expect(await stage.openSocket()).toBeInstanceOf(SocketPeer)
  })

  test('holds its place while the handshake is under way', async () => {
    start({ maxConnections: 1 })
    let second: Promise<unknown> | undefined
    await stage.openSocket({}, () => {
      second = stage.openSocket()
      return true
    })
    expect(await second).toMatchObject({ status: 503 })
  })

  test('that is through when the server has begun to go down is told so', async () => {
    const realtime = start()
    const peer = await stage.openSocket({}, () => {
      void realtime.close()
      return true
    })
    expect((peer as SocketPeer).goodbye).toEqual({ code: 1001, reason: 'going away' })
  })

  test('authenticate that throws, or gives nonsense, is answered 500 and logged', async () => {
    start({
      authenticate: (request) => {
        if (request.headers.get('x-user') === 'nonsense') return 7 as unknown as string
        throw new Error('no database')
      },
    })
    for (const user of ['nonsense', 'ann']) {
      expect(await stage.openSocket({ headers: { 'x-user': user } })).toMatchObject({ status: 500 })
    }
    expect(stage.logged).toHaveLength(2)
  })
})

test('without authenticate, sendTo a user says in development that there is none', async () => {
  stage = new EventStage(clock, { driver: 'websocket' })
  const { face } = stage.instance
  await face.sendTo('ann', { event: 'n', data: 1 })
  await face.sendTo('bob', { event: 'n', data: 1 })
  expect(stage.logged.map(({ message }) => message)).toEqual([
    expect.stringContaining('authenticate: (request) => userId'),
  ])
})

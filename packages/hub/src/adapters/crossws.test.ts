// createRealtime behind real crossws servers on Node, through srvx; and the runtimes that differ, by their shape.
import { once } from 'node:events'
import { serve } from 'crossws/server'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createRealtime } from '../events/index.ts'
import type { RawSocket, RawSocketEvents } from '../events/upgrade-slot.ts'
import { binaryFrame, frameOf, opcodes, textFrame } from '../wires/websocket-frame.ts'
import { crosswsHooks, type CrosswsPeer } from './crossws.ts'

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function listen(options: { fetch(request: Request): Response; websocket?: object }): Promise<string> {
  const server = serve({ websocket: {}, ...options, port: 0, hostname: '127.0.0.1', silent: true })
  closing.push(() => server.close(true))
  await server.ready()
  return String(server.url).replace(/^http/, 'ws')
}

async function connect(url: string): Promise<{ client: WebSocket; received: unknown[] }> {
  const client = new WebSocket(url)
  const received: unknown[] = []
  client.on('message', (data: Buffer, isBinary) => received.push(isBinary ? data : data.toString()))
  await once(client, 'open')
  closing.push(async () => client.terminate())
  return { client, received }
}

async function refusedWith(url: string): Promise<[number | undefined, string]> {
  const client = new WebSocket(url)
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, NodeJS.ReadableStream]
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return [(response as { statusCode?: number }).statusCode, body]
}

const poll = async (condition: () => boolean): Promise<void> => {
  await expect.poll(condition, { timeout: 5000 }).toBe(true)
}

describe('behind crossws', () => {
  test('events, envelopes, text and bytes go both ways, and the end is told', async () => {
    const realtime = createRealtime({ driver: 'websocket', crossws: true })
    closing.push(() => realtime.close())
    realtime.channel('orders')
    const notes: unknown[] = []
    const url = await listen({
      fetch: (request) =>
        realtime.upgrade(request, {
          onOpen: async (socket) => {
            await socket.send('welcome')
          },
          onMessage: async (socket, message) => {
            notes.push(message)
            await socket.send(message)
          },
          onClose: (_socket, code, reason) => void notes.push({ code, reason }),
        }),
    })
    const { client, received } = await connect(url)
    client.send('{"join":"orders"}')
    await poll(() => received.length === 2)
    await realtime.toChannel('orders').broadcast({ event: 'order', data: { id: 1 } })
    const long = 'ü'.repeat(30_000)
    client.send(long)
    client.send(Uint8Array.of(0, 255))
    await poll(() => received.length === 5)
    expect(received).toEqual([
      'welcome',
      '{"event":"joined","data":null,"channel":"orders"}',
      '{"event":"order","data":{"id":1},"channel":"orders"}',
      long,
      Buffer.of(0, 255),
    ])
    client.close(4001, 'bye')
    await poll(() => notes.length === 3)
    expect(notes).toEqual([long, Uint8Array.of(0, 255), { code: 4001, reason: 'bye' }])
    expect(realtime.count()).toBe(0)
  })

  test('a message above maxMessageBytes ends with 1009', async () => {
    const realtime = createRealtime({ driver: 'websocket', crossws: true, maxMessageBytes: 100 })
    closing.push(() => realtime.close())
    const seen: unknown[] = []
    const url = await listen({
      fetch: (request) => realtime.upgrade(request, { onMessage: (_socket, message) => void seen.push(message) }),
    })
    const { client } = await connect(url)
    client.send('x'.repeat(100))
    client.send('ü'.repeat(51))
    expect((await once(client, 'close'))[0]).toBe(1009)
    expect(seen).toEqual(['x'.repeat(100)])
  })

  test('heartbeats are asked and answered', async () => {
    const realtime = createRealtime({ driver: 'websocket', crossws: true, heartbeat: 1000 })
    closing.push(() => realtime.close())
    const url = await listen({ fetch: (request) => realtime.upgrade(request, {}) })
    const { client } = await connect(url)
    let pings = 0
    client.on('ping', () => pings++)
    await poll(() => pings >= 3)
    expect(realtime.count()).toBe(1)
  })

  test('close() says 1001', async () => {
    const realtime = createRealtime({ driver: 'websocket', crossws: true })
    const url = await listen({ fetch: (request) => realtime.upgrade(request, {}) })
    const { client } = await connect(url)
    const closed = once(client, 'close')
    await realtime.close()
    expect((await closed)[0]).toBe(1001)
  })

  test.each<[string, (fetch: (request: Request) => Response) => object]>([
    ['of its own', () => ({})],
    [
      'that only looks for hooks',
      (fetch) => ({ resolve: (request: Request) => Reflect.get(fetch(request), 'crossws') }),
    ],
  ])('a refusal reaches the client, with a resolve %s', async (_name, websocket) => {
    const realtime = createRealtime({
      driver: 'websocket',
      crossws: true,
      maxConnections: 1,
      authenticate: (request) => new URL(request.url).searchParams.get('user'),
    })
    closing.push(() => realtime.close())
    const fetch = (request: Request): Response => realtime.upgrade(request, {})
    const url = await listen({ fetch, websocket: websocket(fetch) })
    expect(await refusedWith(url)).toEqual([401, expect.stringMatching(/\w+/)])
    await connect(`${url}?user=a`)
    expect((await refusedWith(`${url}?user=b`))[0]).toBe(503)
  })
})

/** What runtimes without a network do. */
class Peer implements CrosswsPeer {
  readonly sent: unknown[] = []
  readonly websocket = { binaryType: 'blob', paused: 0, pause: () => void this.websocket.paused++, resume: () => {} }
  bufferedAmount = 7
  isTerminated = false
  closedWith: unknown

  send(message: string | Uint8Array): void {
    this.sent.push(message)
  }

  close(code?: number): void {
    if (code !== 1000) throw new Error('InvalidAccessError')
    this.closedWith = code
  }

  terminate(): void {
    this.isTerminated = true
  }
}

class PingingPeer extends Peer {
  pings = 0
  ping(): void {
    this.pings++
  }
}

class InheritingPeer extends PingingPeer {
  override send(message: string | Uint8Array): void {
    super.send(message)
  }
}

function open(peer: CrosswsPeer) {
  const notes: unknown[] = []
  let socket: RawSocket | undefined
  const events: RawSocketEvents = {
    message: (data) => void notes.push(data),
    pong: () => void notes.push('pong'),
    closed: (code, reason) => void notes.push({ code, reason }),
  }
  const opened = (raw: RawSocket): RawSocketEvents => {
    socket = raw
    return events
  }
  const hooks = crosswsHooks(opened, () => void notes.push('abandoned'), { maxMessageBytes: 10 })
  hooks.open(peer)
  if (!socket) throw new Error('Not opened')
  return { hooks, notes, socket }
}

const message = (rawData: unknown, bytes?: Uint8Array) => ({
  rawData,
  uint8Array: () => {
    if (!bytes) throw new TypeError('Unsupported message type')
    return bytes
  },
})

describe('runtimes', () => {
  test('frames of every length, several in a buffer, become messages', () => {
    const peer = new Peer()
    const { socket } = open(peer)
    const texts = [0, 125, 126, 65_535, 65_536].map((length) => 'é'.repeat(length).slice(0, length))
    const bytes = new Uint8Array(70_000).fill(7)
    const together = Buffer.concat([...texts.map(textFrame), binaryFrame(bytes)])
    socket.write([new Uint8Array(together), textFrame('\uFEFFmark')])
    expect(peer.sent).toEqual([...texts, bytes, '\uFEFFmark'])
    expect(socket.bytesQueued).toBe(7)
  })

  test('pings go to runtimes that have one of their own', () => {
    const [plain, pinging, inheriting] = [new Peer(), new PingingPeer(), new InheritingPeer()]
    for (const peer of [plain, pinging, inheriting]) {
      open(peer).socket.write([frameOf(opcodes.ping, new Uint8Array())])
      expect(peer.sent).toEqual([])
    }
    expect([pinging.pings, inheriting.pings]).toEqual([1, 0])
  })

  test('whether pongs are told shows with the first', () => {
    const { socket, hooks, notes } = open(new PingingPeer())
    expect(socket.tellsPongs).toBe(false)
    hooks.pong()
    expect([socket.tellsPongs, notes]).toEqual([true, ['pong']])
  })

  test('messages are bytes of their own; what can’t be read at once ends the connection', () => {
    const peer = new Peer()
    const { hooks, notes } = open(peer)
    expect(peer.websocket.binaryType).toBe('arraybuffer')
    const shared = Uint8Array.of(1, 2, 3)
    hooks.message(peer, message(shared, shared.subarray(1)))
    hooks.message(peer, message('text'))
    shared.fill(0)
    hooks.message(peer, message(new Blob(['x'])))
    hooks.message(peer, message('late'))
    expect(notes).toEqual([Uint8Array.of(2, 3), 'text'])
    expect(peer.isTerminated).toBe(true)
  })

  test('a close code that the runtime refuses drops the connection, and one that it takes is sent', () => {
    const [refusing, taking] = [new Peer(), new Peer()]
    open(refusing).socket.close(1001, 'going away')
    open(taking).socket.close(1000, '')
    expect([refusing.isTerminated, taking.isTerminated, taking.closedWith]).toEqual([true, false, 1000])
  })

  test('the end is told once, whatever the runtime tells', () => {
    const peer = new Peer()
    const { hooks, notes, socket } = open(peer)
    hooks.error(peer)
    hooks.close(peer, {})
    socket.write([textFrame('late')])
    hooks.message(peer, message('late'))
    expect(notes).toEqual([{ code: 1006, reason: '' }])
    expect([peer.isTerminated, peer.sent]).toEqual([true, []])
    const silent = open(peer)
    silent.hooks.close(peer, {})
    expect(silent.notes).toEqual([{ code: 1005, reason: '' }])
  })

  test('an end that comes while the socket is being opened is told', () => {
    const peer = new Peer()
    const notes: unknown[] = []
    const hooks = crosswsHooks(
      (socket) => {
        // Some runtimes tell of the end from within `close()`.
        peer.close = (code = 1005) => hooks.close(peer, { code })
        socket.close(1000, '')
        return { message: () => {}, pong: () => {}, closed: (code, reason) => void notes.push({ code, reason }) }
      },
      () => expect.fail('abandoned'),
      { maxMessageBytes: 10 },
    )
    hooks.open(peer)
    expect(notes).toEqual([{ code: 1000, reason: '' }])
  })

  test('a send that throws is the end', () => {
    const peer = new Peer()
    peer.send = () => {
      throw new Error('InvalidStateError')
    }
    const { notes, socket } = open(peer)
    socket.write([textFrame('a')])
    expect(notes).toEqual([{ code: 1006, reason: '' }])
  })

  test('reading stops where the runtime can stop', () => {
    const peer = new Peer()
    open(peer).socket.pause()
    expect(peer.websocket.paused).toBe(1)
  })

  test('a handshake of which nothing is heard is given up, and comes too late then', () => {
    vi.useFakeTimers()
    try {
      const notes: unknown[] = []
      const abandoned = (): void => void notes.push('abandoned')
      const hooks = crosswsHooks(() => expect.fail('opened'), abandoned, { maxMessageBytes: 10 })
      vi.advanceTimersByTime(9999)
      expect(notes).toEqual([])
      vi.advanceTimersByTime(1)
      const peer = new Peer()
      hooks.open(peer)
      expect([notes, peer.isTerminated]).toEqual([['abandoned'], true])
      vi.advanceTimersByTime(20_000)
      expect(notes).toEqual(['abandoned'])
    } finally {
      vi.useRealTimers()
    }
  })

  test('a second socket of one answer is dropped', () => {
    const { hooks, notes } = open(new Peer())
    const second = new Peer()
    hooks.open(second)
    expect([second.isTerminated, notes]).toEqual([true, []])
  })
})

// A peer that does not read, on a real socket: bounded memory, whole frames, Close 3008, nothing after, nobody else.
import net from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serveHub, type ServedHub } from '../testing/served-hub.ts'

const queueLimit = 256 * 1024
/** One publication; many of them make the kernel's buffers overflow, then ours. */
const chunk = 'x'.repeat(16 * 1024)

let served: ServedHub

beforeEach(async () => {
  // Long enough for a busy machine: what is over the limit is told by 3008, and what takes too long by 3009.
  served = await serveHub({ config: { client: { queue_max_size: queueLimit }, websocket: { write_timeout: '60s' } } })
})

afterEach(() => served.close())

interface Frame {
  readonly opcode: number
  readonly payload: Buffer
}

/** A WebSocket peer that reads only when it is told to, and takes frames apart by the book. */
class RawPeer {
  readonly socket: net.Socket
  readonly frames: Frame[] = []
  #buffer = Buffer.alloc(0)
  #upgraded = false
  /** Bytes that are no frame of the server's: there must be none. */
  rest = 0
  ended = false

  constructor(port: number) {
    this.socket = net.connect({ port, host: '127.0.0.1' })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.ended = true
      this.rest = this.#buffer.length
    })
    this.socket.on('data', (data) => this.#read(data))
    this.socket.write(
      'GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
  }

  send(command: object): void {
    const payload = Buffer.from(JSON.stringify(command))
    const header =
      payload.length < 126 ? [0x81, 0x80 | payload.length] : [0x81, 0xfe, payload.length >> 8, payload.length & 255]
    // A mask of zeros leaves the payload as it is.
    this.socket.write(Buffer.concat([Buffer.from([...header, 0, 0, 0, 0]), payload]))
  }

  get messages(): string[] {
    return this.frames.filter(({ opcode }) => opcode === 1).flatMap(({ payload }) => payload.toString().split('\n'))
  }

  #read(data: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, data])
    if (!this.#upgraded) {
      const end = this.#buffer.indexOf('\r\n\r\n')
      if (end < 0) return
      this.#upgraded = true
      this.#buffer = this.#buffer.subarray(end + 4)
    }
    for (;;) {
      const frame = takeFrame(this.#buffer)
      if (!frame) return
      this.frames.push(frame)
      this.#buffer = this.#buffer.subarray(frame.size)
    }
  }
}

function takeFrame(buffer: Buffer): (Frame & { size: number }) | undefined {
  if (buffer.length < 2) return undefined
  let length = buffer.readUInt8(1)
  let header = 2
  if (length === 126) {
    if (buffer.length < 4) return undefined
    length = buffer.readUInt16BE(2)
    header = 4
  } else if (length === 127) {
    if (buffer.length < 10) return undefined
    length = Number(buffer.readBigUInt64BE(2))
    header = 10
  }
  if (buffer.length < header + length) return undefined
  return { opcode: buffer.readUInt8(0) & 15, payload: buffer.subarray(header, header + length), size: header + length }
}

async function until(condition: () => boolean, what: string, ms = 8000): Promise<void> {
  const deadline = Date.now() + ms
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function subscribed(user: string): Promise<RawPeer> {
  const peer = new RawPeer(served.port)
  peer.send({ id: 1, connect: { token: served.token(user) } })
  peer.send({ id: 2, subscribe: { channel: 'open:a' } })
  await until(() => peer.messages.length >= 2, 'the subscription')
  return peer
}

/** Publishes until the hub has let a session go; gives how many publications that took. */
async function publishUntilOneIsSlow(): Promise<number> {
  const { sessions } = served.hub.gauges()
  let count = 0
  while (served.hub.gauges().sessions === sessions) {
    if (count > 20_000) throw new Error('nobody was ever slow')
    void served.hub.publish('open:a', { n: count++, chunk })
    await new Promise((resolve) => setImmediate(resolve))
  }
  return count
}

test('reading again within a second of overflow, a peer finds whole frames, then Close 3008, then nothing', async () => {
  const healthy = await subscribed('healthy')
  const slow = await subscribed('slow')
  slow.socket.pause()
  const count = await publishUntilOneIsSlow()
  void served.hub.publish('open:a', { n: count, chunk })
  await new Promise((resolve) => setTimeout(resolve, 500))
  slow.socket.resume()
  await until(() => slow.ended, 'the end of the slow connection')

  expect(slow.rest).toBe(0)
  const close = slow.frames.at(-1)
  expect(close?.opcode).toBe(8)
  expect(close?.payload.readUInt16BE(0)).toBe(3008)
  expect(close?.payload.subarray(2).toString()).toBe('slow')
  expect(slow.frames.filter(({ opcode }) => opcode === 8)).toHaveLength(1)
  const received = slow.messages
    .slice(2)
    .map((message) => (JSON.parse(message) as { push: { pub: { data: { n: number } } } }).push.pub.data.n)
  expect(received).toEqual(Array.from({ length: received.length }, (_, n) => n))
  expect(received.length).toBeLessThan(count)

  await until(() => healthy.messages.length === 2 + count + 1, 'everything at the healthy peer')
  expect(healthy.ended).toBe(false)
  healthy.socket.destroy()
  await until(() => served.hub.gauges().sockets === 0, 'no sockets')
})

test('a peer that never reads again is gone within five seconds, and its memory with it', async () => {
  const slow = await subscribed('slow')
  slow.socket.pause()
  await publishUntilOneIsSlow()
  const since = Date.now()
  expect(served.hub.gauges()).toMatchObject({ sessions: 0, channels: 0, sockets: 1 })
  await until(() => served.hub.gauges().sockets === 0, 'the socket to be destroyed')
  expect(Date.now() - since).toBeLessThan(5000)
  slow.socket.destroy()
}, 20_000)

test('one write that is not taken in time is the end too: 3009', async () => {
  await served.close()
  served = await serveHub({
    config: { client: { queue_max_size: 2 ** 30 }, websocket: { write_timeout: '300ms' } },
  })
  const slow = await subscribed('slow')
  slow.socket.pause()
  for (let n = 0; served.hub.gauges().sessions === 1; n++) {
    void served.hub.publish('open:a', { n, chunk })
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  slow.socket.resume()
  await until(() => slow.ended, 'the end of the slow connection')
  const close = slow.frames.at(-1)
  expect(close?.opcode).toBe(8)
  expect(close?.payload.readUInt16BE(0)).toBe(3009)
}, 20_000)

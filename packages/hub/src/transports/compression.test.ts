// What is compressed is compressed once, for all who have agreed to it, and for nobody else.
import net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type PerMessageDeflateOptions, WebSocket } from 'ws'
import { serveHub, type ServedHub } from '../testing/served-hub.ts'

let served: ServedHub

afterEach(async () => {
  await served.close()
})

async function subscribed(
  user: string,
  perMessageDeflate: boolean | PerMessageDeflateOptions = true,
): Promise<{ webSocket: WebSocket; socket: net.Socket; messages: string[] }> {
  const socket = net.connect(served.port, '127.0.0.1')
  const webSocket = new WebSocket(served.websocketUrl, { perMessageDeflate, createConnection: () => socket })
  const messages: string[] = []
  webSocket.on('message', (data: Buffer) => messages.push(...data.toString().split('\n')))
  await new Promise((resolve) => webSocket.once('open', resolve))
  webSocket.send(JSON.stringify({ id: 1, connect: { token: served.token(user) } }))
  webSocket.send(JSON.stringify({ id: 2, subscribe: { channel: 'open:a' } }))
  await expect.poll(() => messages.length).toBe(2)
  return { webSocket, socket, messages }
}

async function closed(webSocket: WebSocket): Promise<void> {
  webSocket.close()
  await new Promise((resolve) => webSocket.once('close', resolve))
  await expect.poll(() => served.hub.gauges().sockets).toBe(0)
}

test('off by default, whatever the client offers', async () => {
  served = await serveHub()
  const { webSocket } = await subscribed('alice')
  expect(webSocket.extensions).toBe('')
  await closed(webSocket)
})

test('every message arrives whole and in order, up to Close', async () => {
  served = await serveHub({ config: { websocket: { compression: true } } })
  const { webSocket, messages } = await subscribed('alice')
  expect(webSocket.extensions).toContain('permessage-deflate')
  const code = new Promise<number>((resolve) => webSocket.once('close', resolve))
  for (let n = 0; n < 200; n++) {
    void served.hub.publish('open:a', { n, text: 'compress me '.repeat(200) })
    if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await served.hub.close()
  expect(await code).toBe(3001)
  const received = messages
    .slice(2)
    .map((message) => (JSON.parse(message) as { push: { pub: { data: { n: number } } } }).push.pub.data.n)
  expect(received).toEqual(Array.from({ length: 200 }, (_, n) => n))
})

test('all get the very same bytes, fewer than the message has', async () => {
  served = await serveHub({ config: { websocket: { compression: true } } })
  const clients = [await subscribed('alice'), await subscribed('bob')]
  const received = clients.map(({ socket }) => {
    const chunks: Buffer[] = []
    socket.on('data', (bytes) => chunks.push(bytes))
    return chunks
  })
  const text = 'compress me '.repeat(200)
  void served.hub.publish('open:a', { text })
  for (const { messages } of clients) await expect.poll(() => messages.length).toBe(3)
  const [first, second] = received.map((chunks) => Buffer.concat(chunks))
  expect(first).toEqual(second)
  expect(first?.length).toBeLessThan(text.length / 10)
})

test.each([
  { serverMaxWindowBits: 10, extensions: '' },
  { serverMaxWindowBits: 15, extensions: 'permessage-deflate' },
])('a client that wants a window of $serverMaxWindowBits bits: "$extensions"', async (wanted) => {
  served = await serveHub({ config: { websocket: { compression: true } } })
  const { serverMaxWindowBits, extensions } = wanted
  const { webSocket, messages } = await subscribed('alice', { serverMaxWindowBits })
  expect(webSocket.extensions).toBe(extensions)
  void served.hub.publish('open:a', { text: 'compress me '.repeat(200) })
  await expect.poll(() => messages.length).toBe(3)
  await closed(webSocket)
})

test('what is shorter than the option says is sent as it is', async () => {
  served = await serveHub({ config: { websocket: { compression: true, compression_min_size: 500 } } })
  const { socket, messages } = await subscribed('alice')
  const received: Buffer[] = []
  socket.on('data', (bytes) => received.push(bytes))
  void served.hub.publish('open:a', { text: 'a'.repeat(100) })
  await expect.poll(() => messages.length).toBe(3)
  void served.hub.publish('open:a', { text: 'a'.repeat(600) })
  await expect.poll(() => messages.length).toBe(4)
  // FIN and text, then with RSV1.
  expect(received.map(([first]) => first)).toEqual([0x81, 0xc1])
})

test('two clients of one channel, one with compression and one without, hear the same', async () => {
  served = await serveHub({ config: { websocket: { compression: true } } })
  const compressed = await subscribed('alice')
  const plain = new WebSocket(served.websocketUrl, { perMessageDeflate: false })
  const messages: string[] = []
  plain.on('message', (data: Buffer) => messages.push(...data.toString().split('\n')))
  await new Promise((resolve) => plain.once('open', resolve))
  plain.send(
    `${JSON.stringify({ id: 1, connect: { token: served.token('bob') } })}\n${JSON.stringify({ id: 2, subscribe: { channel: 'open:a' } })}`,
  )
  await expect.poll(() => messages.length).toBe(2)
  for (let n = 0; n < 50; n++) void served.hub.publish('open:a', { n })
  await expect.poll(() => messages.length).toBe(52)
  await expect.poll(() => compressed.messages.length).toBe(52)
  expect(compressed.messages.slice(2)).toEqual(messages.slice(2))
  plain.terminate()
  await closed(compressed.webSocket)
})

test('a message that is small until it is inflated is refused: 1009', async () => {
  served = await serveHub({ config: { websocket: { compression: true } } })
  const witness = await subscribed('alice')
  const bomb = new WebSocket(served.websocketUrl, { perMessageDeflate: { threshold: 0 } })
  const code = new Promise<number>((resolve) => bomb.once('close', resolve))
  await new Promise((resolve) => bomb.once('open', resolve))
  bomb.send(' '.repeat(50 * 1024 * 1024))
  expect(await code).toBe(1009)
  void served.hub.publish('open:a', 1)
  await expect.poll(() => witness.messages.length).toBe(3)
  await closed(witness.webSocket)
})

test('messages that are small until they are inflated end the connection when they come faster than they are run', async () => {
  served = await serveHub({
    config: { websocket: { compression: true } },
    handlers: { onConnect: () => new Promise(() => {}) },
  })
  const socket = net.connect(served.port, '127.0.0.1')
  const bomb = new WebSocket(served.websocketUrl, {
    perMessageDeflate: { threshold: 0 },
    createConnection: () => socket,
  })
  const code = new Promise<number>((resolve) => bomb.once('close', resolve))
  await new Promise((resolve) => bomb.once('open', resolve))
  bomb.send('{"id":1,"connect":{}}')
  // In one piece: until the server reads it nothing tells it to stop.
  socket.cork()
  const message = JSON.stringify({ id: 2, rpc: { data: 'a'.repeat(65_000) } })
  for (let sent = 0; sent < 500; sent++) bomb.send(message)
  await expect.poll(() => bomb.bufferedAmount, { timeout: 5000 }).toBeLessThan(60_000)
  socket.uncork()
  expect(await code).toBe(3013)
})

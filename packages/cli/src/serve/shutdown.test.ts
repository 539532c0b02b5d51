import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { signToken } from '@backchannel/protocol/token'
import { Centrifuge } from 'centrifuge'
import { afterEach, expect, test } from 'vitest'
import { exitCodes } from '../failure.ts'
import { Folder, start, type Running } from '../testing/cli.ts'

const running: Running[] = []
const folders: Folder[] = []
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.splice(0).map(async ({ ended }) => await ended))
  for (const folder of folders.splice(0)) folder[Symbol.dispose]()
})

async function serve(options: object = {}): Promise<{ server: Running; address: string }> {
  const folder = new Folder()
  folders.push(folder)
  const config = {
    client: { token: { hmac_secret_key: 'secret' } },
    health: { enabled: true },
    http_api: { key: 'key' },
    ...options,
  }
  const server = start(['-c', folder.write('config.json', config), '-a', '127.0.0.1', '-p', '0'])
  running.push(server)
  return { server, address: await server.address() }
}

/** A client that has connected, and never answers anything afterwards. */
async function silentClient(address: string): Promise<Socket> {
  const [host = '', port = ''] = address.split(':')
  const socket = connect(Number(port), host)
  socket.write(
    'GET /connection/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  await once(socket, 'data')
  socket.on('error', () => {})
  return socket
}

async function sockets(address: string, count: number): Promise<{ codes: Promise<number>[] }> {
  const opened = Array.from({ length: count }, () => new WebSocket(`ws://${address}/connection/websocket`))
  await Promise.all(opened.map(async (socket) => await once(socket, 'open')))
  return {
    codes: opened.map(async (socket) => {
      const [event] = (await once(socket, 'close')) as [CloseEvent]
      return event.code
    }),
  }
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends it with 0, and clients know that they may come back',
  async (signal) => {
    const { server, address } = await serve()
    const client = new Centrifuge(`ws://${address}/connection/websocket`, {
      token: signToken({ sub: 'alice' }, 'secret'),
    })
    client.connect()
    await client.ready()
    const told = new Promise((resolve) => client.on('connecting', resolve))
    server.child.kill(signal)
    expect(await told).toMatchObject({ code: 3001, reason: 'shutdown' })
    client.disconnect()
    expect(await server.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(server.lines.map(({ message }) => message).slice(-2)).toEqual(['shutting down', 'everything is closed'])
  },
)

test('clients are told one after the other; meanwhile the health check is 503, nobody new gets in, and the API answers', async () => {
  const { server, address } = await serve()
  const { codes } = await sockets(address, 200)
  let told = 0
  for (const code of codes) void code.then(() => (told += 1))

  server.child.kill('SIGTERM')
  await server.logged('shutting down')
  await codes[0]
  const health = await fetch(`http://${address}/health`)
  expect(health.status).toBe(503)
  expect(health.headers.get('connection')).toBe('close')
  const publish = await fetch(`http://${address}/api/publish`, {
    method: 'POST',
    body: '{"channel":"a","data":1}',
    headers: { 'x-api-key': 'key' },
  })
  expect(publish.status).toBe(200)
  const newcomer = new WebSocket(`ws://${address}/connection/websocket`)
  await once(newcomer, 'error')
  expect(told).toBeLessThan(200)

  expect(new Set(await Promise.all(codes))).toEqual(new Set([3001]))
  expect((await server.ended).code).toBe(0)
})

test('a second signal ends it at once', async () => {
  const { server, address } = await serve()
  const silent = await silentClient(address)
  server.child.kill('SIGTERM')
  await server.logged('shutting down')
  server.child.kill('SIGTERM')
  expect(await server.ended).toMatchObject({ code: 143, signal: null })
  expect(server.stdout).not.toContain('everything is closed')
  silent.destroy()
})

test('it ends when shutdown.timeout has passed, whoever has not gone', async () => {
  const { server, address } = await serve({ shutdown: { timeout: '500ms' } })
  const silent = await silentClient(address)
  server.child.kill('SIGTERM')
  expect(await server.ended).toMatchObject({ code: exitCodes.failed })
  expect(server.lines.at(-1)).toMatchObject({ level: 'fatal', message: 'shutdown.timeout has passed', sockets: 1 })
  silent.destroy()
})

test('an answer that is under way is finished first', async () => {
  const { server, address } = await serve()
  const [host = '', port = ''] = address.split(':')
  const socket = connect(Number(port), host)
  const body = '{"channel":"a","data":1}'
  socket.write(`POST /api/publish HTTP/1.1\r\nHost: x\r\nX-API-Key: key\r\nContent-Length: ${body.length}\r\n\r\n`)
  // Only after the server has read the head is the request under way.
  await fetch(`http://${address}/health`)
  server.child.kill('SIGTERM')
  await server.logged('shutting down')
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  socket.write(body)
  await once(socket, 'close')
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK/)
  expect((await server.ended).code).toBe(0)
})

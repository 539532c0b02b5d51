import { createConnection, type AddressInfo } from 'node:net'
import { createServer } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { AddressUnusable, openListener, PortTaken, type Listener } from './listener.ts'

let listener: Listener | undefined
afterEach(async () => {
  await listener?.close(100)
  listener = undefined
})

async function open(): Promise<Listener> {
  listener = await openListener({ host: '127.0.0.1', port: 0 })
  return listener
}

const address = (of: Listener) => of.server.address() as AddressInfo
const get = (of: Listener, path = '/') => fetch(`http://127.0.0.1:${address(of).port}${path}`)

/** Asks for an upgrade and returns the answer's status line. */
function upgrade(of: Listener): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(address(of).port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => (answer += text))
    socket.on('end', () => {
      socket.end()
      resolve(answer.split('\r\n', 1)[0] ?? '')
    })
    socket.on('error', reject)
    socket.write('GET /nobody HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  })
}

describe('the listener', () => {
  test('an address that this machine does not have is refused with the variable’s name', async () => {
    const opening = openListener({ host: '192.0.2.1', port: 0 })
    await expect(opening).rejects.toThrow(AddressUnusable)
    await expect(opening).rejects.toThrow('HOST is "192.0.2.1"')
  })

  test('answers 503 until the app is ready, and says when to come back', async () => {
    const early = await open()
    const response = await get(early)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect((await get(early, '/health')).status).toBe(503)
    expect(await upgrade(early)).toBe('HTTP/1.1 503 Service Unavailable')
  })

  test('serves, and refuses an upgrade that nobody claims with 404', async () => {
    const serving = await open()
    serving.serve({ handle: (_, res) => void res.end('hello'), handleUpgrade: () => false })
    expect(await (await get(serving)).text()).toBe('hello')
    expect((await get(serving, '/health')).status).toBe(200)
    expect(await upgrade(serving)).toBe('HTTP/1.1 404 Not Found')
  })

  test('answers 503 while it drains, and finishes what is under way', async () => {
    const draining = await open()
    let finish: (() => void) | undefined
    draining.serve({ handle: (_, res) => (finish = () => res.end('late')), handleUpgrade: () => false })
    const underWay = get(draining)
    await expect.poll(() => finish).toBeDefined()
    draining.drain()
    expect((await get(draining)).status).toBe(503)
    const closed = draining.close(5_000)
    finish?.()
    expect(await (await underWay).text()).toBe('late')
    await closed
    listener = undefined
  })

  test('cuts what takes longer than the grace', async () => {
    const stuck = await open()
    stuck.serve({ handle: () => undefined, handleUpgrade: () => false })
    const underWay = get(stuck)
    underWay.catch(() => undefined)
    await expect.poll(() => connectionsOf(stuck)).toBe(1)
    await stuck.close(50)
    await expect(underWay).rejects.toThrow('fetch failed')
    listener = undefined
  })

  test('a taken port is one clear error that names the port and a way out', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    try {
      await expect(openListener({ host: '127.0.0.1', port })).rejects.toThrow(PortTaken)
      await expect(openListener({ host: '127.0.0.1', port })).rejects.toThrow(`Port ${port} is already in use.`)
    } finally {
      other.close()
    }
  })
})

function connectionsOf(of: Listener): Promise<number> {
  return new Promise((resolve, reject) =>
    of.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  )
}

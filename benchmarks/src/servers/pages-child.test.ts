import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { enginePaths } from '../peers/engine-paths.ts'
import { appChild } from '../peers/pages.ts'

const clients = 50
/** The hub closes a connection that sends more than 60 at once. */
const pings = 50

/** A WebSocket ping of one byte, under a mask of zeros. */
const ping = (number: number): Buffer => Buffer.from([0x89, 0x81, 0, 0, 0, 0, number])
const pongs = Buffer.concat(Array.from({ length: pings }, (_, number) => Buffer.from([0x8a, 1, number])))

const handshake = `GET ${enginePaths['centrifugo-json']} HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`

async function startApp() {
  const app = await appChild.start({})
  onTestFinished(() => app.stop())
  return { url: `http://${app.address}`, port: Number(app.address.split(':')[1]) }
}

/** Everything that comes behind the handshake's answer, until it is as long as expected. */
async function received(socket: Socket, length: number): Promise<Buffer> {
  let all = Buffer.alloc(0)
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    all = Buffer.concat([all, chunk as Buffer])
    const end = all.indexOf('\r\n\r\n')
    if (end >= 0 && all.length >= end + 4 + length) return all.subarray(end + 4)
  }
  return all
}

test('the child hears what a client sends while its socket is handed over, from the first byte on', async () => {
  const { url, port } = await startApp()
  const answers = Array.from({ length: clients }, async () => {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    const answer = received(socket, pongs.length)
    socket.write(Buffer.concat([Buffer.from(handshake), ping(0)]))
    for (let number = 1; number < pings; number++) {
      await sleep(1)
      socket.write(ping(number))
    }
    return answer
  })
  // While a page is rendered no socket is handed over, and the clients go on sending.
  const pages = Array.from({ length: 20 }, async (_, index) => {
    await sleep(index * 5)
    const response = await fetch(`${url}/page`)
    return response.text()
  })
  expect(await Promise.all(answers)).toEqual(answers.map(() => pongs))
  expect((await Promise.all(pages)).every((page) => page.endsWith('</html>'))).toBe(true)
})

test('an upgrade of another path is a request like any other', async () => {
  const { port } = await startApp()
  const socket = createConnection({ port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  socket.write(handshake.replace(enginePaths['centrifugo-json'], '/elsewhere'))
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  expect(chunk.toString()).toMatch(/^HTTP\/1\.1 404 /)
})

test('the child ends with the app, however the app ends', async () => {
  const app = await appChild.start({})
  onTestFinished(() => app.stop())
  const [own, child] = app.pids
  if (own === undefined || child === undefined) throw new Error('expected two processes')
  process.kill(own, 'SIGKILL')
  await expect.poll(() => isAlive(child), { timeout: 10_000 }).toBe(false)
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

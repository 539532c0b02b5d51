// The plugin in real Vite servers: hot reload goes on, and nothing is left behind.
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHub, type Hub } from '@backchannel/hub'
import { createRealtime } from '@backchannel/hub/events'
import { currentHub } from '@backchannel/protocol'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { createLogger, createServer, preview, type InlineConfig, type Plugin, type ViteDevServer } from 'vite'
import { WebSocket } from 'ws'
import { backchannel } from './index.ts'

let root: string
let closing: (() => unknown)[]

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'backchannel-vite-'))
  closing = [() => rm(root, { recursive: true })]
  await writeFile(join(root, 'index.html'), '<script type="module" src="/main.js"></script>')
  await writeFile(join(root, 'main.js'), 'import.meta.hot.accept()\nconsole.log(1)\n')
})

afterEach(async () => {
  for (const close of closing.toReversed()) await close()
})

// Vite listens to it, for the end of its parent.
afterAll(() => void process.stdin.destroy())

/** An app with one WebSocket route, as a framework would bring it. */
function app(): Plugin {
  const realtime = createRealtime({ driver: 'websocket' })
  closing.push(() => realtime.close())
  return {
    name: 'app',
    configureServer: ({ middlewares }) => {
      middlewares.use('/live', (request, response) => {
        const headers = request.headers as Record<string, string>
        const answer = realtime.upgrade(new Request(`http://${request.headers.host}/live`, { headers }), {
          onMessage: async (socket, message) => {
            await socket.send(message)
          },
        })
        response.writeHead(answer.status, Object.fromEntries(answer.headers)).end()
      })
    },
  }
}

function configOf(plugins: Plugin[], config: InlineConfig = {}): InlineConfig {
  const server = { port: 0, host: '127.0.0.1' }
  return { root, configFile: false, logLevel: 'silent', plugins, server, preview: server, ...config }
}

async function start(plugins: Plugin[]): Promise<ViteDevServer> {
  const server = await createServer(configOf(plugins))
  closing.push(() => server.close())
  return server.listen()
}

function addressOf({ httpServer }: { readonly httpServer: ViteDevServer['httpServer'] }): string {
  const address = httpServer?.address() as AddressInfo | undefined
  return `ws://127.0.0.1:${address?.port}`
}

async function open(url: string, protocol: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(url, protocol)
  closing.push(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

async function echo(socket: WebSocket, text: string): Promise<string> {
  socket.send(text)
  const [data] = (await once(socket, 'message')) as [Buffer]
  return data.toString()
}

/** A page's end of hot reload. */
async function hotReload(server: ViteDevServer): Promise<{ readonly types: string[] }> {
  const socket = new WebSocket(`${addressOf(server)}/?token=${server.config.webSocketToken}`, ['vite-hmr'])
  closing.push(() => socket.terminate())
  const types: string[] = []
  socket.on('message', (data: Buffer) => types.push((JSON.parse(data.toString()) as { type: string }).type))
  await once(socket, 'open')
  return { types }
}

function hubs(): { readonly made: Hub[]; readonly make: () => Promise<Hub> } {
  const made: Hub[] = []
  const warn = (_fields: object, message: string): void => {
    throw new Error(message)
  }
  const make = async (): Promise<Hub> => {
    const logger = { debug: () => {}, info: () => {}, warn, error: warn }
    const hub = createHub({ logger, config: { client: { allow_anonymous_connect_without_token: true } } })
    made.push(hub)
    return hub
  }
  return { made, make }
}

test('hot reload goes on, while a WebSocket of the app and one of the hub stay open', async () => {
  const { made, make } = hubs()
  const server = await start([backchannel({ hub: make }), app()])
  const live = await open(`${addressOf(server)}/live`)
  const toHub = await open(`${addressOf(server)}/connection/websocket`)
  const page = await hotReload(server)
  expect(await echo(live, 'before')).toBe('before')
  expect((await fetch(`${addressOf(server).replace('ws', 'http')}/main.js`)).status).toBe(200)
  await writeFile(join(root, 'main.js'), 'import.meta.hot.accept()\nconsole.log(2)\n')
  await expect.poll(() => page.types, { timeout: 10_000 }).toEqual(['connected', 'update'])
  expect(await echo(live, 'after')).toBe('after')
  expect([toHub.readyState, made.length]).toEqual([WebSocket.OPEN, 1])
})

test('a restart closes the old hub and starts a new one; closing leaves nothing behind', async () => {
  const { made, make } = hubs()
  const server = await start([backchannel({ hub: make }), app()])
  const { httpServer } = server
  const live = await open(`${addressOf(server)}/live`)
  const toHub = await open(`${addressOf(server)}/connection/websocket`)
  const gone = Promise.all([once(live, 'close'), once(toHub, 'close')])
  await server.restart()
  await gone
  expect(made.map(({ isOpen }) => isOpen)).toEqual([false, true])
  expect(currentHub()?.id).toBe(made[1]?.id)
  expect(server.httpServer).not.toBe(httpServer)
  // The one is Vite's own: it stood behind the hub when Vite looked for it.
  expect(httpServer?.listenerCount('upgrade')).toBe(1)
  const again = await open(`${addressOf(server)}/live`)
  expect(await echo(again, 'again')).toBe('again')
  await open(`${addressOf(server)}/connection/websocket`)
  await hotReload(server)
  await server.close()
  await expect
    .poll(() => made.map((hub) => [hub.isOpen, hub.gauges().sockets]))
    .toEqual([
      [false, 0],
      [false, 0],
    ])
  expect(currentHub()).toBeUndefined()
})

test('options of a hub do as well as a hub', async () => {
  const server = await start([backchannel({ hub: { config: { channel: {} } } })])
  expect(currentHub()).toBeDefined()
  await open(`${addressOf(server)}/connection/websocket`)
})

test('without a hub there are the app’s upgrades, of the paths that are wanted', async () => {
  const server = await start([backchannel({ upgrades: { path: '/live' } }), app()])
  expect(currentHub()).toBeUndefined()
  expect(await echo(await open(`${addressOf(server)}/live`), 'hello')).toBe('hello')
})

test('a hub that can’t be made keeps the server from listening, and says why', async () => {
  const make = (): Promise<Hub> => Promise.reject(new Error('no keys'))
  const server = await createServer(configOf([backchannel({ hub: make })]))
  closing.push(() => server.close())
  await expect(server.listen()).rejects.toThrow('no keys')
})

test('vite preview has it, too', async () => {
  const { made, make } = hubs()
  await writeFile(join(root, 'index.html'), 'built')
  const plugin = app()
  const { configureServer, ...rest } = plugin
  const server = await preview(
    configOf([backchannel({ hub: make }), { ...rest, configurePreviewServer: configureServer as never }], {
      build: { outDir: '.' },
    }),
  )
  closing.push(() => server.close())
  expect(await echo(await open(`${addressOf(server)}/live`), 'hello')).toBe('hello')
  await open(`${addressOf(server)}/connection/websocket`)
  await server.close()
  await expect.poll(() => made.map(({ isOpen }) => isOpen)).toEqual([false])
})

test('in middleware mode it says what to do instead', async () => {
  const warnings: string[] = []
  const customLogger = { ...createLogger('silent'), warn: (message: string) => void warnings.push(message) }
  const { made, make } = hubs()
  const server = await createServer(
    configOf([backchannel({ hub: make })], { server: { middlewareMode: true, ws: false }, customLogger }),
  )
  closing.push(() => server.close())
  expect(warnings).toEqual([expect.stringMatching(/middleware mode.*attachUpgrades\(server\).*hub\.attach\(server\)/)])
  expect(made).toEqual([])
})

test('a WebSocket that nobody knows is refused in the end, and hot reload is not asked', async () => {
  const server = await start([backchannel({ upgrades: { answerTimeout: 200 } }), app()])
  const client = new WebSocket(`${addressOf(server)}/typo`)
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]
  expect(response.statusCode).toBe(404)
})

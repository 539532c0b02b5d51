import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { Server } from 'socket.io'
import { apiKey } from '../payload.ts'
import { answerJson, burst, readJson, serve } from './bench-server.ts'

const http = createServer((request, response) => {
  handle(request, response).catch((error: unknown) =>
    answerJson(response, 500, JSON.stringify({ error: String(error) })),
  )
})
const io = new Server(http, { transports: ['websocket'], serveClient: false })

// From Socket.IO's page on performance tuning: the first request of each connection need not stay in memory.
io.engine.on('connection', (socket: { request: unknown }) => {
  socket.request = null
})
io.on('connection', (socket) => {
  socket.on('subscribe', async (channel: string, acknowledge: () => void) => {
    await socket.join(channel)
    acknowledge()
  })
})

const publish = (channel: string, data: unknown) => io.to(channel).emit('publication', data)

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.headers['x-api-key'] !== apiKey) return answerJson(response, 401, '{}')
  if (request.url === '/bench/burst') return burst(request, response, publish)
  const { channel, data } = (await readJson(request)) as { channel: string; data: unknown }
  publish(channel, data)
  return answerJson(response, 200, '{"result":{}}')
}

const manifest = createRequire(import.meta.url).resolve('socket.io/package.json')
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
await serve(http, version)

import { Server } from 'socket.io'
import { publishingServer, serve, versionOf } from './bench-server.ts'

const http = publishingServer((channel, data) => io.to(channel).emit('publication', data))
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
await serve(http, versionOf('socket.io'))

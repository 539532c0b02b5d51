import type { Server as HttpServer } from 'node:http'
import { Server } from 'socket.io'

/** Socket.IO on this server: who subscribes is let into the channel's room. */
export function socketIoOn(http: HttpServer): Server {
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
  return io
}

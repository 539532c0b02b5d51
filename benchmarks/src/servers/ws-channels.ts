import { type WebSocket, WebSocketServer } from 'ws'
import { channelOf } from './subscribe-frame.ts'
import { publishingServer, serve, versionOf } from './bench-server.ts'

/** A server on `ws` whose clients say which channel they want to hear; `publish` sends to them. */
export async function serveChannels(
  publish: (subscribers: ReadonlySet<WebSocket>, data: unknown) => void,
): Promise<void> {
  const channels = new Map<string, Set<WebSocket>>()
  const http = publishingServer((channel, data) => publish(channels.get(channel) ?? new Set(), data))
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  server.on('connection', (socket) => {
    socket.on('message', (message: Buffer) => {
      const channel = channelOf(message.toString())
      const subscribers = channels.get(channel) ?? new Set()
      channels.set(channel, subscribers.add(socket))
      socket.once('close', () => subscribers.delete(socket)).send('subscribed')
    })
    socket.on('error', () => socket.terminate())
  })
  await serve(http, versionOf('ws'))
}

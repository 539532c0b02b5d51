import { publishingServer, serve, versionOf } from './bench-server.ts'
import { socketIoOn } from './socket-io-on.ts'

const http = publishingServer(
  (channel, data) => io.to(channel).emit('publication', data),
  (channels, data) => io.to([...channels]).emit('publication', data),
)
const io = socketIoOn(http)
await serve(http, versionOf('socket.io'))

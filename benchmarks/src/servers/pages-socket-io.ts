import { serve, versionOf } from './bench-server.ts'
import { createApp, react } from './pages-app.ts'
import { socketIoOn } from './socket-io-on.ts'

const http = createApp((channel, data) => void io.to(channel).emit('publication', data))
const io = socketIoOn(http)
await serve(http, `${versionOf('socket.io')}, ${react}`)

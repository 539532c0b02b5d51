import { serveChannels } from './ws-channels.ts'

await serveChannels((subscribers, data) => {
  for (const socket of subscribers) {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(data))
  }
})

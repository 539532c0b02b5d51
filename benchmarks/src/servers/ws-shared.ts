import { serveChannels } from './ws-channels.ts'

await serveChannels((subscribers, data) => {
  const message = Buffer.from(JSON.stringify(data))
  for (const socket of subscribers) {
    if (socket.readyState === socket.OPEN) socket.send(message, { binary: false })
  }
})

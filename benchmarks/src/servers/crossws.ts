import crossws from 'crossws/adapters/node'
import { publishingServer, serve, versionOf } from './bench-server.ts'
import { channelOf } from './subscribe-frame.ts'

const adapter = crossws({
  hooks: {
    message(peer, message) {
      peer.subscribe(channelOf(message.text()))
      peer.send('subscribed')
    },
  },
})
const http = publishingServer((channel, data) => adapter.publish(channel, JSON.stringify(data)))
http.on('upgrade', (request, socket, head) => void adapter.handleUpgrade(request, socket, head))
await serve(http, versionOf('crossws'))

import { createServer } from 'node:http'
import { createHub } from '@backchannel/hub'
import { centrifugoConfig } from '../centrifugo-config.ts'
import manifest from '../../../packages/hub/package.json' with { type: 'json' }
import { burst, serve } from './bench-server.ts'

const hub = createHub({ config: centrifugoConfig })
const http = createServer((request, response) => {
  if (hub.handleRequest(request, response)) return
  void burst(request, response, (channel, data) => hub.publish(channel, data))
})
http.on('upgrade', (request, socket, head) => {
  if (!hub.handleUpgrade(request, socket, head)) socket.destroy()
})
await serve(http, manifest.version)

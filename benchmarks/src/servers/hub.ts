import { createServer } from 'node:http'
import { createHub } from '@backchannel/hub'
import { centrifugoConfig } from '../centrifugo-config.ts'
import manifest from '../../../packages/hub/package.json' with { type: 'json' }
import { burst, serve } from './bench-server.ts'

const hub = createHub({ config: centrifugoConfig })
const http = createServer((request, response) => {
  void burst(request, response, (channel, data) => {
    // With the memory broker it is done when it returns.
    void hub.publish(channel, data)
  })
})
hub.attach(http)
await serve(http, manifest.version)

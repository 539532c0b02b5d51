import { createServer } from 'node:http'
import { createHub, encodeJson } from '@backchannel/hub'
import manifest from '../../../packages/hub/package.json' with { type: 'json' }
import { engineConfig } from '../engine-config.ts'
import { textOf } from '../payload.ts'
import { burst, engineOptions, loop, serve } from './bench-server.ts'

const hub = createHub({ config: engineConfig(engineOptions()) })
const encoded = encodeJson({ seq: 10_000_000, text: textOf(128) })

// With the memory broker a publish is done when it returns.
const http = createServer((request, response) => {
  if (request.url === '/bench/loop') {
    void loop(
      request,
      response,
      ({ kind, channel }, data) => void hub.publish(channel, kind === 'encoded' ? encoded : data),
    )
  } else {
    void burst(request, response, (channel, data) => void hub.publish(channel, data))
  }
})
hub.attach(http)
await serve(http, manifest.version)

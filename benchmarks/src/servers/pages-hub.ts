import { createHub } from '@backchannel/hub'
import manifest from '../../../packages/hub/package.json' with { type: 'json' }
import { engineConfig } from '../engine-config.ts'
import { serve } from './bench-server.ts'
import { createApp, react } from './pages-app.ts'

const hub = createHub({ config: engineConfig() })
const http = createApp((channel, data) => void hub.publish(channel, data))
hub.attach(http)
await serve(http, `${manifest.version}, ${react}`)

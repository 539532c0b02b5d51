import { createHub } from '@backchannel/hub'
import manifest from '../../../packages/hub/package.json' with { type: 'json' }
import { engineConfig } from '../engine-config.ts'
import { serve } from './bench-server.ts'
import { createApp, react } from './pages-app.ts'

const http = createApp()
createHub({ config: engineConfig() }).attach(http)
await serve(http, `${manifest.version}, ${react}`)

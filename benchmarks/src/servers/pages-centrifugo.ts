import { publish } from '@backchannel/realtime'
import { serve } from './bench-server.ts'
import { createApp, react } from './pages-app.ts'

// The engine is named by CENTRIFUGO_API_URL and the others of its variables.
const http = createApp(async (channel, data) => {
  if (!(await publish(channel, data))) throw new Error('Centrifugo did not take it')
})
await serve(http, react)

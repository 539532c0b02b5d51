/** SvelteKit's handler on a server of its own, so that upgrades can be handed to it. */
import { createServer } from 'node:http'
import { attachUpgrades } from '@backchannel/realtime/node'
// What `vite build` has made.
const { handler } = (await import(new URL('build/handler.js', import.meta.url).href)) as {
  handler: Parameters<typeof createServer>[1]
}

const server = createServer(handler)
attachUpgrades(server)

const port = Number(process.env['PORT'] ?? 3000)
// For this machine alone: who a visitor is, is only said by the address here.
server.listen(port, '127.0.0.1', () => console.log(`Live orders: http://localhost:${port}`))

// The app says goodbye to its connections (src/hooks.server.ts); then nothing holds the process.
process.on('SIGTERM', () => server.close(() => process.exit(0)))

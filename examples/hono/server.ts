/** A Hono app: a route returns the stream's response, another the upgrade's. */
import { serve } from '@hono/node-server'
import { page } from '@backchannel/example-page'
import { attachUpgrades } from '@backchannel/realtime/node'
import { Hono } from 'hono'
import { events, live, placeOrder } from './realtime.ts'

const app = new Hono()
app.get('/', (context) => context.html(page))
app.get('/events', (context) => events.sse(context.req.raw).response)
app.get('/live', (context) => live.upgrade(context.req.raw))
app.post('/orders', async (context) => {
  const { item } = await context.req.json<{ item: string }>()
  return context.json(await placeOrder(item, context.req.query('user') ?? 'nobody'), 201)
})

const port = Number(process.env['PORT'] ?? 3000)
// For this machine alone: who a visitor is, is only said by the address here.
const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => {
  console.log(`Live orders: http://localhost:${port}`)
})
attachUpgrades(server)

process.on('SIGTERM', () => {
  void Promise.all([events.close(), live.close()]).then(() => server.close(() => process.exit(0)))
})

/** An Express app. Its requests and responses are Node's, so srvx makes them the web's and back. */
import { page } from '@backchannel/example-page'
import { attachUpgrades } from '@backchannel/realtime/node'
import express, { type Request, type Response } from 'express'
import { NodeRequest, sendNodeResponse } from 'srvx/node'
import { events, live, placeOrder } from './realtime.ts'

const app = express()
app.get('/', (_request, response) => void response.type('html').send(page))
app.get('/events', (req, res) => sendNodeResponse(res, events.sse(new NodeRequest({ req, res })).response))
app.get('/live', (req, res) => sendNodeResponse(res, live.upgrade(new NodeRequest({ req, res }))))
// Express 5 waits for a handler's promise, and passes what it throws on.
// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- true of Express 4 alone
app.post('/orders', express.json(), async (request: Request, response: Response) => {
  const { item } = request.body as { item: string }
  const { user } = request.query as { user?: string }
  response.status(201).json(await placeOrder(item, user ?? 'nobody'))
})

const port = Number(process.env['PORT'] ?? 3000)
// For this machine alone: who a visitor is, is only said by the address here.
const server = app.listen(port, '127.0.0.1', () => console.log(`Live orders: http://localhost:${port}`))
attachUpgrades(server)

process.on('SIGTERM', () => {
  void Promise.all([events.close(), live.close()]).then(() => server.close(() => process.exit(0)))
})

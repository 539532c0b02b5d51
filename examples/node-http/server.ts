/** Node's http server. Requests become the web's by srvx, which the other examples' frameworks do by themselves. */
import { createServer } from 'node:http'
import { page } from '@backchannel/example-page'
import { attachUpgrades } from '@backchannel/realtime/node'
import { NodeRequest, sendNodeResponse } from 'srvx/node'
import { events, live, placeOrder } from './realtime.ts'

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  if (pathname === '/') return new Response(page, { headers: { 'content-type': 'text/html; charset=utf-8' } })
  if (pathname === '/events') return events.sse(request).response
  if (pathname === '/live') return live.upgrade(request)
  if (pathname === '/orders' && request.method === 'POST') {
    const { item } = (await request.json()) as { item: string }
    return Response.json(await placeOrder(item, searchParams.get('user') ?? 'nobody'), { status: 201 })
  }
  return new Response('Not found', { status: 404 })
}

const server = createServer((incoming, outgoing) => {
  answer(new NodeRequest({ req: incoming, res: outgoing }))
    .catch((error: unknown) => {
      console.error(error)
      return new Response('Something went wrong', { status: 500 })
    })
    .then((response) => sendNodeResponse(outgoing, response))
    .catch(console.error)
})
attachUpgrades(server)

const port = Number(process.env['PORT'] ?? 3000)
// For this machine alone: who a visitor is, is only said by the address here.
server.listen(port, '127.0.0.1', () => console.log(`Live orders: http://localhost:${port}`))

process.on('SIGTERM', () => {
  void Promise.all([events.close(), live.close()]).then(() => server.close(() => process.exit(0)))
})

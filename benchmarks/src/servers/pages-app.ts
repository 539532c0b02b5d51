/** The app around the publishing: what each server of this scenario does alike. */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { apiKey } from '../payload.ts'
import { answerJson, readJson, versionOf } from './bench-server.ts'
import { renderPage } from './pages-page.ts'

type Publish = (channel: string, data: unknown) => void | Promise<void>

/**
 * `GET /page` renders, `/bench/render` says what a page takes, `POST /publish` publishes: a route of the app's own, which
 * no engine serves for it.
 */
export function createApp(publish: Publish, options: ServerOptions = {}): Server {
  return createServer(options, (request, response) => {
    handle(request, response).catch((error: unknown) =>
      answerJson(response, 500, JSON.stringify({ error: String(error) })),
    )
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://app')
    if (pathname === '/page') return answerPage(response)
    if (pathname === '/bench/render') return timeRenders(response, Number(searchParams.get('count')))
    if (pathname !== '/publish') return answerJson(response, 404, '{}')
    if (request.headers['x-api-key'] !== apiKey) return answerJson(response, 401, '{}')
    const { channel, data } = (await readJson(request)) as { channel: string; data: unknown }
    await publish(channel, data)
    return answerJson(response, 200, '{"result":{}}')
  }
}

export const react = `React ${versionOf('react-dom')}`

function answerPage(response: ServerResponse): void {
  const page = renderPage()
  response
    .writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': Buffer.byteLength(page) })
    .end(page)
}

function timeRenders(response: ServerResponse, count: number): void {
  const started = performance.now()
  for (let index = 0; index < count; index++) renderPage()
  answerJson(response, 200, JSON.stringify({ seconds: (performance.now() - started) / 1000 / count }))
}

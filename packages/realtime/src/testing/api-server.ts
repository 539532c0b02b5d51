/** A plain HTTP server that stands where Centrifugo's API would, and fails as told. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ApiRequest {
  verb: string
  path: string
  headers: IncomingMessage['headers']
  body: string
}

/** Answers one request; one that does nothing leaves it hanging. */
export type ApiBehaviour = (response: ServerResponse, request: ApiRequest) => void

export interface ApiServer {
  /** `http://127.0.0.1:<port>/api` */
  url: string
  requests: ApiRequest[]
  /** Behaviours of the coming requests, in order; the last one stays. */
  behave(...behaviours: ApiBehaviour[]): void
  stop(): Promise<void>
}

export const answer =
  (status: number, body = '', headers: Record<string, string> = {}): ApiBehaviour =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(body)
  }
export const hang: ApiBehaviour = () => {}
export const hangAfterHeaders: ApiBehaviour = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.write('{"result"')
}
export const reset: ApiBehaviour = (response) => {
  response.socket?.resetAndDestroy()
}
export const breakOff: ApiBehaviour = (response) => {
  response.writeHead(200, { 'content-length': '1000' })
  response.write('{"result":')
  setTimeout(() => response.socket?.destroy(), 10)
}

export async function startApiServer(port = 0): Promise<ApiServer> {
  const requests: ApiRequest[] = []
  let behaviours: ApiBehaviour[] = [answer(200, '{"result":{}}')]
  const server = createServer((message, response) => {
    const chunks: Buffer[] = []
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('end', () => {
      const request: ApiRequest = {
        verb: message.method ?? '',
        path: message.url ?? '',
        headers: message.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }
      requests.push(request)
      const behaviour = behaviours.length > 1 ? behaviours.shift() : behaviours[0]
      behaviour?.(response, request)
    })
  })
  await listen(server, port)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    requests,
    behave(...next) {
      behaviours = next
    },
    async stop() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
}

/** A URL on this machine where nothing listens. */
export async function deadApiUrl(): Promise<string> {
  const server = await startApiServer()
  await server.stop()
  return server.url
}

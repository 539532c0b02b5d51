/** Small servers that speak the wires of `createRealtime` and do nothing of their own accord. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket as ServerSocket } from 'ws'

export interface EventStreamServer {
  readonly url: string
  /** What was asked for, in order. */
  readonly requests: IncomingMessage[]
  /** Resolves with the response of request `number`, from 1 on, once it came. It is open when the status was 200. */
  response(number: number): Promise<ServerResponse>
  close(): Promise<void>
}

/** @param statuses of the answers, in order; 200 once they are used up */
export async function startEventStreamServer(statuses: number[] = []): Promise<EventStreamServer> {
  const requests: IncomingMessage[] = []
  const responses = waitingList<ServerResponse>()
  const server = createServer((request, response) => {
    requests.push(request)
    const status = statuses.shift() ?? 200
    response.writeHead(status, { 'content-type': 'text/event-stream' })
    if (status === 200) response.write('retry: 10\n\n')
    else response.end()
    responses.add(response)
  })
  const url = await listen(server, 'http')
  return {
    url,
    requests,
    response: (number) => responses.get(number),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export interface Peer {
  readonly path: string
  readonly socket: ServerSocket
  /** What the client has sent: text as text, bytes as bytes. */
  readonly received: (string | Uint8Array)[]
}

export interface EventSocketServer {
  readonly url: string
  /** Resolves with connection `number`, from 1 on, once it came. */
  peer(number: number): Promise<Peer>
  close(): Promise<void>
}

export interface EventSocketServerOptions {
  /** Called with every message, to answer it. */
  readonly onMessage?: (socket: ServerSocket, message: string) => void
  /** A port that was used before. */
  readonly port?: number
}

export async function startEventSocketServer(options: EventSocketServerOptions = {}): Promise<EventSocketServer> {
  const peers = waitingList<Peer>()
  const http = createServer()
  const server = new WebSocketServer({ server: http })
  server.on('connection', (socket, request) => {
    const received: (string | Uint8Array)[] = []
    socket.on('message', (data: Buffer, isBinary) => {
      const text = data.toString()
      received.push(isBinary ? new Uint8Array(data) : text)
      options.onMessage?.(socket, text)
    })
    peers.add({ path: request.url ?? '', socket, received })
  })
  const url = await listen(http, 'ws', options.port)
  return {
    url,
    peer: (number) => peers.get(number),
    close: () =>
      new Promise((resolve) => {
        for (const client of server.clients) client.terminate()
        server.close()
        http.close(() => resolve())
      }),
  }
}

/** The answers that the real server gives when every channel is open to everybody. */
export function answerJoins(socket: ServerSocket, message: string): void {
  const { join, leave } = JSON.parse(message) as { join?: string; leave?: string }
  if (join !== undefined) socket.send(JSON.stringify({ event: 'joined', data: null, channel: join }))
  if (leave !== undefined) socket.send(JSON.stringify({ event: 'left', data: null, channel: leave }))
}

export function refuseJoin(socket: ServerSocket, channel: string, code = 'refused'): void {
  socket.send(JSON.stringify({ event: 'error', data: { code, message: 'No' }, channel }))
}

async function listen(server: ReturnType<typeof createServer>, scheme: 'http' | 'ws', port = 0): Promise<string> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/feed`
}

function waitingList<T>(): { add(item: T): void; get(number: number): Promise<T> } {
  const items: PromiseWithResolvers<T>[] = []
  let count = 0
  const at = (index: number) => (items[index] ??= Promise.withResolvers<T>())
  return {
    add: (item) => at(count++).resolve(item),
    get: (number) => at(number - 1).promise,
  }
}

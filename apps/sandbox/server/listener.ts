/**
 * The one HTTP server. It is bound before anything else is opened, so that a second start fails at once and touches
 * nothing; until the app is ready, and again while it closes, requests get 503.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

export interface Application {
  handle(req: IncomingMessage, res: ServerResponse): void
  /** Returns true when the upgrade is being taken care of. */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): boolean
}

export interface Listener {
  readonly server: Server
  /** Where a browser on this machine finds it. */
  readonly url: string
  serve(app: Application): void
  /** Answers 503 from now on. */
  drain(): void
  /** Stops listening; requests in flight get `grace` milliseconds. */
  close(grace: number): Promise<void>
}

export class PortTaken extends Error {
  override name = 'PortTaken'
}

export class AddressUnusable extends Error {
  override name = 'AddressUnusable'
}

export async function openListener({ host, port }: { host: string; port: number }): Promise<Listener> {
  let state: 'starting' | 'serving' | 'closing' = 'starting'
  let app: Application | undefined

  // Slow or half-sent requests are let go early, and a lenient parser is never used, whatever Node was started with.
  const server = createServer({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 20_000,
    connectionsCheckingInterval: 1_000,
    insecureHTTPParser: false,
  })
  server.on('request', (req, res) => {
    if (req.url === '/health') return answerHealth(res, state === 'serving')
    if (state !== 'serving' || app === undefined) return answerUnavailable(res, state === 'closing')
    app.handle(req, res)
  })
  server.on('upgrade', (req, socket, head) => {
    // A peer that resets the connection now must not end the process.
    socket.on('error', () => socket.destroy())
    if (state !== 'serving' || app === undefined) return refuseUpgrade(socket, '503 Service Unavailable')
    if (!app.handleUpgrade(req, socket, head)) refuseUpgrade(socket, '404 Not Found')
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTFOUND' || error.code === 'EADDRNOTAVAIL' || error.code === 'EAI_AGAIN') {
        return reject(new AddressUnusable(`HOST is "${host}", which is no address of this machine (${error.code}).`))
      }
      if (error.code === 'EACCES') {
        return reject(new AddressUnusable(`PORT is ${port}, and this user may not listen there (EACCES).`))
      }
      if (error.code !== 'EADDRINUSE') return reject(error)
      const other = port === 65_535 ? port - 1 : port + 1
      reject(new PortTaken(`Port ${port} is already in use. Stop what listens there, or choose another: PORT=${other}`))
    })
    server.listen(port, host, resolve)
  })

  return {
    server,
    url: localUrl(server.address() as AddressInfo),
    serve(next) {
      app = next
      state = 'serving'
    },
    drain() {
      state = 'closing'
    },
    async close(grace) {
      state = 'closing'
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // A kept-alive connection is idle only once its last answer has left.
      const sweep = setInterval(() => server.closeIdleConnections(), 20)
      const timer = setTimeout(() => server.closeAllConnections(), grace)
      await closed
      clearInterval(sweep)
      clearTimeout(timer)
    },
  }
}

function localUrl({ address, port, family }: AddressInfo): string {
  const anyOrLoopback = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(address)
  const host = anyOrLoopback ? 'localhost' : family === 'IPv6' ? `[${address}]` : address
  return `http://${host}:${port}`
}

function answerHealth(res: ServerResponse, healthy: boolean): void {
  res.writeHead(healthy ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end('{}')
}

function answerUnavailable(res: ServerResponse, closing: boolean): void {
  res
    .writeHead(503, {
      'content-type': 'text/plain; charset=utf-8',
      'retry-after': '1',
      // A browser that came too early tries again by itself.
      refresh: '1',
      'cache-control': 'no-store',
      ...(closing ? { connection: 'close' } : {}),
    })
    .end(closing ? 'Closing. Please try again.\n' : 'Starting. Please try again.\n')
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

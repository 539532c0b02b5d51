/**
 * Node's http server in front of the hub: which requests and upgrades are the hub's, and what may not even begin.
 * The hub claims exactly its own paths and verbs; everything else is the app's.
 */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Core } from '../core.ts'
import { answerApiCall, apiMethodOf, guardApi, type ApiGuard } from '../http-api.ts'
import { answerLegacyCall } from '../http-api-legacy.ts'
import type { ApiHttpAnswer } from '../http-api-outcome.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import { isOriginAllowed, type OriginRules } from '../origins.ts'
import { closeTimeoutMs, serveWebSocket } from '../transports/websocket.ts'

const websocketPath = '/connection/websocket'
/** A broadcast to 100,000 channels is about 5 MB; Centrifugo has no limit here, and 20 MB were seen to be taken. */
const maxApiBody = 32 * 1024 * 1024
/** Limits against frames that never end: a message is at most 64 KiB, so nobody needs more pieces than these. */
const maxFragments = 64
const maxBufferedChunks = 1024

export class NodeAdapter {
  readonly #core: Core
  readonly #origins: OriginRules
  readonly #isStandalone: boolean
  readonly #refuseApiCall: ApiGuard
  readonly #webSockets: WebSocketServer

  constructor(core: Core, origins: OriginRules, isStandalone: boolean) {
    this.#core = core
    this.#origins = origins
    this.#isStandalone = isStandalone
    this.#refuseApiCall = guardApi(core.config.http_api)
    const { compression, compression_min_size: minSize } = core.config.websocket
    // In a variable of its own: `closeTimeout` is not in the library's types yet.
    const limits = {
      maxPayload: core.config.websocket.message_size_limit,
      maxFragments,
      maxBufferedChunks,
      closeTimeout: closeTimeoutMs,
    }
    this.#webSockets = new WebSocketServer({
      noServer: true,
      ...limits,
      perMessageDeflate: compression && { threshold: minSize, serverNoContextTakeover: true },
      handleProtocols: (offered: Set<string>) => (offered.has(jsonSubprotocol) ? jsonSubprotocol : false),
    })
    this.#refuseHandshakes()
  }

  /** The library's own refusals of a handshake, in the words of the others. */
  #refuseHandshakes(): void {
    this.#webSockets.on('wsClientError', (_error, socket, request) => {
      const isGet = request.method === 'GET'
      refuse(socket, isGet ? 400 : 405, isGet ? 'Bad Request' : 'Method Not Allowed')
    })
  }

  /** Sockets that are open or still closing. */
  get socketCount(): number {
    return this.#webSockets.clients.size
  }

  /** Resolves when every socket is gone; those whose peers don't answer Close are destroyed after four seconds. */
  async drained(): Promise<void> {
    const closing = Array.from(
      this.#webSockets.clients,
      (webSocket) => new Promise((resolve) => webSocket.once('close', resolve)),
    )
    await Promise.all(closing)
  }

  /** Answers a request that is the hub's; false leaves it to the app, untouched. */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const { pathname, query } = urlOf(request)
    if (pathname === websocketPath) {
      answer(response, { status: 400, contentType: 'text/plain; charset=utf-8', body: 'Bad Request\n' })
      return true
    }
    const method = apiMethodOf(this.#core.config.http_api, pathname)
    if (method === undefined) return false
    if (request.method !== 'POST') {
      // The app may have routes of its own there.
      if (!this.#isStandalone) return false
      answer(response, { status: 405, body: '' })
      return true
    }
    const call = { method, query, header: (name: string) => headerOf(request, name) }
    const refusal = this.#refuseApiCall(call)
    if (refusal) {
      request.resume()
      answer(response, refusal)
      return true
    }
    this.#answerCall(request, response, (body) => answerApiCall(this.#core, call, body))
    return true
  }

  /** Answers commands of the API's older form to who has been let in already. */
  handleAdminApi(request: IncomingMessage, response: ServerResponse): void {
    this.#answerCall(request, response, (body) => answerLegacyCall(this.#core, body))
  }

  /** Takes an upgrade that is the hub's; false leaves the socket to the app, untouched. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const { pathname, query } = urlOf(request)
    if (pathname !== websocketPath) return false
    const refusal = this.#refuseUpgrade(request, new URLSearchParams(query))
    if (refusal) {
      refuse(socket, ...refusal)
      return true
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      serveWebSocket(this.#core, webSocket, socket, {
        transport: 'websocket',
        protocol: 'json',
        headers: Object.fromEntries(Object.keys(request.headers).map((name) => [name, headerOf(request, name)])),
        remoteAddress: request.socket.remoteAddress,
        url: request.url ?? '',
      })
    })
    return true
  }

  /**
   * Puts the hub in front of what the server already does. Call it after the app has added its own listeners.
   * An upgrade that neither the hub nor a listener of the app wants is answered 404.
   * @returns a function that takes it back
   */
  attach(server: HttpServer | HttpsServer): () => void {
    const requests = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[]
    const upgrades = server.listeners('upgrade') as ((...args: [IncomingMessage, Duplex, Buffer]) => void)[]
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      if (this.handleRequest(request, response)) return
      if (requests.length === 0) answer(response, notFound)
      for (const listener of requests) listener.call(server, request, response)
    }
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      if (this.handleUpgrade(request, socket, head)) return
      for (const listener of upgrades) listener.call(server, request, socket, head)
      // A listener that came later hears of it from the server itself.
      const isAlone = upgrades.length === 0 && server.listenerCount('upgrade') === 1
      if (isAlone) refuse(socket, 404, 'Not Found', notFound.body)
    }
    server.removeAllListeners('request').on('request', onRequest)
    server.removeAllListeners('upgrade').on('upgrade', onUpgrade)
    let isAttached = true
    return () => {
      // A second time would put the app's listeners there twice.
      if (!isAttached) return
      isAttached = false
      server.off('request', onRequest).off('upgrade', onUpgrade)
      for (const listener of requests) server.on('request', listener)
      for (const listener of upgrades) server.on('upgrade', listener)
    }
  }

  #refuseUpgrade(request: IncomingMessage, query: URLSearchParams): [number, string, string?] | undefined {
    if (!this.#core.isOpen || this.#core.isFull) return [503, 'Service Unavailable', '']
    const origin = headerOf(request, 'origin')
    // Of several proxies the first in the list is the one that the browser spoke to.
    const forwarded = this.#origins.trustProxy && headerOf(request, 'x-forwarded-host')?.split(',')[0]?.trim()
    const host = forwarded || headerOf(request, 'host')
    if (!isOriginAllowed(this.#origins, origin, host)) {
      this.#core.logger.info({ origin }, 'connection from an origin that is not allowed')
      return [403, 'Forbidden']
    }
    const offered = headerOf(request, 'sec-websocket-protocol') ?? ''
    const wantsProtobuf =
      query.get('cf_protocol') === 'protobuf' ||
      query.get('format') === 'protobuf' ||
      (offered.includes('centrifuge-protobuf') && !offered.includes(jsonSubprotocol))
    // Better no connection than one in another language than was asked for.
    return wantsProtobuf ? [400, 'Bad Request'] : undefined
  }

  #answerCall(
    request: IncomingMessage,
    response: ServerResponse,
    answerTo: (body: string) => MaybePromise<ApiHttpAnswer>,
  ): void {
    const answering = async (): Promise<void> => {
      const body = await readBody(request)
      if (body === null) return
      answer(response, body === undefined ? tooLarge : await answerTo(body))
    }
    answering().catch((error: unknown) => {
      this.#core.report(error, 'api')
      response.destroy()
    })
  }
}

const tooLarge: ApiHttpAnswer = {
  status: 413,
  contentType: 'text/plain; charset=utf-8',
  body: 'Request Entity Too Large\n',
}
const jsonSubprotocol = 'centrifuge-json'
const notFound: ApiHttpAnswer = { status: 404, contentType: 'text/plain; charset=utf-8', body: '404 page not found\n' }

/**
 * The body as text; undefined when it is too large, null when the client went away. By events: an async iterator over
 * the request made a publish over HTTP 9 % dearer.
 */
function readBody(request: IncomingMessage): Promise<string | undefined | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    request
      .on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length <= maxApiBody) chunks.push(chunk)
        else {
          // The rest is read and dropped.
          chunks.length = 0
          resolve(undefined)
        }
      })
      .on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      .on('close', () => resolve(null))
  })
}

function answer(response: ServerResponse, { status, contentType, body }: ApiHttpAnswer): void {
  response.writeHead(status, {
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

/** Ends an upgrade with an HTTP answer instead of a WebSocket. */
export function refuse(socket: Duplex, status: number, text: string, body = `${text}\n`): void {
  socket.on('error', () => socket.destroy())
  // A peer that keeps its side open would keep the socket: no timeout of the server's counts for it any more.
  socket.once('finish', () => socket.destroy())
  const contentType = body === '' ? '' : 'Content-Type: text/plain; charset=utf-8\r\n'
  const headers = `${contentType}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n`
  socket.end(`HTTP/1.1 ${status} ${text}\r\n${headers}\r\n${body}`)
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** The request's own path, whatever stands in its Host header. */
function urlOf(request: IncomingMessage): { pathname: string; query: string } {
  const target = request.url ?? '/'
  const question = target.indexOf('?')
  if (question < 0) return { pathname: target, query: '' }
  return { pathname: target.slice(0, question), query: target.slice(question + 1) }
}

/**
 * WebSocket upgrades as requests: Node hands an upgrade to whoever listens for it, past the app's router. Here it goes
 * to the app as the ordinary request that it is, through whatever framework there is, with a header that names it; when
 * the app's answer comes back with the same header, the handshake follows, and any other answer is the client's.
 */
import { ServerResponse, type IncomingMessage, type OutgoingHttpHeader, type Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { systemClock } from '../clock.ts'
import {
  pendingUpgrades,
  upgradeHeader,
  type PendingUpgrade,
  type RawSocketEvents,
  type UpgradeLimits,
} from '../events/upgrade-slot.ts'
import { FrameSink, pieceLimits } from '../transports/frame-sink.ts'
import { WriteTimeout } from '../transports/write-timeout.ts'
import { claim, isClaimed } from './claim.ts'
import { refuse, urlOf } from './http.ts'

export interface UpgradeOptions {
  /** Which paths are the app's; other upgrades are left alone. @default all that nobody else has taken */
  readonly path?: string | RegExp | ((pathname: string) => boolean)
  /** Milliseconds that the app may take for its answer; then it is 503. @default 10000 */
  readonly answerTimeout?: number
}

/** What a client may send ahead of the handshake. */
const maxEarlyBytes = 64 * 1024

/** Vite's own socket for hot reload lives on the same server. */
const viteProtocols = /^\s*vite-(?:hmr|ping)\s*$/

/**
 * Hands WebSocket upgrades of this server to the app's request handlers, so that `realtime.upgrade(request)` can take
 * them. Works with whatever listens for `request`: Express, Hono's and SvelteKit's Node servers, Nitro, Vite, bare http.
 * @returns a function that takes it back
 */
export function attachUpgrades(server: HttpServer | HttpsServer, options: UpgradeOptions = {}): () => void {
  const { path, answerTimeout = 10_000 } = options
  const handshakes = new Handshakes()
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (isClaimed(socket) || viteProtocols.test(request.headers['sec-websocket-protocol'] ?? '')) return
    const isAlone = server.listenerCount('upgrade') === 1
    if (!isWanted(path, urlOf(request).pathname)) {
      if (isAlone) refuse(socket, 404, 'Not Found')
      return
    }
    const upgrade = new Upgrade({ request, socket, head, isAlone, handshakes })
    upgrade.offer(answerTimeout, (response) => server.emit('request', request, response))
  }
  server.on('upgrade', onUpgrade)
  return () => {
    server.off('upgrade', onUpgrade)
  }
}

function isWanted(path: UpgradeOptions['path'], pathname: string): boolean {
  if (path === undefined) return true
  if (typeof path === 'string') return path === pathname
  return typeof path === 'function' ? path(pathname) : path.test(pathname)
}

interface Asked {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  /** Whether nobody else listens for upgrades on this server. */
  readonly isAlone: boolean
  readonly handshakes: Handshakes
}

type Open = Parameters<PendingUpgrade['accept']>[0]

interface Acceptance {
  readonly open: Open
  readonly abandoned: () => void
  readonly limits: UpgradeLimits
}

/** One upgrade: `asking` the app → `answering` over HTTP, `left` to others, or `taken`; `over` when the client has gone. */
class Upgrade {
  readonly #asked: Asked
  readonly #id = crypto.randomUUID()
  #state: 'asking' | 'answering' | 'left' | 'taken' | 'over' = 'asking'
  #accepted: Acceptance | undefined
  #cancelTimer: () => void = () => {}
  readonly #early: Buffer[] = []
  #earlyLength = 0

  constructor(asked: Asked) {
    this.#asked = asked
  }

  offer(answerTimeout: number, ask: (response: ServerResponse) => void): void {
    const { request, socket } = this.#asked
    nameUpgrade(request, this.#id)
    pendingUpgrades().set(this.#id, {
      accept: (open, abandoned, limits) => {
        this.#accepted = { open, abandoned, limits }
      },
    })
    // Node has let go of the socket: without a listener an error would end the process, and unread it would never end.
    socket.on('error', this.#onGone).on('end', this.#onGone).on('close', this.#onGone).on('data', this.#onEarly)
    this.#cancelTimer = systemClock.setTimer(() => this.#giveUp(), answerTimeout)
    const response = this.#response()
    try {
      ask(response)
    } catch (error) {
      this.#end('over')
      refuse(socket, 500, 'Internal Server Error')
      throw error
    }
  }

  /** Clients wait for the handshake; one that does not loses nothing, and gains nothing. */
  readonly #onEarly = (bytes: Buffer): void => {
    this.#early.push(bytes)
    this.#earlyLength += bytes.length
    if (this.#earlyLength > maxEarlyBytes) this.#onGone()
  }

  readonly #onGone = (): void => {
    if (this.#state === 'asking') this.#end('over')
    this.#asked.socket.destroy()
  }

  #giveUp(): void {
    if (this.#state !== 'asking') return
    this.#end('over')
    refuse(this.#asked.socket, 503, 'Service Unavailable', 'The app did not answer\n')
  }

  /** Nothing is waited for any more. */
  #end(state: 'answering' | 'left' | 'taken' | 'over'): void {
    this.#state = state
    this.#cancelTimer()
    pendingUpgrades().delete(this.#id)
    if (state !== 'taken') this.#accepted?.abandoned()
  }

  /**
   * A response of Node's own, in front of the socket only when the answer is the client's. Its methods are the
   * instance's: Express puts another prototype under it.
   */
  #response(): ServerResponse {
    const { request, socket } = this.#asked
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    const own = {
      writeHead: response.writeHead.bind(response),
      write: response.write.bind(response),
      end: response.end.bind(response),
      flushHeaders: response.flushHeaders.bind(response),
    }
    const decide = (): boolean => {
      if (this.#state === 'asking') this.#decide(response)
      return this.#state === 'answering'
    }
    response.writeHead = (status: number, ...rest: unknown[]) => {
      if (this.#state !== 'asking')
        return this.#state === 'answering' ? own.writeHead(status, ...(rest as [])) : response
      const message = typeof rest[0] === 'string' ? rest[0] : undefined
      setHeaders(response, message === undefined ? rest[0] : rest[1])
      response.statusCode = status
      if (message !== undefined) response.statusMessage = message
      return decide() ? own.writeHead(status) : response
    }
    response.write = (...parameters: unknown[]) => {
      if (decide()) return own.write(...(parameters as [string]))
      callBack(parameters)
      return true
    }
    response.flushHeaders = () => {
      if (decide()) own.flushHeaders()
    }
    response.end = (...parameters: unknown[]) => {
      if (decide()) return own.end(...(parameters as [string]))
      callBack(parameters)
      // For those who wait for the end of an answer: log lines, abort signals.
      queueMicrotask(() => response.emit('finish'))
      if (this.#state === 'taken') this.#shakeHands(response)
      return response
    }
    response.once('finish', () => {
      if (this.#state === 'answering') socket.end(() => socket.destroy())
    })
    return response
  }

  #decide(response: ServerResponse): void {
    const { socket, isAlone } = this.#asked
    if (this.#accepted && response.getHeader(upgradeHeader) === this.#id) {
      claim(socket)
      this.#end('taken')
    } else if (response.statusCode === 404 && !isAlone) {
      this.#release()
      if (this.#earlyLength > 0) socket.unshift(Buffer.concat(this.#early))
      this.#end('left')
    } else {
      claim(socket)
      this.#end('answering')
      response.removeHeader(upgradeHeader)
      response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
    }
  }

  #release(): void {
    const { socket } = this.#asked
    socket.off('error', this.#onGone).off('end', this.#onGone).off('close', this.#onGone).off('data', this.#onEarly)
    // As it was handed over: whoever listens next gets what comes next, and nothing is lost until then.
    ;(socket as { readableFlowing: boolean | null }).readableFlowing = null
  }

  #shakeHands(response: ServerResponse): void {
    const accepted = this.#accepted
    // Once only, however often an answer ends.
    if (!accepted) return
    this.#accepted = undefined
    const { request, socket, head, handshakes } = this.#asked
    this.#release()
    if (socket.destroyed) accepted.abandoned()
    else {
      const raw = { request, socket, head: Buffer.concat([head, ...this.#early]) }
      handshakes.complete(raw, cookiesOf(response), accepted)
    }
  }
}

type Raw = Pick<Asked, 'request' | 'socket' | 'head'>

/** The handshakes of one server: a server of the library for each limit there is. */
class Handshakes {
  readonly #servers = new Map<number, WebSocketServer>()
  readonly #cookies = new WeakMap<IncomingMessage, readonly string[]>()
  readonly #failed = new WeakMap<IncomingMessage, () => void>()

  complete({ request, socket, head }: Raw, cookies: readonly string[], { open, abandoned, limits }: Acceptance): void {
    this.#cookies.set(request, cookies)
    this.#failed.set(request, abandoned)
    this.#serverFor(limits.maxMessageBytes).handleUpgrade(request, socket, head, (webSocket) => {
      serve(webSocket, socket, open, limits.writeTimeout)
    })
  }

  #serverFor(maxPayload: number): WebSocketServer {
    const known = this.#servers.get(maxPayload)
    if (known) return known
    const options = { noServer: true, clientTracking: false, maxPayload, ...pieceLimits, perMessageDeflate: false }
    const server = new WebSocketServer({ ...options, handleProtocols: () => false })
    server.on('headers', (headers: string[], request: IncomingMessage) => {
      for (const cookie of this.#cookies.get(request) ?? []) headers.push(`Set-Cookie: ${cookie}`)
    })
    server.on('wsClientError', (_error, socket, request: IncomingMessage) => {
      refuse(socket, 400, 'Bad Request')
      this.#failed.get(request)?.()
    })
    this.#servers.set(maxPayload, server)
    return server
  }
}

function serve(webSocket: WebSocket, socket: Duplex, open: Open, writeTimeout: number): void {
  const timeout = new WriteTimeout(systemClock, writeTimeout, () => webSocket.terminate())
  const sink = new FrameSink(webSocket, socket, timeout)
  const events: RawSocketEvents = open({
    write: (batch) => sink.write(batch),
    get bytesQueued() {
      return sink.bytesQueued
    },
    close: (code, reason) => sink.close(code, reason),
    terminate: () => webSocket.terminate(),
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
    tellsPongs: true,
  })
  webSocket.on('message', (data: Buffer, isBinary) => {
    // Of its own: the library's may be a part of something larger.
    events.message(isBinary ? new Uint8Array(data) : data.toString('utf8'))
  })
  webSocket.on('pong', () => events.pong())
  webSocket.on('close', (code, reason) => events.closed(code, reason.toString('utf8')))
  // A broken frame or a reset connection: the library closes, and `close` follows.
  webSocket.on('error', () => {})
}

/** The header, wherever a framework reads it; one that the client has sent is gone. */
function nameUpgrade(request: IncomingMessage, id: string): void {
  const { rawHeaders } = request
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    if (rawHeaders[at]?.toLowerCase() === upgradeHeader) rawHeaders.splice(at, 2)
  }
  rawHeaders.push(upgradeHeader, id)
  request.headers[upgradeHeader] = id
}

/** Headers in the forms that `writeHead` takes: an object, pairs, or names and values by turns. */
function setHeaders(response: ServerResponse, headers: unknown): void {
  if (Array.isArray(headers)) {
    const isFlat = !Array.isArray(headers[0])
    const pairs = isFlat
      ? Array.from({ length: headers.length / 2 }, (_, index) => [headers[index * 2], headers[index * 2 + 1]])
      : headers
    for (const [name] of pairs as [string, OutgoingHttpHeader][]) response.removeHeader(name)
    for (const [name, value] of pairs as [string, string | string[]][]) response.appendHeader(name, value)
  } else if (typeof headers === 'object' && headers !== null) {
    for (const [name, value] of Object.entries(headers as Record<string, OutgoingHttpHeader | undefined>)) {
      if (value !== undefined) response.setHeader(name, value)
    }
  }
}

function cookiesOf(response: ServerResponse): readonly string[] {
  const cookies = response.getHeader('set-cookie')
  return cookies === undefined ? [] : Array.isArray(cookies) ? cookies : [String(cookies)]
}

/** What came with an answer that is not sent: its callback is called all the same. */
function callBack(parameters: readonly unknown[]): void {
  const callback = parameters.findLast((parameter) => typeof parameter === 'function')
  if (typeof callback === 'function') queueMicrotask(() => void callback())
}

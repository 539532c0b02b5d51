/** Upgrades: `/connection/websocket` and `/connection/uni_websocket`. What may not connect gets no handshake. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws'
import type { CheckedConfig } from '../config/config.ts'
import type { Core } from '../core.ts'
import type { OriginRules } from './origins.ts'
import { sizeLimits } from '../transports/frame-sink.ts'
import { isConnectRequest, serveUniWebSocket, serveWebSocket } from '../transports/websocket.ts'
import { claim } from './claim.ts'
import { handshakeOf, isFromAllowedPage, refuse, urlOf } from './http.ts'

const jsonSubprotocol = 'centrifuge-json'
const protobufSubprotocol = 'centrifuge-protobuf'

export class WebSocketRoutes {
  readonly #core: Core
  readonly #origins: OriginRules
  readonly #bidirectional: WebSocketServer
  readonly #unidirectional: WebSocketServer

  constructor(core: Core, origins: OriginRules) {
    this.#core = core
    this.#origins = origins
    const { websocket, uni_websocket: uniWebSocket } = core.config
    this.#bidirectional = new WebSocketServer({
      ...serverOptions(websocket),
      handleProtocols: (offered: Set<string>) =>
        // What the client would rather have stands first.
        Array.from(offered).find((name) => name === protobufSubprotocol || name === jsonSubprotocol) ?? false,
    })
    this.#unidirectional = new WebSocketServer({
      ...serverOptions(uniWebSocket),
      handleProtocols: () => false,
    })
    for (const server of this.#servers) {
      // The library's own refusals of a handshake, in the words of the others.
      server.on('wsClientError', (_error, socket, request) => {
        const isGet = request.method === 'GET'
        refuse(socket, isGet ? 400 : 405, isGet ? 'Bad Request' : 'Method Not Allowed')
      })
    }
  }

  /** Sockets that are open or still closing. */
  get sockets(): readonly WebSocket[] {
    return this.#servers.flatMap((server) => Array.from(server.clients))
  }

  /** Whether the path is one of these. */
  claims(pathname: string): boolean {
    const { websocket, uni_websocket: uniWebSocket } = this.#core.config
    return (
      (pathname === websocket.handler_prefix && !websocket.disabled) ||
      (pathname === uniWebSocket.handler_prefix && uniWebSocket.enabled)
    )
  }

  /** Takes an upgrade that is the hub's; false leaves the socket to the app, untouched. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const { pathname, query } = urlOf(request)
    if (!this.claims(pathname)) return false
    claim(socket)
    const parameters = new URLSearchParams(query)
    if (!this.#core.admits()) refuse(socket, 503, 'Service Unavailable', '')
    else if (!isFromAllowedPage(this.#core.logger, this.#origins, request)) refuse(socket, 403, 'Forbidden')
    else if (pathname === this.#core.config.websocket.handler_prefix) this.#upgrade(request, socket, head, parameters)
    else this.#upgradeUni(request, socket, head, parameters)
    return true
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, parameters: URLSearchParams): void {
    const isAsked = parameters.get('cf_protocol') === 'protobuf' || parameters.get('format') === 'protobuf'
    const pingsWithFrames = parameters.get('cf_ws_frame_ping_pong') === 'true'
    this.#bidirectional.handleUpgrade(request, socket, head, (webSocket) => {
      const protocol = isAsked || webSocket.protocol === protobufSubprotocol ? 'protobuf' : 'json'
      const handshake = handshakeOf(request, 'websocket', protocol)
      serveWebSocket(this.#core, { webSocket, socket, handshake }, { pingsWithFrames })
    })
  }

  #upgradeUni(request: IncomingMessage, socket: Duplex, head: Buffer, parameters: URLSearchParams): void {
    const connectRequest = parameters.get('cf_connect') || undefined
    const options = this.#core.config.uni_websocket
    if (connectRequest !== undefined && !isConnectRequest(connectRequest)) {
      refuse(socket, 400, 'Bad Request', 'invalid connect request\n')
      return
    }
    this.#unidirectional.handleUpgrade(request, socket, head, (webSocket) => {
      const handshake = handshakeOf(request, 'uni_websocket', 'json')
      serveUniWebSocket(
        this.#core,
        { webSocket, socket, handshake },
        {
          joinsPushes: options.join_push_messages,
          tellsDisconnect: !options.disable_disconnect_push,
          isAbrupt: options.disable_closing_handshake,
          connectRequest,
        },
      )
    })
  }

  get #servers(): readonly WebSocketServer[] {
    return [this.#bidirectional, this.#unidirectional]
  }
}

function serverOptions(options: CheckedConfig['websocket' | 'uni_websocket']): ServerOptions {
  const { compression, compression_min_size: threshold, compression_level: level } = options
  return {
    noServer: true,
    ...sizeLimits(options.message_size_limit),
    perMessageDeflate: compression && { threshold, serverNoContextTakeover: true, zlibDeflateOptions: { level } },
  }
}

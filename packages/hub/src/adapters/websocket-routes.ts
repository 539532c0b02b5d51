/** Upgrades: `/connection/websocket` and `/connection/uni_websocket`. What may not connect gets no handshake. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Server as LibraryServer, type WebSocket, WebSocketServer } from 'ws'
import type { CheckedConfig } from '../config/config.ts'
import type { Core } from '../core.ts'
import type { OriginRules } from './origins.ts'
import { sizeLimits } from '../transports/frame-sink.ts'
import {
  HubWebSocket,
  isConnectRequest,
  serveUniWebSocket,
  serveWebSocket,
  type UpgradedWebSocket,
} from '../transports/websocket.ts'
import { WriteTimeout } from '../transports/write-timeout.ts'
import { deflatingWires } from '../transports/deflate.ts'
import { wires, type WebSocketWires } from '../wires/wires.ts'
import { claim } from './claim.ts'
import { handshakeOf, headerOf, isFromAllowedPage, refuse, urlOf } from './http.ts'

const jsonSubprotocol = 'centrifuge-json'
const protobufSubprotocol = 'centrifuge-protobuf'

/** Below 15 bits, which is what everybody gets. */
const smallWindow = /server_max_window_bits\s*=\s*"?(?:8|9|1[0-4])\b/i

type Options = CheckedConfig['websocket' | 'uni_websocket']
type Server = LibraryServer<typeof HubWebSocket>

/** Does the handshakes of one transport: a client that can be sent what all others are meets the deflating server. */
interface Handshakes {
  readonly plain: Server
  readonly deflating: { readonly server: Server; readonly wires: WebSocketWires } | undefined
  /** For all that it has upgraded. */
  readonly timeout: WriteTimeout
  /** What it has upgraded and is open or still closing. The library's own list costs a listener for each. */
  readonly open: Set<WebSocket>
}

export class WebSocketRoutes {
  readonly #core: Core
  readonly #origins: OriginRules
  readonly #bidirectional: Handshakes
  readonly #unidirectional: Handshakes

  constructor(core: Core, origins: OriginRules) {
    this.#core = core
    this.#origins = origins
    const { websocket, uni_websocket: uniWebSocket } = core.config
    this.#bidirectional = handshakes(
      core,
      websocket,
      // What the client would rather have stands first.
      (offered) =>
        Array.from(offered).find((name) => name === protobufSubprotocol || name === jsonSubprotocol) ?? false,
    )
    this.#unidirectional = handshakes(core, uniWebSocket, () => false)
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
    return [...this.#bidirectional.open, ...this.#unidirectional.open]
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
    shakeHands(this.#bidirectional, request, socket, head, (upgraded) => {
      const protocol = isAsked || upgraded.webSocket.protocol === protobufSubprotocol ? 'protobuf' : 'json'
      serveWebSocket(this.#core, upgraded, handshakeOf(request, 'websocket', protocol), { pingsWithFrames })
    })
  }

  #upgradeUni(request: IncomingMessage, socket: Duplex, head: Buffer, parameters: URLSearchParams): void {
    const connectRequest = parameters.get('cf_connect') || undefined
    const options = this.#core.config.uni_websocket
    if (connectRequest !== undefined && !isConnectRequest(connectRequest)) {
      refuse(socket, 400, 'Bad Request', 'invalid connect request\n')
      return
    }
    shakeHands(this.#unidirectional, request, socket, head, (upgraded) => {
      serveUniWebSocket(this.#core, upgraded, handshakeOf(request, 'uni_websocket', 'json'), {
        joinsPushes: options.join_push_messages,
        tellsDisconnect: !options.disable_disconnect_push,
        isAbrupt: options.disable_closing_handshake,
        connectRequest,
      })
    })
  }

  get #servers(): readonly Server[] {
    return [this.#bidirectional, this.#unidirectional].flatMap(({ plain, deflating }) =>
      deflating ? [plain, deflating.server] : [plain],
    )
  }
}

function handshakes(
  { clock }: Core,
  options: Options,
  handleProtocols: (offered: Set<string>) => string | false,
): Handshakes {
  const limits = sizeLimits(options.message_size_limit)
  const own = { ...limits, noServer: true, clientTracking: false, WebSocket: HubWebSocket, handleProtocols }
  const plain = new WebSocketServer({ ...own, perMessageDeflate: false })
  const all = { plain, timeout: new WriteTimeout(clock, options.write_timeout), open: new Set<WebSocket>() }
  if (!options.compression) return { ...all, deflating: undefined }
  const server = new WebSocketServer({ ...own, perMessageDeflate: { serverNoContextTakeover: true } })
  return { ...all, deflating: { server, wires: deflatingWires(options) } }
}

/** @param serve gets the wires that the handshake has agreed to */
function shakeHands(
  { plain, deflating, timeout, open }: Handshakes,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  serve: (upgraded: UpgradedWebSocket) => void,
): void {
  // Who wants a smaller window than all the others would need messages of its own.
  const wantsOwnWindow = smallWindow.test(headerOf(request, 'sec-websocket-extensions') ?? '')
  if (!deflating || wantsOwnWindow) {
    plain.handleUpgrade(request, socket, head, (webSocket) =>
      serve({ webSocket, socket, wires: wires.webSocket, timeout, open }),
    )
    return
  }
  deflating.server.handleUpgrade(request, socket, head, (webSocket) => {
    const agreed = webSocket.extensions === '' ? wires.webSocket : deflating.wires
    serve({ webSocket, socket, wires: agreed, timeout, open })
  })
}

/**
 * A WebSocket connection: `ws` reads frames and does the handshakes. What is sent are frames that were built once for all
 * subscribers, compressed or not, written to the socket as they are, which the library's `send` would not allow. That
 * is safe because every write here is whole frames, the library's own (pings, pongs, Close) are whole frames too, and
 * nothing is ever sent through it that would take its time.
 */
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { decodeConnectRequest, disconnect } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { connectionClosed } from '../session/connection-closed.ts'
import type { Connection, Handshake, Session } from '../session/session.ts'
import { closeTimeoutMs, FrameSink } from './frame-sink.ts'
import type { Frame, Wire } from '../wires/wire.ts'
import type { WebSocketWires } from '../wires/wires.ts'
import type { WriteTimeout } from './write-timeout.ts'

/** The library's, with what it is the socket of: so one listener does for ten thousand of them. */
export class HubWebSocket extends WebSocket {
  connection: WebSocketConnection | undefined = undefined
}

/** An upgraded WebSocket, and what it shares with the others of its transport. */
export interface UpgradedWebSocket {
  readonly webSocket: HubWebSocket
  /** The one that was upgraded. */
  readonly socket: Duplex
  /** Those that its handshake has agreed to. */
  readonly wires: WebSocketWires
  readonly timeout: WriteTimeout
  /** All that are open or still closing. */
  readonly open: Set<WebSocket>
}

const badRequest = disconnect('badRequest')
const writeError = disconnect('writeError')

/** All that a connection has of its own, in one object: closures and an object for each of its roles would be 1 KB more. */
class WebSocketConnection extends FrameSink implements Connection {
  readonly wire: Wire
  protected readonly core: Core
  readonly #open: Set<WebSocket>
  pingFrame: Connection['pingFrame']
  #session: Session | undefined

  constructor(core: Core, { webSocket, socket, timeout, open }: UpgradedWebSocket, wire: Wire) {
    super(webSocket, socket, timeout)
    webSocket.connection = this
    this.wire = wire
    this.core = core
    this.#open = open
  }

  /** Pings are frames of WebSocket's own, in place of the protocol's or beside them. */
  pingWithFrames(isAlone: boolean): void {
    this.pingFrame = { ping: () => this.webSocket.ping(), isAlone }
    this.webSocket.on('pong', onPong)
  }

  /** Makes it a session; from here on its end is told. */
  begin(handshake: Handshake): Session {
    this.#open.add(this.webSocket)
    this.webSocket.on('close', onClose).on('error', onError)
    this.#session = this.core.connect(this, handshake)
    return this.#session
  }

  message(data: Buffer): void {
    this.#session?.receive(this.#session.protocol === 'protobuf' ? data : data.toString('utf8'))
  }

  pong(): void {
    this.#session?.pongFrame()
  }

  closed(): void {
    this.#open.delete(this.webSocket)
    this.#session?.closed()
  }

  failed(reason: string): void {
    this.core.logger.info({ client: this.#session?.client, reason }, 'websocket error')
  }

  onWriteTimeout(): void {
    this.#session?.disconnect(writeError)
  }

  override close(code: number, reason: string): void {
    if (code === connectionClosed.code) this.terminate()
    else super.close(code, reason)
  }
}

function connectionOf(webSocket: WebSocket): WebSocketConnection | undefined {
  return webSocket instanceof HubWebSocket ? webSocket.connection : undefined
}

function onMessage(this: WebSocket, data: unknown): void {
  connectionOf(this)?.message(data as Buffer)
}

function onPong(this: WebSocket): void {
  connectionOf(this)?.pong()
}

function onClose(this: WebSocket): void {
  connectionOf(this)?.closed()
}

/** A broken frame or a reset connection: the library closes, and `close` follows. */
function onError(this: WebSocket, error: Error): void {
  connectionOf(this)?.failed(error.message)
}

export interface WebSocketOptions {
  /** Pings and pongs are frames of WebSocket's own, for tools that don't speak the protocol's. */
  readonly pingsWithFrames: boolean
}

/** Makes it a session that is spoken to both ways. */
export function serveWebSocket(
  core: Core,
  upgraded: UpgradedWebSocket,
  handshake: Handshake,
  { pingsWithFrames }: WebSocketOptions,
): void {
  const { webSocket, wires } = upgraded
  const wire = handshake.protocol === 'protobuf' ? wires.protobuf : wires.json
  const connection = new WebSocketConnection(core, upgraded, wire)
  if (pingsWithFrames) connection.pingWithFrames(true)
  connection.begin(handshake)
  webSocket.on('message', onMessage)
}

export interface UniWebSocketOptions {
  /** Why a connection ends is said in a message before it is said in Close: bare clients see messages only. */
  readonly tellsDisconnect: boolean
  /** Ends without Close, which some bare clients take for a failure. */
  readonly isAbrupt: boolean
  /** Several messages in a frame, a line each. */
  readonly joinsPushes: boolean
  /** The connect request, when it came with the handshake; else it is the first frame. */
  readonly connectRequest: Frame | undefined
}

/** Ends as its options have it. */
class UniWebSocketConnection extends WebSocketConnection {
  readonly isUnidirectional = true
  readonly #tellsDisconnect: boolean
  readonly #isAbrupt: boolean

  constructor(core: Core, upgraded: UpgradedWebSocket, options: UniWebSocketOptions) {
    super(core, upgraded, options.joinsPushes ? upgraded.wires.uniJoined : upgraded.wires.uni)
    this.#tellsDisconnect = options.tellsDisconnect
    this.#isAbrupt = options.isAbrupt
  }

  override close(code: number, reason: string): void {
    if (this.#tellsDisconnect && code !== connectionClosed.code) {
      this.write([this.wire.push({ disconnect: { code, reason } })])
    }
    if (this.#isAbrupt) this.#drop()
    else super.close(code, reason)
  }

  /** The first frame was no connect request: what was never understood is told by Close alone. */
  refuse(): void {
    if (this.#isAbrupt) this.#drop()
    else super.close(badRequest.code, badRequest.reason)
  }

  /** Behind what was written; a peer that does not read that far is dropped in the end. */
  #drop(): void {
    this.socket.end()
    const cancel = this.core.clock.setTimer(() => this.terminate(), closeTimeoutMs)
    this.webSocket.once('close', cancel)
  }
}

/** Makes it a session that only listens. */
export function serveUniWebSocket(
  core: Core,
  upgraded: UpgradedWebSocket,
  handshake: Handshake,
  options: UniWebSocketOptions,
): void {
  const connection = new UniWebSocketConnection(core, upgraded, options)
  connection.pingWithFrames(false)
  const session = connection.begin(handshake)
  if (options.connectRequest !== undefined) {
    session.receive(options.connectRequest)
    return
  }
  upgraded.webSocket.once('message', (data: Buffer) => {
    const text = data.toString('utf8')
    if (isConnectRequest(text)) {
      session.receive(text)
      return
    }
    session.closed()
    connection.refuse()
  })
}

/** Whether a unidirectional connection can begin with it. */
export function isConnectRequest(text: string): boolean {
  if (text === '') return false
  try {
    decodeConnectRequest(text)
    return true
  } catch {
    return false
  }
}

/**
 * A WebSocket connection: `ws` reads frames and does the handshakes. What is sent are frames that were built once for all
 * subscribers, compressed or not, written to the socket as they are, which the library's `send` would not allow. That
 * is safe because every write here is whole frames, the library's own (pings, pongs, Close) are whole frames too, and
 * nothing is ever sent through it that would take its time.
 */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { decodeConnectRequest, disconnect } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import type { Connection, Handshake, Session } from '../session/session.ts'
import type { Sink } from '../fanout/sink.ts'
import { closeTimeoutMs, closeWebSocket, FrameSink, withoutFrame } from './frame-sink.ts'
import type { Frame, Wire } from '../wires/wire.ts'
import type { WebSocketWires } from '../wires/wires.ts'
import { writeTimeout } from './write-timeout.ts'

interface UniEnd {
  /** Why a connection ends is said in a message before it is said in Close: bare clients see messages only. */
  readonly tellsDisconnect: boolean
  /** Ends without Close, which some bare clients take for a failure. */
  readonly isAbrupt: boolean
}

/** Ends a unidirectional connection as its options have it. */
class UniSink implements Sink {
  readonly #inner: Sink
  readonly #wire: Wire
  readonly #end: UniEnd & { drop(): void }

  constructor(inner: Sink, wire: Wire, end: UniEnd & { drop(): void }) {
    this.#inner = inner
    this.#wire = wire
    this.#end = end
  }

  get bytesQueued(): number {
    return this.#inner.bytesQueued
  }

  write(batch: readonly Uint8Array[]): void {
    this.#inner.write(batch)
  }

  close(code: number, reason: string): void {
    const { tellsDisconnect, isAbrupt } = this.#end
    if (tellsDisconnect && code !== withoutFrame) {
      this.#inner.write([this.#wire.push({ disconnect: { code, reason } })])
    }
    if (isAbrupt) this.#end.drop()
    else this.#inner.close(code, reason)
  }
}

const badRequest = disconnect('badRequest')
/** An upgraded WebSocket and what its handshake asked for. */
export interface UpgradedWebSocket {
  readonly webSocket: WebSocket
  /** The one that was upgraded. */
  readonly socket: Duplex
  readonly handshake: Handshake
  /** Those that its handshake has agreed to. */
  readonly wires: WebSocketWires
}

export interface WebSocketOptions {
  /** Pings and pongs are frames of WebSocket's own, for tools that don't speak the protocol's. */
  readonly pingsWithFrames: boolean
}

/** Makes it a session that is spoken to both ways. */
export function serveWebSocket(core: Core, upgraded: UpgradedWebSocket, { pingsWithFrames }: WebSocketOptions): void {
  const { webSocket, socket, handshake, wires } = upgraded
  const isBinary = handshake.protocol === 'protobuf'
  const timeout = writeTimeout(core, core.config.websocket.write_timeout, () => session)
  const connection: Connection = {
    sink: new FrameSink(webSocket, socket, timeout),
    wire: isBinary ? wires.protobuf : wires.json,
    ...(pingsWithFrames ? { pingFrame: { ping: () => webSocket.ping(), isAlone: true } } : {}),
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  }
  const session: Session = core.connect(connection, handshake)
  if (pingsWithFrames) webSocket.on('pong', () => session.pongFrame())
  webSocket.on('message', (data: Buffer) => session.receive(isBinary ? data : data.toString('utf8')))
  endWith(core, webSocket, session)
}

export interface UniWebSocketOptions extends UniEnd {
  /** Several messages in a frame, a line each. */
  readonly joinsPushes: boolean
  /** The connect request, when it came with the handshake; else it is the first frame. */
  readonly connectRequest: Frame | undefined
}

/** Makes it a session that only listens. */
export function serveUniWebSocket(core: Core, upgraded: UpgradedWebSocket, options: UniWebSocketOptions): void {
  const { webSocket, socket, handshake, wires } = upgraded
  const timeout = writeTimeout(core, core.config.uni_websocket.write_timeout, () => session)
  const sink = new FrameSink(webSocket, socket, timeout)
  const wire = options.joinsPushes ? wires.uniJoined : wires.uni
  // Behind what was written; a peer that does not read that far is dropped in the end.
  const drop = (): void => {
    socket.end()
    const cancel = core.clock.setTimer(() => webSocket.terminate(), closeTimeoutMs)
    webSocket.once('close', cancel)
  }
  const connection: Connection = {
    sink: new UniSink(sink, wire, { ...options, drop }),
    wire,
    isUnidirectional: true,
    pingFrame: { ping: () => webSocket.ping(), isAlone: false },
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  }
  const session: Session = core.connect(connection, handshake)
  webSocket.on('pong', () => session.pongFrame())
  if (options.connectRequest === undefined) {
    webSocket.once('message', (data: Buffer) => {
      const text = data.toString('utf8')
      if (isConnectRequest(text)) session.receive(text)
      else {
        // What was never understood is told by Close alone.
        session.closed()
        if (options.isAbrupt) drop()
        else closeWebSocket(webSocket, badRequest.code, badRequest.reason)
      }
    })
  } else session.receive(options.connectRequest)
  endWith(core, webSocket, session)
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

function endWith(core: Core, webSocket: WebSocket, session: Session): void {
  webSocket.on('close', () => session.closed())
  // A broken frame or a reset connection: the library closes, and `close` follows.
  webSocket.on('error', (error) => {
    core.logger.info({ client: session.client, reason: error.message }, 'websocket error')
  })
}

/**
 * A WebSocket connection: `ws` reads frames and does the handshakes. What is sent goes one of two ways, and never both
 * on one connection:
 *
 * - Without compression frames are built once for all subscribers and written to the socket as they are, which the
 *   library's `send` would not allow. That is safe because every write here is whole frames, and the library's own
 *   (pings, pongs, Close) are whole frames too.
 * - With compression a frame belongs to its connection and is on its way for a while: every message goes through the
 *   library, and a raw write would land in the middle of one.
 */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { disconnect } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import type { Connection, Handshake } from '../session.ts'
import type { Sink } from '../sink.ts'
import type { Frame, Wire } from '../wire.ts'
import { wires } from '../wires/wires.ts'

/** How long a peer may take to answer Close, or to read what stands before it; then the socket is destroyed. */
export const closeTimeoutMs = 4000

class FrameSink implements Sink {
  readonly #webSocket: WebSocket
  readonly #socket: Duplex

  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket
    this.#socket = socket
  }

  get bytesQueued(): number {
    return this.#socket.writableLength
  }

  write(batch: readonly Uint8Array[]): void {
    // The library answers a peer's Close by itself; from then on no data may follow.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    const [first] = batch
    if (first && batch.length === 1) {
      this.#socket.write(first)
      return
    }
    this.#socket.cork()
    for (const bytes of batch) this.#socket.write(bytes)
    this.#socket.uncork()
  }

  close(code: number, reason: string): void {
    closeWebSocket(this.#webSocket, code, reason)
  }
}

class MessageSink implements Sink {
  readonly #webSocket: WebSocket
  readonly #isBinary: boolean

  constructor(webSocket: WebSocket, isBinary: boolean) {
    this.#webSocket = webSocket
    this.#isBinary = isBinary
  }

  get bytesQueued(): number {
    return this.#webSocket.bufferedAmount
  }

  write(batch: readonly Uint8Array[]): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    for (const message of batch) this.#webSocket.send(message, { binary: this.#isBinary })
  }

  close(code: number, reason: string): void {
    closeWebSocket(this.#webSocket, code, reason)
  }
}

/** Says why in a message before it says so in Close: bare clients see messages only. */
class TellingSink implements Sink {
  readonly #inner: Sink
  readonly #wire: Wire

  constructor(inner: Sink, wire: Wire) {
    this.#inner = inner
    this.#wire = wire
  }

  get bytesQueued(): number {
    return this.#inner.bytesQueued
  }

  write(batch: readonly Uint8Array[]): void {
    this.#inner.write(batch)
  }

  close(code: number, reason: string): void {
    if (code !== withoutFrame) this.#inner.write([this.#wire.push({ disconnect: { code, reason } })])
    this.#inner.close(code, reason)
  }
}

/** The protocol has this code for a connection that is dropped without a word. */
const withoutFrame = disconnect('connectionClosed').code

function closeWebSocket(webSocket: WebSocket, code: number, reason: string): void {
  if (code === withoutFrame) webSocket.terminate()
  else webSocket.close(code, reason)
}

/** An upgraded WebSocket and what its handshake asked for. */
export interface UpgradedWebSocket {
  readonly webSocket: WebSocket
  /** The one that was upgraded. */
  readonly socket: Duplex
  readonly handshake: Handshake
}

export interface WebSocketOptions {
  /** Pings and pongs are frames of WebSocket's own, for tools that don't speak the protocol's. */
  readonly pingsWithFrames: boolean
}

/** Makes it a session that is spoken to both ways. */
export function serveWebSocket(core: Core, upgraded: UpgradedWebSocket, { pingsWithFrames }: WebSocketOptions): void {
  const { webSocket, socket, handshake } = upgraded
  const isBinary = handshake.protocol === 'protobuf'
  const connection: Connection = {
    ...(webSocket.extensions === ''
      ? {
          sink: new FrameSink(webSocket, socket),
          wire: isBinary ? wires.protobufWebSocket : wires.jsonWebSocket,
        }
      : {
          sink: new MessageSink(webSocket, isBinary),
          wire: isBinary ? wires.protobufWebSocketMessage : wires.jsonWebSocketMessage,
        }),
    ...(pingsWithFrames ? { pingFrame: { ping: () => webSocket.ping(), isAlone: true } } : {}),
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  }
  const session = core.connect(connection, handshake)
  if (pingsWithFrames) webSocket.on('pong', () => session.pongFrame())
  webSocket.on('message', (data: Buffer) => session.receive(isBinary ? data : data.toString('utf8')))
  endWith(core, webSocket, session)
}

export interface UniWebSocketOptions {
  /** Several messages in a frame, a line each. */
  readonly joinsPushes: boolean
  readonly tellsDisconnect: boolean
  /** The connect request, when it came with the handshake; else it is the first frame. */
  readonly connectRequest: Frame | undefined
}

/** Makes it a session that only listens. */
export function serveUniWebSocket(core: Core, upgraded: UpgradedWebSocket, options: UniWebSocketOptions): void {
  const { webSocket, socket, handshake } = upgraded
  const wire = options.joinsPushes ? wires.uniWebSocketJoined : wires.uniWebSocket
  const frames = new FrameSink(webSocket, socket)
  const connection: Connection = {
    sink: options.tellsDisconnect ? new TellingSink(frames, wire) : frames,
    wire,
    isUnidirectional: true,
    pingFrame: { ping: () => webSocket.ping(), isAlone: false },
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  }
  const session = core.connect(connection, handshake)
  webSocket.on('pong', () => session.pongFrame())
  if (options.connectRequest === undefined) {
    webSocket.once('message', (data: Buffer) => session.receive(data.toString('utf8')))
  } else session.receive(options.connectRequest)
  endWith(core, webSocket, session)
}

function endWith(core: Core, webSocket: WebSocket, session: ReturnType<Core['connect']>): void {
  webSocket.on('close', () => session.closed())
  // A broken frame or a reset connection: the library closes, and `close` follows.
  webSocket.on('error', (error) => {
    core.logger.info({ client: session.client, reason: error.message }, 'websocket error')
  })
}

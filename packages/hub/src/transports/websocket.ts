/**
 * A WebSocket connection: `ws` reads frames and does the handshakes. What is sent goes one of two ways, and never both
 * on one connection:
 *
 * - Without compression frames are built once for all subscribers and written to the socket as they are, which the
 *   library's `send` would not allow. That is safe because every write here is whole frames, and the library's own
 *   (pongs, Close) are whole frames too.
 * - With compression a frame belongs to its connection and is on its way for a while: every message goes through the
 *   library, and a raw write would land in the middle of one.
 */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { disconnect } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import type { Connection, Handshake } from '../session.ts'
import type { Sink } from '../sink.ts'
import { jsonWebSocket, jsonWebSocketMessage } from './json-websocket.ts'

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

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket
  }

  get bytesQueued(): number {
    return this.#webSocket.bufferedAmount
  }

  write(batch: readonly Uint8Array[]): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    for (const message of batch) this.#webSocket.send(message, { binary: false })
  }

  close(code: number, reason: string): void {
    closeWebSocket(this.#webSocket, code, reason)
  }
}

/** The protocol has this code for a connection that is dropped without a word. */
const withoutFrame = disconnect('connectionClosed').code

function closeWebSocket(webSocket: WebSocket, code: number, reason: string): void {
  if (code === withoutFrame) webSocket.terminate()
  else webSocket.close(code, reason)
}

/** Makes an upgraded WebSocket a session of the hub. @param socket the one that was upgraded */
export function serveWebSocket(core: Core, webSocket: WebSocket, socket: Duplex, handshake: Handshake): void {
  const connection: Connection = {
    ...(webSocket.extensions === ''
      ? { sink: new FrameSink(webSocket, socket), wire: jsonWebSocket }
      : { sink: new MessageSink(webSocket), wire: jsonWebSocketMessage }),
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  }
  const session = core.connect(connection, handshake)
  webSocket.on('message', (data: Buffer) => session.receive(data.toString('utf8')))
  webSocket.on('close', () => session.closed())
  // A broken frame or a reset connection: the library closes, and `close` follows.
  webSocket.on('error', (error) => {
    core.logger.info({ client: session.client, reason: error.message }, 'websocket error')
  })
}

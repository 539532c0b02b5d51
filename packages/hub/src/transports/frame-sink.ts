/** Ready frames for a socket whose frames are otherwise the library's: both faces write to WebSockets through it. */
import type { Duplex } from 'node:stream'
import type { ServerOptions, WebSocket } from 'ws'
import type { Sink } from '../fanout/sink.ts'
import { writeBatch } from './write-batch.ts'
import type { TimedWrites, WriteTimeout } from './write-timeout.ts'

/** How long a peer may take to answer Close, or to read what stands before it; then the socket is destroyed. */
export const closeTimeoutMs = 4000

/**
 * Limits of the library against frames that never end: nobody needs more pieces than these for 64 KiB, and larger
 * messages may come in as many more.
 * @param maxPayload bytes of the largest message
 */
export function sizeLimits(maxPayload: number): ServerOptions {
  const times = Math.max(1, Math.ceil(maxPayload / 65_536))
  // In a variable of its own: `closeTimeout` is not in the library's types yet.
  const limits = { maxPayload, maxFragments: 64 * times, maxBufferedChunks: 1024 * times, closeTimeout: closeTimeoutMs }
  return limits
}

export abstract class FrameSink implements Sink, TimedWrites {
  protected readonly webSocket: WebSocket
  /** The one that was upgraded. */
  protected readonly socket: Duplex
  readonly #timeout: WriteTimeout
  isWriteTimed = false

  constructor(webSocket: WebSocket, socket: Duplex, timeout: WriteTimeout) {
    this.webSocket = webSocket
    this.socket = socket
    this.#timeout = timeout
  }

  abstract onWriteTimeout(): void

  get bytesQueued(): number {
    return this.socket.writableLength
  }

  write(batch: readonly Uint8Array[]): void {
    // The library answers a peer's Close by itself; from then on no data may follow.
    if (this.webSocket.readyState !== this.webSocket.OPEN) return
    writeBatch(this.socket, batch)
    this.#timeout.watch(this.socket, this)
  }

  close(code: number, reason: string): void {
    this.webSocket.close(code, reason)
  }

  /** Drops the connection without a word. */
  terminate(): void {
    this.webSocket.terminate()
  }

  pause(): void {
    this.webSocket.pause()
  }

  resume(): void {
    this.webSocket.resume()
  }
}

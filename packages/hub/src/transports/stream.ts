/**
 * A connection that is one long HTTP answer: HTTP-streaming and server-sent events. What the client has to say later
 * comes in requests of their own (emulation), or never (unidirectional).
 */
import type { ServerResponse } from 'node:http'
import { disconnect } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import type { Connection, Handshake, Session } from '../session.ts'
import type { Sink } from '../sink.ts'
import type { Frame, Wire } from '../wire.ts'

/** How long a peer may take to read what stands before the end; then the socket is destroyed. */
const endTimeoutMs = 4000

class StreamSink implements Sink {
  readonly #core: Core
  readonly #response: ServerResponse
  readonly #wire: Wire

  constructor(core: Core, response: ServerResponse, wire: Wire) {
    this.#core = core
    this.#response = response
    this.#wire = wire
  }

  get bytesQueued(): number {
    return this.#response.writableLength
  }

  write(batch: readonly Uint8Array[]): void {
    if (this.#response.writableEnded || this.#response.destroyed) return
    const [first] = batch
    if (first && batch.length === 1) {
      this.#response.write(first)
      return
    }
    this.#response.cork()
    for (const bytes of batch) this.#response.write(bytes)
    this.#response.uncork()
  }

  /** There is no Close here: the client is told in a message, then the answer ends. */
  close(code: number, reason: string): void {
    if (code !== disconnect('connectionClosed').code) this.write([this.#wire.push({ disconnect: { code, reason } })])
    this.#response.end()
    const cancel = this.#core.clock.setTimer(() => this.#response.destroy(), endTimeoutMs)
    this.#response.once('close', cancel)
  }
}

export interface StreamOptions {
  readonly wire: Wire
  /** Sent at once, so that whoever stands between sees an answer begin. */
  readonly preamble: string
  readonly contentType: string
  /** Whether later commands come in requests of their own, which name the session by its key. */
  readonly isEmulated: boolean
  /** What the client said with its request. */
  readonly firstFrame: Frame
}

/** For whoever stands between: neither keep nor collect. */
const streamHeaders = {
  'x-accel-buffering': 'no',
  'cache-control': 'private, no-cache, no-store, must-revalidate, max-age=0, no-transform',
  pragma: 'no-cache',
  expires: '0',
}

/** Makes an answer a session. It is the caller's to have read the request, and to have allowed it. */
export function serveStream(
  core: Core,
  response: ServerResponse,
  handshake: Handshake,
  { wire, preamble, contentType, isEmulated, firstFrame }: StreamOptions,
): Session {
  const { socket } = response
  // Small writes, each of which somebody waits for.
  socket?.setNoDelay(true)
  // The server's limits are for requests and answers, not for an answer that lasts.
  response.setTimeout(0)
  response.writeHead(200, { ...streamHeaders, 'content-type': contentType })
  if (preamble === '') response.flushHeaders()
  else response.write(preamble)
  const connection: Connection = {
    sink: new StreamSink(core, response, wire),
    wire,
    ...(isEmulated ? { isEmulated } : { isUnidirectional: true }),
    // Nothing can be left unread here: requests are refused while the session is congested.
    pause: () => {},
    resume: () => {},
  }
  const session = core.connect(connection, handshake)
  response.on('close', () => session.closed())
  response.on('error', (error) => core.logger.info({ client: session.client, reason: error.message }, 'stream error'))
  session.receive(firstFrame)
  return session
}

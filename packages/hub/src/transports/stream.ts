/**
 * A connection that is one long HTTP answer: HTTP-streaming and server-sent events. What the client has to say later
 * comes in requests of their own (emulation), or never (unidirectional).
 */
import type { ServerResponse } from 'node:http'
import { disconnect } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { connectionClosed } from '../session/connection-closed.ts'
import type { Connection, Handshake, Session } from '../session/session.ts'
import type { Frame, Wire } from '../wires/wire.ts'
import { writeBatch } from './write-batch.ts'
import { WriteTimeout, type TimedWrites } from './write-timeout.ts'

/** How long a peer may take to read what stands before the end; then the socket is destroyed. */
const endTimeoutMs = 4000

/** As long as Centrifugo gives one write of a stream. */
const writeTimeoutMs = 1000

const writeError = disconnect('writeError')

class StreamConnection implements Connection, TimedWrites {
  readonly #core: Core
  readonly #response: ServerResponse
  readonly #options: StreamOptions
  readonly #timeout: WriteTimeout
  readonly session: Session
  isWriteTimed = false

  constructor(core: Core, response: ServerResponse, handshake: Handshake, options: StreamOptions) {
    this.#core = core
    this.#response = response
    this.#options = options
    this.#timeout = new WriteTimeout(core.clock, writeTimeoutMs)
    this.session = core.connect(this, handshake)
  }

  get wire(): Wire {
    return this.#options.wire
  }

  get isEmulated(): boolean {
    return this.#options.isEmulated
  }

  get isUnidirectional(): boolean {
    return !this.#options.isEmulated
  }

  get answerFailure(): StreamOptions['answerFailure'] {
    return this.#options.answerFailure
  }

  get bytesQueued(): number {
    return this.#response.writableLength
  }

  /** The answer begins: from here on it is a stream. */
  begin(): void {
    const { contentType, preamble } = this.#options
    this.#response.writeHead(200, { ...streamHeaders, 'content-type': contentType })
    if (preamble === '') this.#response.flushHeaders()
    else this.#response.write(preamble)
  }

  write(batch: readonly Uint8Array[]): void {
    if (this.#response.writableEnded || this.#response.destroyed) return
    if (!this.#response.headersSent) this.begin()
    writeBatch(this.#response, batch)
    this.#timeout.watch(this.#response, this)
  }

  /** There is no Close here: the client is told in a message, then the answer ends. */
  close(code: number, reason: string): void {
    const { wire } = this.#options
    if (code !== connectionClosed.code) this.write([wire.push({ disconnect: { code, reason } })])
    this.#response.end()
    const cancel = this.#core.clock.setTimer(() => this.#response.destroy(), endTimeoutMs)
    this.#response.once('close', cancel)
  }

  onWriteTimeout(): void {
    this.session.disconnect(writeError)
  }

  /** Nothing can be left unread here: requests are refused while the session is congested. */
  pause(): void {}

  resume(): void {}
}

/** For whoever stands between: neither keep nor collect. */
const streamHeaders = {
  'x-accel-buffering': 'no',
  'cache-control': 'private, no-cache, no-store, must-revalidate, max-age=0, no-transform',
  pragma: 'no-cache',
  expires: '0',
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
  /** Answers a connect that failed, when that is not told in the stream; the answer begins once it has not. */
  readonly answerFailure?: ((code: number, message: string) => void) | undefined
}

/** Makes an answer a session. It is the caller's to have read the request, and to have allowed it. */
export function serveStream(core: Core, response: ServerResponse, handshake: Handshake, options: StreamOptions): void {
  // The server's limits are for requests and answers, not for an answer that lasts.
  response.setTimeout(0)
  const connection = new StreamConnection(core, response, handshake, options)
  if (!options.answerFailure) connection.begin()
  const { session } = connection
  response.on('close', () => session.closed())
  response.on('error', (error) => core.logger.info({ client: session.client, reason: error.message }, 'stream error'))
  session.receive(options.firstFrame)
}

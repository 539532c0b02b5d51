/**
 * Connections over plain HTTP: `/connection/http_stream`, `/connection/sse`, their unidirectional kin, and
 * `/emulation`, where the commands of the first two come in.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  decodeEmulation,
  decodeEmulationProtobuf,
  MalformedCommand,
  type EmulationRequest,
} from '@backchannel/protocol'
import type { Core } from '../core.ts'
import type { Transport } from '../handlers.ts'
import type { OriginRules } from './origins.ts'
import type { Handshake } from '../session/session.ts'
import { serveStream, type StreamOptions } from '../transports/stream.ts'
import { isConnectRequest } from '../transports/websocket.ts'
import type { Frame } from '../wires/wire.ts'
import { wires } from '../wires/wires.ts'
import { answer, handshakeOf, headerOf, isFromAllowedPage, plain, readBody, urlOf, type Answer } from './http.ts'

const plainText = 'text/plain; charset=utf-8'
const eventStream = 'text/event-stream; charset=utf-8'
/** Whoever stands between sees an answer begin, and an `EventSource` an empty line. */
const eventPreamble = '\r\n'

type StreamTransport = Exclude<Transport, 'websocket' | 'uni_websocket'>

type Route = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Answers that are all there is to say. */
class Refusal extends Error {
  readonly answer: Answer

  constructor(refused: Answer) {
    super(refused.body)
    this.answer = refused
  }
}

const methodNotAllowed: Answer = { status: 405, body: '' }
const badRequest: Answer = { status: 400, body: '' }
const tooLarge: Answer = { status: 413, body: '' }
const unavailable: Answer = { status: 503, body: '' }

export class StreamRoutes {
  readonly #core: Core
  readonly #origins: OriginRules
  readonly #open = new Set<ServerResponse>()

  constructor(core: Core, origins: OriginRules) {
    this.#core = core
    this.#origins = origins
  }

  /** Answers that have not ended yet. */
  get open(): readonly ServerResponse[] {
    return Array.from(this.#open)
  }

  /** Answers a request that is for one of these; false leaves it to the app, untouched. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { pathname } = urlOf(request)
    const answering = this.#routeOf(pathname)?.(request, response)
    answering?.catch((error: unknown) => {
      if (error instanceof Refusal) {
        request.resume()
        answer(response, error.answer)
        return
      }
      this.#core.report(error, 'http transport')
      response.destroy()
    })
    return answering !== undefined
  }

  /** What is enabled at this path. */
  #routeOf(pathname: string): Route | undefined {
    const { config } = this.#core
    const names = ['http_stream', 'sse', 'uni_http_stream', 'uni_sse'] as const
    const transport = names.find((name) => config[name].enabled && pathname === config[name].handler_prefix)
    if (transport) return (request, response) => this.#connect(request, response, transport)
    const { emulation, init, http_stream: httpStream, sse } = config
    const isEmulating = httpStream.enabled || sse.enabled
    if (isEmulating && pathname === emulation.handler_prefix) return (...both) => this.#emulate(...both)
    if (init.enabled && pathname === init.handler_prefix) return (...both) => this.#init(...both)
    return undefined
  }

  /** Nothing but an answer, on whose way to the client a balancer can set its cookie. */
  async #init(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET') throw new Refusal(methodNotAllowed)
    this.#guard(request, response)
    answer(response, { status: 200, contentType: 'application/json; charset=utf-8', body: '{}' })
  }

  async #connect(request: IncomingMessage, response: ServerResponse, transport: StreamTransport): Promise<void> {
    this.#guard(request, response)
    const isEvents = transport === 'sse' || transport === 'uni_sse'
    if (!isEvents && this.#isPreflight(request, response)) return
    if (!this.#core.admits()) throw new Refusal(unavailable)
    const protocol = transport === 'http_stream' && isProtobuf(request) ? 'protobuf' : 'json'
    const frame = await this.#firstFrame(request, transport, protocol)
    // Its client may have gone away while its request was read, and others may have come.
    if (frame === null || response.destroyed) return
    if (!this.#core.hasRoom()) throw new Refusal(unavailable)
    this.#open.add(response)
    response.on('close', () => this.#open.delete(response))
    serveStream(this.#core, response, handshakeOf(request, transport, protocol), {
      ...streamOptions(transport, protocol, frame),
      answerFailure: this.#failureAnswer(response, transport),
    })
  }

  /** What `connect_code_to_http_response` says a failed connect is answered with. */
  #failureAnswer(response: ServerResponse, transport: StreamTransport): StreamOptions['answerFailure'] {
    if (transport === 'http_stream' || transport === 'sse') return undefined
    const { enabled, transforms } = this.#core.config[transport].connect_code_to_http_response
    if (!enabled) return undefined
    return (code, message) => {
      const to = transforms.find((transform) => transform.code === code)?.to
      answer(response, { status: to?.status_code ?? 500, body: to ? to.body || message : 'Internal Server Error' })
    }
  }

  /** A command of a connection that is emulated, or several, as one frame. */
  async #emulate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#guard(request, response)
    if (this.#isPreflight(request, response)) return
    if (request.method !== 'POST') throw new Refusal(methodNotAllowed)
    const body = await this.#readBody(request, this.#core.config.emulation.max_request_body_size)
    if (body === null) return
    const { node, session: key, data } = emulationRequest(body, isProtobuf(request))
    if (node !== this.#core.id) throw new Refusal({ status: 404, body: '' })
    const session = this.#core.registry.withKey(key)
    // Unidirectional sessions have keys too, but nothing to say; and what is no frame says nothing.
    if (session && !session.isUnidirectional && data) {
      if (session.isCongested) throw new Refusal(unavailable)
      session.receive(session.protocol === 'protobuf' ? data : Buffer.from(data).toString('utf8'))
    }
    answer(response, { status: 204, body: '' })
  }

  /**
   * Whoever passes may read what is answered.
   * @throws Refusal for a page that may not connect: without it any page could act with its visitor's cookies
   */
  #guard(request: IncomingMessage, response: ServerResponse): void {
    if (!isFromAllowedPage(this.#core.logger, this.#origins, request)) throw new Refusal(plain(403, 'Forbidden'))
    response.setHeader('access-control-allow-credentials', 'true')
    response.setHeader('vary', 'Origin')
    const origin = headerOf(request, 'origin')
    if (origin === undefined) return
    const asked = headerOf(request, 'access-control-request-headers')
    response.setHeader('access-control-allow-origin', origin)
    if (asked !== undefined) response.setHeader('access-control-allow-headers', asked)
  }

  #isPreflight(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'OPTIONS') return false
    const headers = { 'access-control-max-age': '300', 'access-control-allow-methods': 'POST, OPTIONS' }
    answer(response, { status: 204, body: '', headers })
    return true
  }

  /** What the client said first; null when it went away. @throws Refusal */
  async #firstFrame(
    request: IncomingMessage,
    transport: StreamTransport,
    protocol: Handshake['protocol'],
  ): Promise<Frame | null> {
    const isUni = transport === 'uni_sse' || transport === 'uni_http_stream'
    const takesQuery = transport === 'sse' || transport === 'uni_sse'
    let frame: Frame
    if (request.method === 'GET' && takesQuery) {
      frame = new URLSearchParams(urlOf(request).query).get('cf_connect') ?? ''
      if (frame === '' && !isUni) throw new Refusal(badRequest)
    } else if (request.method === 'POST') {
      const body = await this.#readBody(request, this.#core.config[transport].max_request_body_size)
      if (body === null) return null
      frame = protocol === 'protobuf' ? body : body.toString('utf8')
      if (isUni && frame === '') throw new Refusal(badRequest)
    } else throw new Refusal(methodNotAllowed)
    // A bare EventSource has nothing to say.
    if (isUni && frame !== '' && !isConnectRequest(String(frame))) throw new Refusal(badRequest)
    return frame
  }

  async #readBody(request: IncomingMessage, maxLength: number): Promise<Buffer | null> {
    // Whoever begins a request and does not end it has as long as who opens a WebSocket and does not connect.
    const { clock, config } = this.#core
    const cancel = clock.setTimer(() => request.destroy(), config.client.stale_close_delay)
    request.once('end', cancel).once('close', cancel)
    const body = await new Promise<Buffer | undefined | null>((resolve) => readBody(request, maxLength, resolve))
    if (body === undefined) throw new Refusal(tooLarge)
    return body
  }
}

function streamOptions(transport: StreamTransport, protocol: Handshake['protocol'], firstFrame: Frame): StreamOptions {
  switch (transport) {
    case 'http_stream':
      return {
        wire: protocol === 'protobuf' ? wires.protobufStream : wires.jsonStream,
        preamble: '',
        contentType: protocol === 'protobuf' ? 'application/octet-stream' : plainText,
        isEmulated: true,
        firstFrame,
      }
    case 'sse':
      return { wire: wires.jsonEvents, preamble: eventPreamble, contentType: eventStream, isEmulated: true, firstFrame }
    case 'uni_http_stream':
      return { wire: wires.uniStream, preamble: '', contentType: plainText, isEmulated: false, firstFrame }
    case 'uni_sse':
      return { wire: wires.uniEvents, preamble: eventPreamble, contentType: eventStream, isEmulated: false, firstFrame }
  }
}

function isProtobuf(request: IncomingMessage): boolean {
  return headerOf(request, 'content-type') === 'application/octet-stream'
}

/** @throws Refusal */
function emulationRequest(body: Buffer, isBinary: boolean): EmulationRequest {
  try {
    return isBinary ? decodeEmulationProtobuf(body) : decodeEmulation(body.toString('utf8'))
  } catch (error) {
    if (!(error instanceof MalformedCommand)) throw error
    throw new Refusal(badRequest)
  }
}

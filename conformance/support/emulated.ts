import { type OutgoingHttpHeaders, request as httpRequest } from 'node:http'

import { type Connection, type Received, patience } from './connection.ts'
import { encodeCommands, encodeEmulation } from './protobuf.ts'
import { type Framing, openStream } from './raw-stream.ts'
import { readResponse } from './raw-socket.ts'

/** How an emulated connection is opened. */
export type Carrier = 'http_stream' | 'http_stream protobuf' | 'sse'

const framings: Record<Carrier, Framing> = { http_stream: 'lines', 'http_stream protobuf': 'protobuf', sse: 'events' }
const session = /,"session":"([^"]*)","node":"([^"]*)"/

/** A connection whose replies come on a stream, and whose commands after the first are requests of their own. */
export class Emulated implements Connection {
  readonly chosen: string
  readonly #connection: Connection
  readonly #root: string
  readonly #headers: OutgoingHttpHeaders
  readonly #isProtobuf: boolean
  readonly #held: Received[] = []
  #session: { session: string; node: string } | undefined

  private constructor(connection: Connection, root: string, headers: OutgoingHttpHeaders, isProtobuf: boolean) {
    this.chosen = connection.chosen
    this.#connection = connection
    this.#root = root
    this.#headers = headers
    this.#isProtobuf = isProtobuf
  }

  /** Opens with the first frame; a refusal is told as a line of text. */
  static async open(carrier: Carrier, root: string, headers: OutgoingHttpHeaders, text: string) {
    const isProtobuf = carrier === 'http_stream protobuf'
    const url = new URL(`/connection/${carrier === 'sse' ? 'sse' : 'http_stream'}`, root)
    if (carrier === 'sse') url.searchParams.set('cf_connect', text)
    const opened = await openStream(
      carrier === 'sse'
        ? { method: 'GET', url, headers }
        : { method: 'POST', url, headers: { ...headers, ...contentType(isProtobuf) }, body: bodyOf(text, isProtobuf) },
      framings[carrier],
    )
    return typeof opened === 'string' ? opened : new Emulated(opened, root, headers, isProtobuf)
  }

  get ended(): string | undefined {
    return this.#held.length > 0 ? undefined : this.#connection.ended
  }

  async send(data: string): Promise<boolean | string> {
    await this.#untilConnected()
    if (this.#session === undefined) return this.#connection.ended !== undefined
    const commands = bodyOf(data, this.#isProtobuf)
    const body = this.#isProtobuf
      ? encodeEmulation({ ...this.#session, data: commands as Uint8Array })
      : JSON.stringify({ ...this.#session, data: commands })
    const headers = { ...this.#headers, ...contentType(this.#isProtobuf) }
    const answer = await post(new URL('/emulation', this.#root), headers, body)
    return answer === 'http 204 (no content type)' ? true : answer
  }

  /** The session is told in the first reply: until then nothing can be sent. */
  async #untilConnected(): Promise<void> {
    while (this.#session === undefined && this.#held.length === 0) {
      const received = await this.next(patience)
      if (received === undefined) return
      this.#held.push(received)
    }
  }

  async next(milliseconds = patience): Promise<Received | undefined> {
    const held = this.#held.shift()
    if (held) return held
    const received = await this.#connection.next(milliseconds)
    const [match, id = '', node = ''] = session.exec(received?.message ?? '') ?? []
    if (received === undefined || match === undefined || this.#session !== undefined) return received
    this.#session = { session: id, node }
    // Only emulation needs them, and only here: the reply is then the one of any connection.
    return { ...received, message: received.message.replace(match, '') }
  }

  hangUp(): Promise<void> {
    return this.#connection.hangUp()
  }

  terminate(): void {
    this.#connection.terminate()
  }
}

const contentType = (isProtobuf: boolean): OutgoingHttpHeaders => ({
  'content-type': isProtobuf ? 'application/octet-stream' : 'application/json',
})

function bodyOf(text: string, isProtobuf: boolean): string | Uint8Array {
  if (!isProtobuf) return text
  const encoded = encodeCommands(text)
  if (encoded === undefined) throw new Error(`Protobuf can't say ${text}`)
  return encoded
}

function post(url: URL, headers: OutgoingHttpHeaders, body: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', headers, agent: false, timeout: patience }, (response) => {
      readResponse(response).then(resolve, reject)
    })
    request.on('timeout', () => request.destroy(new Error('emulation: no answer')))
    request.on('error', reject)
    request.end(body)
  })
}

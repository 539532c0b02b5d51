import { type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest } from 'node:http'

import { type Connection, Inbox, type Received, patience } from './connection.ts'
import { readResponse } from './raw-socket.ts'
import { decodeReplies, splitDelimited } from './protobuf.ts'

/** How a stream's body holds messages. */
export type Framing = 'lines' | 'protobuf' | 'events'

export interface StreamRequest {
  method: string
  url: URL
  headers?: OutgoingHttpHeaders
  body?: string | Uint8Array | undefined
}

/** A disconnection, alone or as a reply: on a stream it is the last message, on a WebSocket it is the Close frame. */
const disconnection = /^(?:\{"push":)?\{"disconnect":\{(?:"code":(\d+),?)?(?:"reason":"([^"]*)")?\}\}\}?$/

/** The messages of a response that does not end. */
export class RawStream implements Connection {
  readonly chosen: string
  readonly #inbox = new Inbox()
  readonly #response: IncomingMessage
  #rest = Buffer.alloc(0)
  #disconnection: string | undefined

  constructor(response: IncomingMessage, framing: Framing, chosen: string) {
    this.#response = response
    this.chosen = chosen
    response.on('data', (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk])
      const { messages, rest } = split(this.#rest, framing)
      this.#rest = rest
      for (const message of messages) this.#take(message)
    })
    const end = () => {
      const left = this.#rest.length === 0 ? '' : ` after ${JSON.stringify(this.#rest.toString())}`
      this.#inbox.end(`closed ${this.#disconnection ?? 'without a word'}${left}`)
    }
    response.on('close', end)
    response.on('error', () => {
      // 'close' follows.
    })
  }

  #take(message: string): void {
    const [isDisconnection, code = '0', reason = ''] = disconnection.exec(message) ?? []
    if (isDisconnection === undefined || this.#disconnection !== undefined) this.#inbox.add(message)
    else this.#disconnection = `${code} ${reason}`.trim()
  }

  get ended(): string | undefined {
    return this.#inbox.ended
  }

  /** Nothing is sent on a stream itself. */
  send(): Promise<boolean> {
    return Promise.resolve(false)
  }

  next(milliseconds = patience): Promise<Received | undefined> {
    return this.#inbox.next(milliseconds)
  }

  async hangUp(): Promise<void> {
    this.terminate()
    while ((await this.next()) !== undefined);
  }

  terminate(): void {
    this.#response.destroy()
  }
}

function split(buffer: Buffer, framing: Framing): { messages: string[]; rest: Buffer<ArrayBuffer> } {
  if (framing === 'protobuf') {
    const { messages, rest } = splitDelimited(buffer)
    return { messages: messages.flatMap(decodeReplies), rest: Buffer.from(rest) }
  }
  const separator = framing === 'lines' ? '\n' : '\n\n'
  const end = buffer.lastIndexOf(separator)
  if (end < 0) return { messages: [], rest: Buffer.from(buffer) }
  const texts = buffer.subarray(0, end).toString().split(separator)
  return {
    messages: framing === 'lines' ? texts : texts.map(eventData),
    rest: Buffer.from(buffer.subarray(end + separator.length)),
  }
}

/** What an event of a stream says; what is not plain data is shown as it came. */
function eventData(event: string): string {
  const text = event.replace(/^\r\n/, '')
  return text.startsWith('data: ') && !text.includes('\n')
    ? text.slice('data: '.length)
    : `event ${JSON.stringify(text)}`
}

/** Headers of a stream's response that its readers depend on. */
const telling = ['content-type', 'cache-control', 'x-accel-buffering', 'access-control-allow-origin']

/** That nobody on the way may change it says more than the rest does. */
const tellHeader = ({ headers }: IncomingMessage, name: string): string =>
  String(headers[name] || '(none)').replace(', no-transform', '')

/** Opens a stream; a refusal is told as a line of text. */
export function openStream(
  { method, url, headers = {}, body }: StreamRequest,
  framing: Framing,
): Promise<RawStream | string> {
  return new Promise((resolve) => {
    const request = httpRequest(url, { method, headers, agent: false, timeout: patience }, (response) => {
      if (response.statusCode !== 200) {
        void readResponse(response).then(resolve)
        return
      }
      request.setTimeout(0)
      const told = telling.map((name) => `${name}: ${tellHeader(response, name)}`)
      resolve(new RawStream(response, framing, `http 200 ${told.join(', ')}`))
    })
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', (error) => resolve(`failed: ${error.message}`))
    request.end(body)
  })
}

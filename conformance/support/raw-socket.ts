import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'

import { WebSocket } from 'ws'

import { type Connection, Inbox, type Received, patience } from './connection.ts'
import { decodeReplies, encodeCommands } from './protobuf.ts'

export interface OpenOptions {
  /** From the server's root. @default '/connection/websocket' */
  path?: string
  protocols?: string[]
  /** Appended to the URL, with its question mark. */
  query?: string
  headers?: OutgoingHttpHeaders
  /** Offers permessage-deflate. */
  compress?: boolean
}

/** A bare WebSocket. Over Protobuf the texts of a script are translated, both ways. */
export class RawSocket implements Connection {
  readonly #socket: WebSocket
  readonly #inbox = new Inbox()
  readonly #translates: boolean

  constructor(socket: WebSocket, translates: boolean) {
    this.#socket = socket
    this.#translates = translates
    socket.on('message', (data: Buffer, binary) => {
      // How many messages share a frame depends on timing; what they say and their order does not.
      for (const message of this.#messages(data, binary)) this.#inbox.add(message, binary && !translates)
    })
    socket.on('close', (code, reason) => this.#inbox.end(`closed ${code} ${reason.toString()}`.trim()))
    socket.on('error', () => {
      // 'close' follows and tells what matters.
    })
  }

  #messages(data: Buffer, binary: boolean): string[] {
    if (this.#translates) return binary ? decodeReplies(data) : [`text ${data.toString()}`]
    return binary ? [data.toString('hex')] : data.toString().split('\n')
  }

  /** The subprotocol and the extensions that the server has chosen. */
  get chosen(): string {
    const protocol = this.#translates ? '' : this.#socket.protocol
    return `${protocol || '(no subprotocol)'} ${this.#socket.extensions || '(no extensions)'}`
  }

  get ended(): string | undefined {
    return this.#inbox.ended
  }

  async send(data: string | Buffer, binary: boolean): Promise<boolean> {
    if (this.ended !== undefined) return true
    const translated = this.#translates && typeof data === 'string' ? encodeCommands(data) : undefined
    if (this.#translates && translated === undefined) throw new Error(`Protobuf can't say ${String(data)}`)
    this.#socket.send(translated ?? data, { binary: translated !== undefined || binary })
    return true
  }

  /** Closes from this side and waits for the server's answer. */
  async hangUp(): Promise<void> {
    this.#socket.close(1000)
    while (this.ended === undefined && (await this.next()) !== undefined);
  }

  terminate(): void {
    this.#socket.terminate()
  }

  next(milliseconds = patience): Promise<Received | undefined> {
    return this.#inbox.next(milliseconds)
  }
}

/** Opens a socket; a refused handshake is told as a line of text. */
export function openSocket(
  url: string,
  { protocols = [], query = '', headers, compress = false }: OpenOptions,
  translates = false,
): Promise<RawSocket | string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url + query, translates ? ['centrifuge-protobuf'] : protocols, {
      headers: headers ?? {},
      perMessageDeflate: compress,
      handshakeTimeout: patience,
    })
    const raw = new RawSocket(socket, translates)
    socket.once('open', () => resolve(raw))
    socket.once('error', (error) => resolve(`failed: ${error.message}`))
    socket.once('unexpected-response', (_request, response) => {
      void readResponse(response).then(resolve)
    })
  })
}

/** Status, content type, the headers to `tell` and the body of a response in one line. */
export async function readResponse(response: IncomingMessage, tell: readonly string[] = []): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const contentType = response.headers['content-type'] ?? '(no content type)'
  const told = tell.map((name) => `[${name}: ${String(response.headers[name] || '(none)')}] `).join('')
  return `http ${response.statusCode} ${contentType} ${told}${Buffer.concat(chunks).toString()}`.trimEnd()
}

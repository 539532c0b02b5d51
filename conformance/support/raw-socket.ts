import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'

import { WebSocket } from 'ws'

/** How long a script waits for a message or a close before it writes down that nothing came. */
export const patience = 8_000

export interface OpenOptions {
  protocols?: string[]
  /** Appended to the URL, with its question mark. */
  query?: string
  headers?: OutgoingHttpHeaders
  /** Offers permessage-deflate. */
  compress?: boolean
}

export interface Received {
  message: string
  binary: boolean
}

/** A bare WebSocket: what it has received, and a way to wait for more. */
export class RawSocket {
  readonly #socket: WebSocket
  readonly #received: Received[] = []
  #ended: string | undefined
  #wake: (() => void) | undefined

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer, binary) => {
      // How many messages share a frame depends on timing; what they say and their order does not.
      const messages = binary ? [data.toString('hex')] : data.toString().split('\n')
      for (const message of messages) this.#received.push({ message, binary })
      this.#wake?.()
    })
    socket.on('close', (code, reason) => {
      this.#ended = `closed ${code} ${reason.toString()}`.trim()
      this.#wake?.()
    })
    socket.on('error', () => {
      // 'close' follows and tells what matters.
    })
  }

  /** The subprotocol and the extensions that the server has chosen. */
  get chosen(): string {
    return `${this.#socket.protocol || '(no subprotocol)'} ${this.#socket.extensions || '(no extensions)'}`
  }

  /** How the connection ended, once it has. */
  get ended(): string | undefined {
    return this.#ended
  }

  send(data: string | Buffer, binary: boolean): void {
    if (this.#ended === undefined) this.#socket.send(data, { binary })
  }

  /** Closes from this side and waits for the server's answer. */
  async hangUp(): Promise<void> {
    this.#socket.close(1000)
    while (this.#ended === undefined && (await this.next()) !== undefined);
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** The next message; undefined when the connection has ended, or nothing came in time. */
  async next(milliseconds = patience): Promise<Received | undefined> {
    const deadline = Date.now() + milliseconds
    while (this.#received.length === 0 && this.#ended === undefined) {
      const left = deadline - Date.now()
      if (left <= 0) return undefined
      await this.#something(left)
    }
    return this.#received.shift()
  }

  #something(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** Opens a socket; a refused handshake is told as a line of text. */
export function openSocket(
  url: string,
  { protocols = [], query = '', headers, compress = false }: OpenOptions,
): Promise<RawSocket | string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url + query, protocols, {
      headers: headers ?? {},
      perMessageDeflate: compress,
      handshakeTimeout: patience,
    })
    const raw = new RawSocket(socket)
    socket.once('open', () => resolve(raw))
    socket.once('error', (error) => resolve(`failed: ${error.message}`))
    socket.once('unexpected-response', (_request, response) => {
      void readResponse(response).then(resolve)
    })
  })
}

/** Status, content type and body of a response in one line. */
export async function readResponse(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const contentType = response.headers['content-type'] ?? '(no content type)'
  return `http ${response.statusCode} ${contentType} ${Buffer.concat(chunks).toString()}`.trimEnd()
}

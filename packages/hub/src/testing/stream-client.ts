import http from 'node:http'

export interface StreamRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** A client of the transports over plain HTTP: one request whose answer goes on. */
export class StreamClient {
  readonly request: http.ClientRequest
  status = 0
  headers: http.IncomingHttpHeaders = {}
  /** The answer came to its end; not so when it was cut off. */
  ended = false
  closed = false
  #response: http.IncomingMessage | undefined
  #chunks: Buffer[] = []

  constructor(url: string, { method = 'POST', headers = {}, body }: StreamRequest = {}) {
    // An agent of its own: connections are counted, and none may be left waiting for another request.
    this.request = http.request(url, { method, headers, agent: false }, (response) => {
      this.#response = response
      this.status = response.statusCode ?? 0
      this.headers = response.headers
      response
        .on('data', (chunk: Buffer) => this.#chunks.push(chunk))
        .on('end', () => (this.ended = true))
        .on('close', () => (this.closed = true))
        .on('error', () => {})
    })
    this.request.on('error', () => (this.closed = true))
    this.request.end(body)
  }

  get bytes(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  get text(): string {
    return this.bytes.toString('utf8')
  }

  /** The whole messages so far, of lines or of events. */
  get messages(): Record<string, unknown>[] {
    const isEvents = this.headers['content-type']?.startsWith('text/event-stream')
    const parts = isEvents ? this.text.replace(/^\r\n/, '').split('\n\n') : this.text.split('\n')
    return parts
      .slice(0, -1)
      .map((part) => JSON.parse(isEvents ? part.replace(/^data: /, '') : part) as Record<string, unknown>)
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.#response?.pause()
  }

  resume(): void {
    this.#response?.resume()
  }

  abort(): void {
    this.request.destroy()
  }
}

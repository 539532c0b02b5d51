import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the app behind a proxy gets it. */
export interface BackendRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** What the app answers; undefined: nothing, and the connection stays open. */
export type BackendAnswer =
  | { status?: number; headers?: Record<string, string>; body?: string | Uint8Array }
  | undefined

/** The app behind a hub's proxies, on a free port of this machine. */
export class Backend {
  readonly requests: BackendRequest[] = []
  answer: (request: BackendRequest) => BackendAnswer = () => ({ body: '{}' })
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response))
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve)
      this.#server.closeAllConnections()
    })
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    const taken = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') }
    this.requests.push(taken)
    const answer = this.answer(taken)
    if (answer) response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? '')
  }
}

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'

import type { Options } from 'centrifuge'

import type { RunningServer } from '../targets/target.ts'
import { type ClientWay, Peer } from './peer.ts'
import { type Claims, inSeconds, signToken } from './tokens.ts'

export interface ApiAnswer {
  status: number
  body: unknown
}

/** What a case with the official client works with: one server, and names that no other case uses. */
export class Stage {
  readonly server: RunningServer
  /** The user, and the last part of the channel names, of this case. */
  readonly name: string
  readonly #way: ClientWay
  readonly #peers: Peer[] = []

  constructor(server: RunningServer, name: string, way: ClientWay = 'websocket') {
    this.server = server
    this.#way = way
    this.name = `c-${name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 60)}`
  }

  channel(namespace: string, suffix = ''): string {
    return `${namespace}:${this.name}${suffix}`
  }

  token(claims: Claims = {}): string {
    return signToken({ sub: this.name, exp: inSeconds(600), ...claims }, { key: this.server.tokenKey })
  }

  /** A client that has not connected yet. */
  peer(options: Partial<Options> = { token: this.token() }): Peer {
    const peer = new Peer(this.server.wsUrl, this.server.certificate, options, this.#way)
    this.#peers.push(peer)
    return peer
  }

  connect(options?: Partial<Options>): Promise<Peer> {
    return this.peer(options).connect()
  }

  /** A call of the server API. */
  async call(method: string, body: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const { apiUrl, apiKey, certificate } = this.server
    const request = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': apiKey, ...headers },
      body: JSON.stringify(body),
    }
    const url = `${apiUrl}/${method}`
    const { status, text } =
      certificate === undefined ? await plainly(url, request) : await securely(url, request, certificate)
    return { status, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
  }

  /** A call that has to succeed; gives its result. */
  async result<Result>(method: string, body: unknown): Promise<Result> {
    const answer = await this.call(method, body)
    const { result } = answer.body as { result?: Result }
    if (result === undefined) throw new Error(`${method}: ${JSON.stringify(answer)}`)
    return result
  }

  /** Publishes through the server API; gives where it came to stand, offset 0 without history. */
  async publish(channel: string, data: unknown, more: object = {}): Promise<{ offset: number; epoch: string }> {
    const { offset = 0, epoch = '' } = await this.result<{ offset?: number; epoch?: string }>('publish', {
      channel,
      data,
      ...more,
    })
    return { offset, epoch }
  }

  async end(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.end()))
  }
}

interface ApiRequest {
  method: string
  headers: Record<string, string>
  body: string
}

async function plainly(url: string, request: ApiRequest) {
  const response = await fetch(url, request)
  return { status: response.status, text: await response.text() }
}

/** `fetch` can't be told to trust a certificate. */
async function securely(url: string, { body, ...request }: ApiRequest, ca: string) {
  const outgoing = httpsRequest(url, { ...request, ca, agent: false }).end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }
}

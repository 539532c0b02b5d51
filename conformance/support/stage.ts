import type { Options } from 'centrifuge'

import type { RunningServer } from '../targets/target.ts'
import { Peer } from './peer.ts'
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
  readonly #peers: Peer[] = []

  constructor(server: RunningServer, name: string) {
    this.server = server
    this.name = `c-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 60)}`
  }

  channel(namespace: string, suffix = ''): string {
    return `${namespace}:${this.name}${suffix}`
  }

  token(claims: Claims = {}): string {
    return signToken({ sub: this.name, exp: inSeconds(600), ...claims }, { key: this.server.tokenKey })
  }

  /** A client that has not connected yet. */
  peer(options: Partial<Options> = { token: this.token() }): Peer {
    const peer = new Peer(this.server.wsUrl, options)
    this.#peers.push(peer)
    return peer
  }

  connect(options?: Partial<Options>): Promise<Peer> {
    return this.peer(options).connect()
  }

  /** A call of the server API. */
  async call(method: string, body: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const response = await fetch(`${this.server.apiUrl}/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': this.server.apiKey, ...headers },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
  }

  /** A call that has to succeed; gives its result. */
  async result<Result>(method: string, body: unknown): Promise<Result> {
    const answer = await this.call(method, body)
    const { result } = answer.body as { result?: Result }
    if (result === undefined) throw new Error(`${method}: ${JSON.stringify(answer)}`)
    return result
  }

  publish(channel: string, data: unknown, more: object = {}): Promise<{ offset?: number; epoch?: string }> {
    return this.result('publish', { channel, data, ...more })
  }

  async end(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.end()))
  }
}

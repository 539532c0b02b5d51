import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { publicJwk } from './keys.ts'

/** What a script may tell the backend to answer with, in the data of the command that is proxied. */
interface Instruction {
  /** The answer's body, as it is; `$IN10MINUTES` becomes a time. */
  body?: string
  /** @default 200 */
  status?: number
  headers?: Record<string, string>
  /** Milliseconds before it answers. */
  after?: number
  /** Ends the connection without an answer. */
  hangUp?: boolean
}

/** Headers of a proxied request that every HTTP client writes in its own way. */
const ownHeaders = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'connection',
  'content-length',
  'host',
  'sec-fetch-mode',
  'transfer-encoding',
  'user-agent',
])

/**
 * The app behind a server's proxies. It answers as the proxied command's own data says, and where there is none
 * (refreshing) as the connection's meta says, by event. Without an instruction the answer tells what was asked.
 */
export class Backend {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(): Promise<Backend> {
    const server = createServer((request, response) => void answer(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Backend(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve)
      this.#server.closeAllConnections()
    })
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('utf8')
  if (request.method !== 'POST') {
    answerKeys(request.url ?? '', response)
    return
  }
  const event = request.url?.split('/').at(-1) ?? ''
  const { status = 200, headers = {}, body, after = 0, hangUp = false } = instructionOf(event, text)
  if (hangUp) {
    request.socket.destroy()
    return
  }
  await new Promise((resolve) => setTimeout(resolve, after))
  if (response.destroyed) return
  const inTenMinutes = String(Math.floor(Date.now() / 1000) + 600)
  const written = body?.replaceAll('$IN10MINUTES', inTenMinutes)
  response.writeHead(status, headers).end(written ?? JSON.stringify(echo(event, request, text)))
}

/** Key sets, by the name at the end of their path; `rotating` has another key from the second time on. */
function answerKeys(path: string, response: ServerResponse): void {
  const name = path.replace('/keys/', '')
  const [status, body] = Object.hasOwn(keySets, name) ? (keySets[name]?.() ?? [404, '']) : [404, '']
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}

const keySet = (...keys: object[]): [number, string] => [200, JSON.stringify({ keys })]
let rotations = 0

const keySets: Record<string, () => [status: number, body: string]> = {
  all: () =>
    keySet(
      publicJwk('rsa', { alg: 'RS256', use: 'sig' }),
      publicJwk('rsa', { kid: 'rsa-without-alg' }),
      publicJwk('rsa', { kid: 'rsa-for-encryption', use: 'enc' }),
      publicJwk('p256', { alg: 'ES256', use: 'sig' }),
      publicJwk('p384', { alg: 'ES384', use: 'sig' }),
      publicJwk('p521', { alg: 'ES512', use: 'sig' }),
      publicJwk('ed25519', { alg: 'EdDSA', use: 'sig' }),
      publicJwk('otherRsa', { kid: 'elliptic', alg: 'ES256', use: 'sig' }),
      { kty: 'oct', kid: 'secret', k: 'c2VjcmV0', alg: 'HS256', use: 'sig' },
    ),
  rotating: () => {
    rotations += 1
    return rotations % 2 === 1
      ? keySet(publicJwk('rsa', { alg: 'RS256', use: 'sig' }))
      : keySet(publicJwk('rsa', { alg: 'RS256', use: 'sig' }), publicJwk('otherRsa', { alg: 'RS256', use: 'sig' }))
  },
  garbage: () => [200, 'garbage'],
  none: () => [200, '{}'],
  failing: () => [500, '{}'],
  'tenants/one': () => keySet(publicJwk('rsa', { alg: 'RS256', use: 'sig' })),
  'tenants/two': () => keySet(publicJwk('otherRsa', { alg: 'RS256', use: 'sig' })),
}

function instructionOf(event: string, text: string): Instruction {
  const { data, b64data, meta } = JSON.parse(text) as {
    data?: { answer?: Instruction }
    b64data?: string
    meta?: Record<string, Instruction | undefined>
  }
  const own = b64data ? (JSON.parse(Buffer.from(b64data, 'base64').toString()) as typeof data) : data
  return own?.answer ?? meta?.[event] ?? {}
}

/** An answer that lets the client see the request, members in order as they came. */
function echo(event: string, request: IncomingMessage, body: string): object {
  const passedOn = Object.entries(request.headers).filter(([name]) => !ownHeaders.has(name))
  const headers = Object.fromEntries(passedOn.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  const data = { method: request.method, url: request.url, headers, body }
  return { result: event === 'connect' ? { user: 'somebody', data } : { data } }
}

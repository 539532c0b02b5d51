/**
 * The admin's endpoints: `POST /admin/auth` gives a token for the password, `POST /admin/api` is the server API for who
 * has it, `GET /admin/trace` follows one client, user or channel, and at the root is a page.
 */
import { createHash, hash, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Hub } from '@backchannel/hub'
import { signToken, TokenError, verifyToken } from '@backchannel/protocol/token'
import { adminPage, pageScript, pageStyle } from './admin-page.ts'
import { answer, answerJson, answerText, pathOf, readBody } from './http.ts'
import type { Logger } from './log.ts'
import type { ServerSettings } from './settings.ts'
import { TraceStreams } from './trace-streams.ts'

const maxForm = 1024 * 1024
const tokenSeconds = 30 * 24 * 3600
/** The secret is not used as it is: a token that it signed for another purpose would pass for one of these. */
const purpose = 'backchannel admin'

/** The page's own script and style, and nothing else, wherever it comes from. */
const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src ${inlineHash(pageScript)}`,
  `style-src ${inlineHash(pageStyle)}`,
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

function inlineHash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

interface Endpoint {
  readonly method: 'GET' | 'POST'
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
}

export class Admin {
  readonly #prefix: string
  readonly #settings: ServerSettings['admin']
  readonly #hub: Hub
  readonly #log: Logger
  readonly #key: string
  readonly #traces: TraceStreams
  readonly #endpoints: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
    ['/', { method: 'GET', answer: (_, response) => this.#page(response) }],
    ['/admin/init', { method: 'GET', answer: (request, response) => this.#init(request, response) }],
    ['/admin/auth', { method: 'POST', answer: async (request, response) => await this.#auth(request, response) }],
    ['/admin/trace', { method: 'GET', answer: (request, response) => this.#trace(request, response) }],
    ['/admin/api', { method: 'POST', answer: (request, response) => this.#api(request, response) }],
  ])

  constructor(settings: ServerSettings, hub: Hub, log: Logger) {
    this.#prefix = settings.paths.admin
    this.#settings = settings.admin
    this.#hub = hub
    this.#log = log
    this.#traces = new TraceStreams(hub)
    this.#key = Buffer.from(hkdfSync('sha256', settings.admin.secret, '', purpose, 32)).toString('base64url')
  }

  /** Answers a request below the admin's prefix; false for all others. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = pathOf(request)
    const own = path.startsWith(`${this.#prefix}/`) ? path.slice(this.#prefix.length) : ''
    const endpoint = this.#endpoints.get(own)
    if (!endpoint) return false
    const method = request.method === 'HEAD' ? 'GET' : request.method
    if (method === endpoint.method) void this.#answer(endpoint, request, response)
    else answerText(response, 405, 'Method Not Allowed')
    return true
  }

  /** Ends what would go on for ever. */
  close(): void {
    this.#traces.close()
  }

  async #answer(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await endpoint.answer(request, response)
    } catch (error) {
      this.#log.error({ err: error }, 'an admin request failed')
      response.destroy()
    }
  }

  #page(response: ServerResponse): void {
    answer(response, 200, 'text/html; charset=utf-8', adminPage, {
      'content-security-policy': contentSecurityPolicy,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
  }

  #init(request: IncomingMessage, response: ServerResponse): void {
    answerJson(response, 200, {
      insecure: this.#settings.insecure,
      edition: 'oss',
      authenticated: this.#isAuthorized(request),
    })
  }

  async #auth(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { password, secret } = this.#settings
    if (password === '' || secret === '') {
      this.#log.error('admin.password and admin.secret must be set for the admin to log in')
      answerText(response, 400, 'Bad Request')
    } else if (isSame(await formPassword(request), password)) {
      const now = Math.floor(Date.now() / 1000)
      const token = signToken({ iat: now, exp: now + tokenSeconds }, this.#key)
      answerJson(response, 200, { token })
    } else answerText(response, 400, 'Bad Request')
  }

  #api(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isAuthorized(request)) this.#hub.handleAdminApi(request, response)
    else answer(response, 401, 'text/plain; charset=utf-8', '')
  }

  #trace(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isAuthorized(request)) this.#traces.answer(request, response)
    else answer(response, 401, 'text/plain; charset=utf-8', '')
  }

  #isAuthorized(request: IncomingMessage): boolean {
    if (this.#settings.insecure) return !isFromAnotherPage(request)
    if (this.#settings.secret === '') return false
    const [scheme, token, ...more] = (request.headers.authorization ?? '').trim().split(/\s+/)
    if (scheme?.toLowerCase() !== 'token' || token === undefined || more.length > 0) return false
    try {
      verifyToken(token, this.#key, Date.now())
      return true
    } catch (error) {
      if (error instanceof TokenError) return false
      throw error
    }
  }
}

/**
 * Where nobody is asked for a token, any page that the admin's browser has open could send commands to this server.
 * Browsers say so twice: where a request comes from only to servers on the same machine and over TLS, the page's origin
 * with every POST.
 */
function isFromAnotherPage({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site']
  if (site === 'cross-site' || site === 'same-site') return true
  const { origin } = headers
  return origin !== undefined && URL.parse(origin)?.host !== headers.host
}

/** Digests have one length: how long it takes tells nothing. */
function isSame(given: string | undefined, expected: string): boolean {
  return given !== undefined && timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'))
}

/** The field of a form, in either of the two ways that browsers send one. */
async function formPassword(request: IncomingMessage): Promise<string | undefined> {
  const body = await readBody(request, maxForm)
  if (!body) return undefined
  try {
    const headers = { 'content-type': request.headers['content-type'] ?? '' }
    const form = await new Response(new Uint8Array(body), { headers }).formData()
    const password = form.get('password')
    return typeof password === 'string' ? password : undefined
  } catch {
    return undefined
  }
}

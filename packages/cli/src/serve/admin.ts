/**
 * The admin's endpoints: `POST /admin/auth` gives a token for the password, `POST /admin/api` is the server API for who
 * has it, and at the root is a page that uses both.
 */
import { createHash, hash, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { signToken, TokenError, verifyToken } from '@backchannel/protocol/token'
import { runCommands, type CallApi } from './admin-api.ts'
import { adminPage, pageScript, pageStyle } from './admin-page.ts'
import { answer, answerJson, answerText, pathOf, readBody } from './http.ts'
import type { Logger } from './log.ts'
import type { ServerSettings } from './settings.ts'

const maxForm = 1024 * 1024
const maxCommands = 32 * 1024 * 1024
const tokenSeconds = 30 * 24 * 3600
/** So that no token of another purpose passes for one. */
const audience = 'backchannel-admin'

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

export class Admin {
  readonly #prefix: string
  readonly #settings: ServerSettings['admin']
  readonly #call: CallApi
  readonly #log: Logger
  readonly #key: string

  constructor(settings: ServerSettings, call: CallApi, log: Logger) {
    this.#prefix = settings.paths.admin
    this.#settings = settings.admin
    this.#call = call
    this.#log = log
    this.#key = Buffer.from(hkdfSync('sha256', settings.admin.secret, '', audience, 32)).toString('base64url')
  }

  /** Answers a request below the admin's prefix; false for all others. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = pathOf(request)
    const own = path.startsWith(`${this.#prefix}/`) ? path.slice(this.#prefix.length) : undefined
    const handlers: Readonly<Record<string, (() => void | Promise<void>) | undefined>> = {
      '/': () => this.#page(request, response),
      '/admin/init': () => this.#init(request, response),
      '/admin/auth': async () => await this.#post(request, response, () => this.#auth(request, response)),
      '/admin/api': async () => await this.#post(request, response, () => this.#api(request, response)),
    }
    const handler = own === undefined || !Object.hasOwn(handlers, own) ? undefined : handlers[own]
    if (!handler) return false
    Promise.resolve(handler()).catch((error: unknown) => {
      this.#log.error({ err: error }, 'an admin request failed')
      response.destroy()
    })
    return true
  }

  #page(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') answerText(response, 405, 'Method Not Allowed')
    else {
      answer(response, 200, 'text/html; charset=utf-8', adminPage, {
        'content-security-policy': contentSecurityPolicy,
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
      })
    }
  }

  #init(request: IncomingMessage, response: ServerResponse): void {
    answerJson(response, 200, {
      insecure: this.#settings.insecure,
      edition: 'oss',
      authenticated: this.#isAuthorized(request),
    })
  }

  async #post(request: IncomingMessage, response: ServerResponse, handle: () => Promise<void>): Promise<void> {
    if (request.method === 'POST') await handle()
    else answerText(response, 405, 'Method Not Allowed')
  }

  async #auth(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { password, secret } = this.#settings
    if (password === '' || secret === '') {
      this.#log.error('admin.password and admin.secret must be set for the admin to log in')
      answerText(response, 400, 'Bad Request')
    } else if (isSame(await formPassword(request), password)) {
      const now = Math.floor(Date.now() / 1000)
      const token = signToken({ aud: audience, iat: now, exp: now + tokenSeconds }, this.#key)
      answerJson(response, 200, { token })
    } else answerText(response, 400, 'Bad Request')
  }

  async #api(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#isAuthorized(request)) {
      request.resume()
      answer(response, 401, 'text/plain; charset=utf-8', '')
      return
    }
    const body = await readBody(request, maxCommands)
    const replies = body && (await runCommands(this.#call, body.toString('utf8')))
    if (replies === undefined) answerText(response, 400, 'Bad Request')
    else answer(response, 200, 'application/json', replies)
  }

  #isAuthorized(request: IncomingMessage): boolean {
    if (this.#settings.insecure) return true
    if (this.#settings.secret === '') return false
    const [scheme, token, ...more] = (request.headers.authorization ?? '').trim().split(/\s+/)
    if (scheme?.toLowerCase() !== 'token' || token === undefined || more.length > 0) return false
    try {
      return verifyToken(token, this.#key, Date.now())['aud'] === audience
    } catch (error) {
      if (error instanceof TokenError) return false
      throw error
    }
  }
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

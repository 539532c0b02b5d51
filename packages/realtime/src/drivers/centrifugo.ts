import type { ServerApiBatchReply } from '@backchannel/protocol'
import { defaultTimeoutMs, type CallOptions, type Driver } from '../driver.ts'
import { RealtimeError } from '../errors.ts'
import { serialise } from '../json-form.ts'

export interface CentrifugoDriverOptions {
  /** Without the method: `http://localhost:8000/api`. */
  apiUrl: string
  apiKey: string
  tokenSecret: string
  websocketUrl: string
}

/** Centrifugo's HTTP API over the global `fetch`. */
export function createCentrifugoDriver(options: CentrifugoDriverOptions): Driver {
  const { apiKey } = options
  const apiUrl = options.apiUrl.replace(/\/+$/, '')

  async function post(
    method: string,
    request: unknown,
    { transportErrors = false, timeoutMs = defaultTimeoutMs }: CallOptions = {},
  ) {
    if (!isApiUrl(apiUrl)) {
      // The value stays out: it may hold a password.
      const what = 'CENTRIFUGO_API_URL must be an http: or https: URL without user and password'
      throw new RealtimeError('misconfigured', `${method}: ${what}`)
    }
    const body = serialise(method, request)
    const headers: Record<string, string> = { 'content-type': 'application/json', 'X-API-Key': apiKey }
    if (transportErrors) headers['X-Centrifugo-Error-Mode'] = 'transport'
    let response: Response
    let text: string
    try {
      // Redirects are not followed: fetch would carry the API key to wherever the redirect points.
      response = await fetch(`${apiUrl}/${method}`, {
        method: 'POST',
        headers,
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      })
      text = await response.text()
    } catch (error) {
      throw transportFailure(method, error, timeoutMs)
    }
    return readAnswer(method, response, text)
  }

  return {
    name: 'centrifugo',
    async call(method, request, callOptions) {
      const answer = await post(method, request, callOptions)
      return answer['result'] ?? {}
    },
    async batch(request, callOptions) {
      const answer = await post('batch', request, callOptions)
      // Left out when empty.
      const replies = answer['replies'] ?? []
      if (!Array.isArray(replies) || replies.length !== request.commands.length) throw malformed('batch')
      return { replies: replies as ServerApiBatchReply['replies'] }
    },
    tokenKey: () => options.tokenSecret,
    subscriptionTokenKey: () => options.tokenSecret,
    websocketUrl: () => options.websocketUrl,
  }
}

/** Whether fetch takes it: it refuses URLs that carry credentials. */
function isApiUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false
  const { username, password } = new URL(text)
  return username === '' && password === ''
}

/** The answer's JSON object; an empty body counts as one without an error. */
function readAnswer(method: string, response: Response, text: string): Record<string, unknown> {
  const answer = text.trim() === '' ? {} : parseObject(text)
  if (!response.ok) {
    const { status } = response
    const error = answer === undefined ? undefined : errorOf(answer)
    if (error !== undefined) {
      throw new RealtimeError('rejected', `${method}: ${describe(error)}, HTTP ${status}`, { code: error.code, status })
    }
    throw new RealtimeError('status', `${method}: the server answered HTTP ${status}`, { status })
  }
  if (answer === undefined) throw malformed(method)
  if (answer['error'] != null) {
    const error = errorOf(answer['error'])
    if (error === undefined) throw malformed(method)
    throw new RealtimeError('rejected', `${method}: ${describe(error)}`, { code: error.code })
  }
  return answer
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function errorOf(value: unknown): { code: number; message: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { code, message } = value as { code?: unknown; message?: unknown }
  if (typeof code !== 'number') return undefined
  // Bounded: it goes into a log, and what stands behind the URL need not be Centrifugo.
  return { code, message: typeof message === 'string' ? message.slice(0, 100) : '' }
}

function describe(error: { code: number; message: string }): string {
  return `the server answered error ${error.code} (${error.message})`
}

function malformed(method: string): RealtimeError {
  return new RealtimeError('malformed', `${method}: the answer is not that of Centrifugo's API`)
}

/** Never the original message: fetch quotes URLs with their credentials and header values with their keys. */
function transportFailure(method: string, error: unknown, timeoutMs: number): RealtimeError {
  const name = error instanceof Error ? error.name : ''
  if (name === 'TimeoutError' || name === 'AbortError') {
    return new RealtimeError('timeout', `${method}: no answer within ${timeoutMs} ms`)
  }
  return new RealtimeError('network', `${method}: the server could not be reached (${systemCode(error)})`)
}

/** `ECONNREFUSED` and the like; fetch hides it in the cause. */
function systemCode(error: unknown): string {
  let current = error
  for (let depth = 0; depth < 4 && typeof current === 'object' && current !== null; depth++) {
    const { code, cause } = current as { code?: unknown; cause?: unknown }
    if (typeof code === 'string') return code
    current = cause
  }
  return error instanceof Error ? error.name : 'unknown'
}

/** The messenger's HTTP API. */

import { userHeader } from '../model.ts'

/** The server said no, or nothing at all. The message is for people. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** The HTTP status; 0: no answer. */
  readonly status: number
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfter: number | undefined

  constructor(status: number, message: string, retryAfter?: number) {
    super(message)
    this.status = status
    this.retryAfter = retryAfter
  }

  /** The same request may be granted later. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

export interface Api {
  /** @throws ApiError */
  get<Answer>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<Answer>
  /** @throws ApiError */
  send<Answer>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<Answer>
}

const timeoutMs = 15_000

export function createApi({
  userId,
  fetch = globalThis.fetch.bind(globalThis),
  onUnauthorized,
}: {
  /** Whose page this is. */
  userId: string
  fetch?: typeof globalThis.fetch | undefined
  /** The session is over. */
  onUnauthorized: () => void
}): Api {
  const call = async <Answer>(
    path: string,
    init: { method: string; headers?: Record<string, string>; body?: string; keepalive?: boolean },
  ): Promise<Answer> => {
    let response: Response
    try {
      // The cookie is the browser's: meanwhile another tab may have signed somebody else in.
      const headers = { ...init.headers, [userHeader]: userId }
      response = await fetch(path, { ...init, headers, signal: AbortSignal.timeout(timeoutMs) })
    } catch {
      throw new ApiError(0, 'The server could not be reached.')
    }
    if (response.status === 401) onUnauthorized()
    if (!response.ok) {
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
      throw new ApiError(
        response.status,
        await readDetail(response),
        Number.isFinite(seconds) ? seconds * 1000 : undefined,
      )
    }
    if (response.status === 204) return undefined as Answer
    try {
      return (await response.json()) as Answer
    } catch {
      throw new ApiError(0, 'The answer of the server was cut off.')
    }
  }

  return {
    get: (path, query = {}) => {
      const known = Object.entries(query).filter(([, value]) => value !== undefined)
      const search = new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString()
      return call(search === '' ? path : `${path}?${search}`, { method: 'GET' })
    },
    send: (method, path, body) =>
      call(path, {
        method,
        // Also when the page is being left: what was written and read is still told.
        keepalive: true,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      }),
  }
}

async function readDetail(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json()
    if (typeof body === 'object' && body !== null && 'detail' in body && typeof body.detail === 'string') {
      return body.detail
    }
  } catch {
    // Not the API's JSON: a proxy's page, or half an answer.
  }
  return `The server answered with an error (${response.status}).`
}

/** For people. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

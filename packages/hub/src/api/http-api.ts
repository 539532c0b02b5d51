/** `POST /api/<method>`: Centrifugo's HTTP API, without any HTTP server: facts of a request in, an answer out. */
import { timingSafeEqual } from 'node:crypto'
import { rawMember } from '@backchannel/protocol'
import type { ApiError } from './api-errors.ts'
import type { HttpApiOptions } from '../config/http-api.ts'
import type { Core } from '../core.ts'
import { answerBatch } from './http-api-batch.ts'
import { answerLegacyCall } from './http-api-legacy.ts'
import { badRequest, json, outcomeOf, parseObject, type ApiHttpAnswer } from './http-api-outcome.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import { isApiMethod, type PayloadSource } from './server-api.ts'

export interface ApiHttpRequest {
  /** What stands behind `/api/`; empty for `/api` itself. */
  readonly method: string
  /** What stands behind `?`. */
  readonly query: string
  /** By lower-case name. */
  header(name: string): string | undefined
}

/** Whether the API has a method of this name. */
export function isApiPath(method: string): boolean {
  return method === 'batch' || isApiMethod(method)
}

/** The method that a path names, empty for the older form's; undefined when the path is none of the API's. */
export function apiMethodOf({ disabled, handler_prefix: prefix }: HttpApiOptions, path: string): string | undefined {
  if (disabled || !path.startsWith(prefix)) return undefined
  const rest = path.slice(prefix.length)
  if (rest === (prefix === '' ? '/' : '')) return ''
  const method = rest.slice(1)
  return rest.startsWith('/') && isApiPath(method) ? method : undefined
}

export type ApiGuard = (request: ApiHttpRequest) => ApiHttpAnswer | undefined

/**
 * The answer to a request that may not call the API, or undefined for one that may. How long the comparison takes tells
 * nothing of the key: one of another length is compared as well, with the key itself. Digests in place of the keys would
 * do the same, and were 5 % of a publish over HTTP in a CPU profile.
 */
export function guardApi({ key, insecure }: Pick<HttpApiOptions, 'key' | 'insecure'>): ApiGuard {
  if (insecure) return refuseForeignPage
  const expected = Buffer.from(key)
  const isKey = (given: string): boolean => {
    // Empty is nobody's key, not even where none is configured.
    if (given === '') return false
    const bytes = Buffer.from(given)
    const isSameLength = bytes.length === expected.length
    return timingSafeEqual(isSameLength ? bytes : expected, expected) && isSameLength
  }
  return (request) => (isKey(headerKey(request)) || isKey(queryKey(request)) ? undefined : { status: 401, body: '' })
}

/** Where no key is asked for, any page that somebody here looks at could publish: a browser names the page's origin. */
function refuseForeignPage(request: ApiHttpRequest): ApiHttpAnswer | undefined {
  const origin = request.header('origin')
  if (origin === undefined) return undefined
  const isOwn = URL.canParse(origin) && new URL(origin).host === request.header('host')
  return isOwn ? undefined : { status: 403, body: '' }
}

/** Never throws and never rejects. */
export function answerApiCall(core: Core, request: ApiHttpRequest, body: string): MaybePromise<ApiHttpAnswer> {
  if (request.method === '') return answerLegacyCall(core, body)
  const parsed = parseObject(body)
  if (!parsed) return badRequest
  if (request.method === 'batch') return answerBatch(core, parsed, body)
  const transportMode =
    core.config.http_api.error_mode === 'transport' || request.header('x-centrifugo-error-mode') === 'transport'
  const payloads: PayloadSource = (name) => (parsed[name] === undefined ? undefined : rawMember(body, name))
  return chain(outcomeOf(core, request.method, parsed, payloads), (outcome) => {
    if (outcome === undefined) return badRequest
    if ('result' in outcome) return { status: 200, contentType: json, body: `{"result":${outcome.result}}` }
    return transportMode
      ? { status: statusOf(outcome.error), contentType: json, body: JSON.stringify(outcome.error) }
      : { status: 200, contentType: json, body: JSON.stringify(outcome) }
  })
}

/** X-API-Key; when it is absent or empty, `Authorization: apikey KEY`. */
function headerKey(request: ApiHttpRequest): string {
  const own = request.header('x-api-key')
  if (own) return own
  const [scheme, key = '', ...more] = (request.header('authorization') ?? '').trim().split(/\s+/)
  return scheme?.toLowerCase() === 'apikey' && more.length === 0 ? key : ''
}

function queryKey({ query }: ApiHttpRequest): string {
  return query === '' ? '' : (new URLSearchParams(query).get('api_key') ?? '')
}

const statusByCode: ReadonlyMap<number, number> = new Map([
  [100, 500],
  [102, 404],
  [104, 404],
  [107, 400],
  [108, 400],
  [112, 416],
  [113, 409],
])

/** What transport mode answers an error with. */
function statusOf(error: ApiError): number {
  return statusByCode.get(error.code) ?? 500
}

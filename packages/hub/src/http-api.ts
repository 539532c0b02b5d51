/** `POST /api/<method>`: Centrifugo's HTTP API, without any HTTP server: facts of a request in, an answer out. */
import { hash, timingSafeEqual } from 'node:crypto'
import { elementSpans, memberSpan, rawMember, replyError } from '@backchannel/protocol'
import { apiErrorOf, type ApiError } from './api-errors.ts'
import type { Core } from './core.ts'
import { chain, isPromise, type MaybePromise } from './maybe-promise.ts'
import { BadApiRequest, isApiMethod, JsonText, runApiMethod, type PayloadSource } from './server-api.ts'
import { apiSchemas } from './server-api-schemas.ts'

export interface ApiHttpRequest {
  /** What stands behind `/api/`. */
  readonly method: string
  /** What stands behind `?`. */
  readonly query: string
  /** By lower-case name. */
  header(name: string): string | undefined
}

export interface ApiHttpAnswer {
  readonly status: number
  readonly contentType?: string
  readonly body: string
}

const json = 'application/json'
const plain = 'text/plain; charset=utf-8'

/** Whether `/api/<method>` is one of the hub's paths. */
export function isApiPath(method: string): boolean {
  return method === 'batch' || isApiMethod(method)
}

export type ApiGuard = (request: ApiHttpRequest) => ApiHttpAnswer | undefined

/**
 * The answer to a request that may not call the API, or undefined for one that may. Digests are compared: they have one
 * length, so how long it takes tells nothing of the key. The key's own is made once and the other by the one-shot
 * function; two hash objects per request were 11 % of what a publish over HTTP costs.
 */
export function guardApi(key: string): ApiGuard {
  const expected = digest(key)
  // Empty is nobody's key, not even where none is configured.
  const isKey = (given: string): boolean => given !== '' && timingSafeEqual(digest(given), expected)
  return (request) => (isKey(headerKey(request)) || isKey(queryKey(request)) ? undefined : { status: 401, body: '' })
}

/** Never throws and never rejects. */
export function answerApiCall(core: Core, request: ApiHttpRequest, body: string): MaybePromise<ApiHttpAnswer> {
  const parsed = parseObject(body)
  if (!parsed) return badRequest
  if (request.method === 'batch') return answerBatch(core, parsed, body)
  const transportMode =
    core.config.http_api.error_mode === 'transport' || request.header('x-centrifugo-error-mode') === 'transport'
  const payloads: PayloadSource = (name) => (parsed[name] === undefined ? undefined : rawMember(body, name))
  return chain(run(core, request.method, parsed, payloads), (outcome) => {
    if (outcome === undefined) return badRequest
    if ('result' in outcome) return { status: 200, contentType: json, body: `{"result":${outcome.result}}` }
    return transportMode
      ? { status: statusOf(outcome.error), contentType: json, body: JSON.stringify(outcome.error) }
      : { status: 200, contentType: json, body: JSON.stringify(outcome) }
  })
}

type Outcome = { readonly result: string } | { readonly error: ApiError }

const badRequest: ApiHttpAnswer = { status: 400, contentType: plain, body: 'Bad Request\n' }

/** One method's answer as JSON text; undefined when the request has members of the wrong type. */
function run(core: Core, method: string, request: unknown, payloads: PayloadSource): MaybePromise<Outcome | undefined> {
  const fail = (error: unknown): Outcome | undefined =>
    error instanceof BadApiRequest ? undefined : { error: apiErrorOf(core, error) }
  try {
    const running = chain(runApiMethod(core, method, request, payloads), (value) => ({
      result: value instanceof JsonText ? value.json : JSON.stringify(value),
    }))
    return isPromise(running) ? running.catch(fail) : running
  } catch (error) {
    return fail(error)
  }
}

interface BatchCommand {
  readonly method: string
  readonly request: unknown
  readonly payloads: PayloadSource
}

async function answerBatch(core: Core, batch: Record<string, unknown>, body: string): Promise<ApiHttpAnswer> {
  const commands = batchCommands(batch, body)
  const parallel = batch['parallel'] ?? false
  if (!commands || typeof parallel !== 'boolean') return badRequest
  const one = async ({ method, request, payloads }: BatchCommand): Promise<string> => {
    const outcome = (await run(core, method, request, payloads)) ?? {
      error: apiErrorOf(core, replyError('badRequest')),
    }
    return 'result' in outcome ? `{"${method}":${outcome.result}}` : JSON.stringify(outcome)
  }
  const replies: string[] = []
  if (parallel) replies.push(...(await Promise.all(commands.map(one))))
  else for (const command of commands) replies.push(await one(command))
  return { status: 200, contentType: json, body: replies.length === 0 ? '{}' : `{"replies":[${replies.join(',')}]}` }
}

/** The commands of a batch, each in order by itself: what can't be read is refused before any of them is run. */
function batchCommands(batch: Record<string, unknown>, body: string): BatchCommand[] | undefined {
  const list: unknown = batch['commands'] ?? []
  if (!Array.isArray(list)) return undefined
  const at = memberSpan(body, 'commands')
  const spans = at ? elementSpans(body, at.start) : []
  const commands: BatchCommand[] = []
  for (const [index, command] of (list as unknown[]).entries()) {
    if (typeof command !== 'object' || command === null || Array.isArray(command)) return undefined
    const members = command as Record<string, unknown>
    const method = Object.keys(members).find((name) => isApiMethod(name) && members[name] !== null) ?? ''
    const request = members[method]
    if (isApiMethod(method) && !apiSchemas[method].safeParse(request).success) return undefined
    const span = spans[index]
    const text = span ? body.slice(span.start, span.end) : '{}'
    commands.push({ method, request, payloads: (name) => rawMember(text, method, name) })
  }
  return commands
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

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

/** The body's object; `null` counts as an empty one. Undefined for anything else. */
function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    if (value === null) return {}
    return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
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

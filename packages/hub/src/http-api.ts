/** `POST /api/<method>`: Centrifugo's HTTP API, without any HTTP server: facts of a request in, an answer out. */
import { hash, timingSafeEqual } from 'node:crypto'
import { elementSpans, memberSpan, rawMember } from '@backchannel/protocol'
import { apiErrorOf, type ApiError } from './api-errors.ts'
import type { Core } from './core.ts'
import { chain, isPromise, type MaybePromise } from './maybe-promise.ts'
import { BadApiRequest, isApiMethod, JsonText, runApiMethod, type PayloadSource } from './server-api.ts'

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
  return (request) =>
    key !== '' && timingSafeEqual(digest(keyOf(request)), expected) ? undefined : { status: 401, body: '' }
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
    if (!isApiMethod(method)) return { error: { code: 104, message: 'not found' } }
    const running = chain(runApiMethod(core, method, request, payloads), (value) => ({
      result: value instanceof JsonText ? value.json : JSON.stringify(value),
    }))
    return isPromise(running) ? running.catch(fail) : running
  } catch (error) {
    return fail(error)
  }
}

async function answerBatch(core: Core, batch: Record<string, unknown>, body: string): Promise<ApiHttpAnswer> {
  const commands = batch['commands'] ?? []
  if (!Array.isArray(commands)) return badRequest
  const list = memberSpan(body, 'commands')
  const spans = list ? elementSpans(body, list.start) : []
  const one = async (command: unknown, index: number): Promise<string | undefined> => {
    if (typeof command !== 'object' || command === null || Array.isArray(command)) return undefined
    const method = Object.keys(command).find(isApiMethod) ?? ''
    const request = (command as Record<string, unknown>)[method]
    const text = spans[index] ? body.slice(spans[index].start, spans[index].end) : '{}'
    const payloads: PayloadSource = (name) => rawMember(text, method, name)
    const outcome = await run(core, method, request, payloads)
    if (!outcome) return undefined
    return 'result' in outcome ? `{"${method}":${outcome.result}}` : JSON.stringify(outcome)
  }
  const replies: (string | undefined)[] = []
  if (batch['parallel'] === true) replies.push(...(await Promise.all(commands.map(one))))
  else for (const [index, command] of commands.entries()) replies.push(await one(command, index))
  if (replies.includes(undefined)) return badRequest
  return { status: 200, contentType: json, body: replies.length === 0 ? '{}' : `{"replies":[${replies.join(',')}]}` }
}

function keyOf(request: ApiHttpRequest): string {
  const header = request.header('x-api-key')
  if (header !== undefined) return header
  const [scheme, ...rest] = (request.header('authorization') ?? '').split(' ')
  if (scheme?.toLowerCase() === 'apikey') return rest.join(' ')
  return new URLSearchParams(request.query).get('api_key') ?? ''
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

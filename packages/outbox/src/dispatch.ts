/** From a row to a call of the engine, and from its answer to what becomes of the row. */
import { describe } from './checks.ts'

/** What a row may ask for. */
export type ConsumerMethod =
  | 'publish'
  | 'broadcast'
  | 'subscribe'
  | 'unsubscribe'
  | 'disconnect'
  | 'history_remove'
  | 'refresh'

/** One function for all methods. */
export type PublishFunction = (method: ConsumerMethod, request: Readonly<Record<string, unknown>>) => unknown

/** A function per method, each under its name on the wire; `serverApi()` of `@backchannel/realtime` is one. */
export type PublisherMethods = { readonly [M in ConsumerMethod]: (request: never) => unknown }

/**
 * Calls the engine, and settles with its answer. What it rejects with and has a numeric `code` is an answer of the
 * engine to this row. Anything else says that the engine was not reached, and the row waits, however long it takes.
 */
export type Publisher = PublishFunction | PublisherMethods

export interface Command {
  readonly method: ConsumerMethod
  readonly request: Readonly<Record<string, unknown>>
}

export interface Refusal {
  readonly kind: 'refused'
  /** Trying again can't help. */
  readonly permanent: boolean
  /** The engine may be to blame, and refuse everything now. */
  readonly engineMayFail?: boolean
  /** The engine's; undefined when the row never got there. */
  readonly code: number | undefined
  readonly message: string
  /** Of a broadcast that reached the others. */
  readonly failedChannels?: readonly string[]
}

export type Outcome = { readonly kind: 'done' } | { readonly kind: 'outage'; readonly error: Error } | Refusal

const methods = new Set<string>([
  'publish',
  'broadcast',
  'subscribe',
  'unsubscribe',
  'disconnect',
  'history_remove',
  'refresh',
] satisfies ConsumerMethod[])

/** Of the engine's error table, what stays wrong: 100 (internal) and 111 (too many requests) pass. */
const permanentCodes = new Set([101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 112])

/** Of HTTP, what a proxy says about this one request, such as 413; 401, 404 or 429 are about all of them. */
const statusesOfRows = new Set([400, 411, 413, 414, 415, 422, 431])

/**
 * Reads a row: the method and its request; or, with an empty method, both out of the payload, where the request may also
 * be text that holds JSON, as change data capture writes it.
 */
export function commandOf(method: unknown, payload: unknown): Command | Refusal {
  let name = method
  let request = payload
  if (name === '') {
    if (!isRecord(request)) return malformed('the method is empty, and the payload holds no method and payload')
    name = request['method']
    request = request['payload']
    if (typeof request === 'string') request = parse(request)
  }
  if (typeof name !== 'string' || !methods.has(name)) return malformed(`there is no method ${describe(name)}`)
  if (!isRecord(request)) return malformed(`the payload of ${name} is no object`)
  return { method: name as ConsumerMethod, request }
}

/** @param timeoutMs after which a call without an answer counts as an outage */
export async function dispatch(publisher: PublishFunction, command: Command, timeoutMs: number): Promise<Outcome> {
  const { method, request } = command
  try {
    const answer = await within(timeoutMs, () => publisher(method, request))
    return method === 'broadcast' ? broadcastOutcome(request, answer) : { kind: 'done' }
  } catch (error) {
    return failureOf(error)
  }
}

/** @throws TypeError */
export function publisherOf(caller: string, publisher: Publisher): PublishFunction {
  if (typeof publisher === 'function') return publisher
  if (isRecord(publisher) && typeof publisher['publish'] === 'function') {
    return (method, request) => {
      const call = publisher[method] as ((request: unknown) => unknown) | undefined
      if (call) return call.call(publisher, request)
      throw Object.assign(new Error(`the publisher has no method ${method}`), { code: 104 })
    }
  }
  throw new TypeError(
    `${caller}: publisher must be serverApi(), or a function (method, request), not ${describe(publisher)}`,
  )
}

/** A broadcast succeeds as a request also where some of its channels refused. */
function broadcastOutcome(request: Readonly<Record<string, unknown>>, answer: unknown): Outcome {
  const responses: unknown = isRecord(answer) ? answer['responses'] : undefined
  if (!Array.isArray(responses)) return { kind: 'done' }
  const channels = Array.isArray(request['channels']) ? (request['channels'] as unknown[]) : []
  const failures = responses.flatMap((response: unknown, index) => {
    const error: unknown = isRecord(response) ? response['error'] : undefined
    return isRecord(error) ? [{ channel: String(channels[index]), code: codeOf(error['code']), error }] : []
  })
  const [first] = failures
  if (!first) return { kind: 'done' }
  // Whatever may pass is waited for: to the other channels the repetition is the same publication again.
  const worst = failures.find(({ code }) => !isPermanent(code)) ?? first
  const some = failures
    .slice(0, 5)
    .map(({ channel }) => channel)
    .join(', ')
  return {
    kind: 'refused',
    permanent: isPermanent(worst.code),
    // Where it has taken others, it does not fail.
    engineMayFail: failures.length === responses.length,
    code: worst.code,
    message: `${failures.length} of ${responses.length} channels (${some}): ${textOf(worst.error['message'])}`,
    failedChannels: failures.map(({ channel }) => channel),
  }
}

function failureOf(thrown: unknown): Outcome {
  const { code, reason, status, message }: Record<string, unknown> = isRecord(thrown) ? thrown : {}
  const text = textOf(message ?? thrown)
  // What a gateway answers in the engine's place may be JSON with a code, and a call that was given up has the code of an
  // exception of the web platform.
  const isAnswer = typeof code === 'number' && !(Number(status) >= 500) && !(thrown instanceof DOMException)
  if (isAnswer) {
    const permanent = isPermanent(codeOf(code))
    return { kind: 'refused', permanent, engineMayFail: !permanent, code: codeOf(code), message: text }
  }
  // RealtimeError tells more than whether there was an answer.
  if (reason === 'unserialisable') return malformed(text)
  if (reason === 'internal' || statusesOfRows.has(Number(status))) {
    return { kind: 'refused', permanent: false, engineMayFail: reason === 'internal', code: undefined, message: text }
  }
  const isWhole = thrown instanceof Error && thrown.message === text
  return { kind: 'outage', error: isWhole ? thrown : new Error(text, { cause: thrown }) }
}

const malformed = (message: string): Refusal => ({ kind: 'refused', permanent: true, code: undefined, message })

/** The call itself can't be taken back: it may still arrive, which the idempotency key makes harmless. */
async function within(timeoutMs: number, call: () => unknown): Promise<unknown> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  try {
    return await Promise.race([call(), late])
  } finally {
    clearTimeout(timer)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Undefined for what no column of whole numbers holds. */
function codeOf(code: unknown): number | undefined {
  return typeof code === 'number' && Number.isInteger(code) && Math.abs(code) < 2 ** 31 ? code : undefined
}

function isPermanent(code: number | undefined): boolean {
  return code !== undefined && permanentCodes.has(code)
}

/** As Postgres takes it. */
function textOf(value: unknown): string {
  return (typeof value === 'string' ? value : String(value)).slice(0, 1000).replaceAll('\0', '')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

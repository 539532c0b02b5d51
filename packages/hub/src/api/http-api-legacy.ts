/**
 * `POST /api`: the API's older form, in which Centrifugo's admin page still speaks. One body holds many commands, one
 * behind the other: `{"id", "method", "params"}`. They are run as they are read, so what stands before a command that
 * can't be read has happened.
 */
import { rawMember, replyError } from '@backchannel/protocol'
import { apiErrorOf } from './api-errors.ts'
import type { Core } from '../core.ts'
import { badRequest, json, outcomeOf, parseObject, type ApiHttpAnswer, type Outcome } from './http-api-outcome.ts'

export async function answerLegacyCall(core: Core, body: string): Promise<ApiHttpAnswer> {
  if (body === '') return badRequest
  const replies: string[] = []
  let at = skipSpace(body, 0)
  while (at < body.length) {
    const end = commandEnd(body, at)
    const command = readCommand(body.slice(at, end))
    if (!command) return badRequest
    const { id, method, params } = command
    const outcome = await run(core, method, params)
    replies.push(id === 0 ? textOf(outcome) : `{"id":${id},${textOf(outcome).slice(1)}`)
    at = skipSpace(body, end)
  }
  return { status: 200, contentType: json, body: replies.join('\n') }
}

interface LegacyCommand {
  readonly id: number
  readonly method: string
  /** JSON text; undefined for none. */
  readonly params: string | undefined
}

async function run(core: Core, method: string, params: string | undefined): Promise<Outcome> {
  const refused = { error: apiErrorOf(core, replyError('badRequest')) }
  // The only one that needs no params.
  if (method === 'info') return (await outcomeOf(core, method, {}, () => undefined)) ?? refused
  if (!knownMethods.has(method)) return { error: apiErrorOf(core, replyError('methodNotFound')) }
  const request = params === undefined ? undefined : parseObject(params)
  if (params === undefined || !request) return refused
  return (await outcomeOf(core, method, request, (name) => rawMember(params, name))) ?? refused
}

function textOf(outcome: Outcome): string {
  return 'result' in outcome ? `{"result":${outcome.result}}` : JSON.stringify(outcome)
}

/** Undefined for what is no command. */
function readCommand(text: string): LegacyCommand | undefined {
  const members = parseObject(text)
  if (!members) return undefined
  const id = members['id'] ?? 0
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= 2 ** 32) return undefined
  const method = Object.hasOwn(members, 'method') ? methodOf(members['method']) : methods.get(0)
  return method === undefined ? undefined : { id, method, params: rawMember(text, 'params') }
}

/** By its name or its number; the empty string for a number that stands for none. Undefined for what is neither. */
function methodOf(method: unknown): string | undefined {
  if (typeof method === 'number') return Number.isInteger(method) ? (methods.get(method) ?? '') : undefined
  if (typeof method !== 'string') return undefined
  const name = method.toLowerCase()
  return knownMethods.has(name) || methodsElsewhere.has(name) ? name : undefined
}

const methods: ReadonlyMap<number, string> = new Map(
  Object.entries({
    0: 'publish',
    1: 'broadcast',
    2: 'unsubscribe',
    3: 'disconnect',
    4: 'presence',
    5: 'presence_stats',
    6: 'history',
    7: 'history_remove',
    8: 'channels',
    9: 'info',
    10: 'rpc',
    11: 'subscribe',
    12: 'refresh',
    33: 'map_publish',
    34: 'map_remove',
    35: 'map_read_state',
    36: 'map_read_stream',
    37: 'map_stats',
    38: 'map_clear',
    39: 'shared_poll_publish',
  }).map(([number, name]) => [Number(number), name]),
)
const knownMethods: ReadonlySet<string> = new Set(methods.values())

/** Names that Centrifugo knows and has no method for: they belong to its PRO edition. */
const methodsElsewhere: ReadonlySet<string> = new Set([
  'connections',
  'update_user_status',
  'get_user_status',
  'delete_user_status',
  'block_user',
  'unblock_user',
  'revoke_token',
  'invalidate_user_tokens',
  'device_register',
  'device_update',
  'device_remove',
  'device_list',
  'device_topic_list',
  'device_topic_update',
  'user_topic_list',
  'user_topic_update',
  'send_push_notification',
  'update_push_status',
  'cancel_push',
])

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++
  return at
}

/** Where the value that begins here ends, as far as its brackets tell: whether it is JSON at all is seen afterwards. */
function commandEnd(text: string, from: number): number {
  if (text.startsWith('null', from)) return from + 'null'.length
  const marks = /["{}[\]]/g
  marks.lastIndex = from
  let depth = 0
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    if (mark[0] === '"') marks.lastIndex = stringEnd(text, mark.index)
    else if (mark[0] === '{' || mark[0] === '[') depth++
    else if (--depth <= 0) return marks.lastIndex
  }
  return text.length
}

/** Behind the quote that ends the string; behind the text when none does. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === '"') return at + 1
  }
  return text.length
}

/** `POST /api/batch`: many calls in one request, each with an answer of its own. */
import { elementSpans, memberSpan, rawMember, replyError } from '@backchannel/protocol'
import { apiErrorOf } from './api-errors.ts'
import type { Core } from '../core.ts'
import { badRequest, json, outcomeOf, type ApiHttpAnswer } from './http-api-outcome.ts'
import { chain, mapLimited, type MaybePromise } from '../maybe-promise.ts'
import { commandMethods, maxParallel, type PayloadSource } from './server-api.ts'
import { apiSchemas } from './server-api-schemas.ts'

interface BatchCommand {
  /** Empty for a command that names no method, undefined for one that is none. */
  readonly method: string | undefined
  readonly request: unknown
  readonly payloads: PayloadSource
}

export function answerBatch(core: Core, batch: Record<string, unknown>, body: string): MaybePromise<ApiHttpAnswer> {
  const commands = batchCommands(batch, body)
  const parallel = batch['parallel'] ?? false
  if (!commands || typeof parallel !== 'boolean') return badRequest
  const replies = mapLimited(commands, parallel ? maxParallel : 1, (command) => replyTo(core, command))
  return chain(replies, (list) => ({
    status: 200,
    contentType: json,
    body: list.length === 0 ? '{}' : `{"replies":[${list.join(',')}]}`,
  }))
}

function replyTo(core: Core, { method, request, payloads }: BatchCommand): MaybePromise<string> {
  const refused = { error: apiErrorOf(core, replyError('badRequest')) }
  if (method === undefined) return JSON.stringify(refused)
  return chain(outcomeOf(core, method, request, payloads), (outcome = refused) =>
    'result' in outcome ? `{"${method}":${outcome.result}}` : JSON.stringify(outcome),
  )
}

/** The commands of a batch; undefined when one can't be read, and then none of them is run. */
function batchCommands(batch: Record<string, unknown>, body: string): BatchCommand[] | undefined {
  const list: unknown = batch['commands'] ?? []
  if (!Array.isArray(list)) return undefined
  const at = memberSpan(body, 'commands')
  const spans = at ? elementSpans(body, at.start) : []
  const commands: BatchCommand[] = []
  for (const [index, command] of (list as unknown[]).entries()) {
    if (command === null) {
      commands.push({ method: undefined, request: undefined, payloads: () => undefined })
      continue
    }
    if (typeof command !== 'object' || Array.isArray(command)) return undefined
    const members = command as Record<string, unknown>
    const methods = commandMethods(members)
    if (methods.some((name) => !apiSchemas[name].safeParse(members[name]).success)) return undefined
    const [method = ''] = methods
    const span = spans[index]
    const text = span ? body.slice(span.start, span.end) : '{}'
    commands.push({ method, request: members[method], payloads: (name) => rawMember(text, method, name) })
  }
  return commands
}

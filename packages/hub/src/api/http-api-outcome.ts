/** What a method of the API comes to, as text: what its HTTP answers, batches and older form have in common. */
import { apiErrorOf, type ApiError } from './api-errors.ts'
import type { Core } from '../core.ts'
import { chain, isPromise, type MaybePromise } from '../maybe-promise.ts'
import { BadApiRequest, isApiMethod, JsonText, runApiMethod, type PayloadSource } from './server-api.ts'

export interface ApiHttpAnswer {
  readonly status: number
  readonly contentType?: string
  readonly body: string
}

/** JSON text, or an error. */
export type Outcome = { readonly result: string } | { readonly error: ApiError }

export const json = 'application/json'
export const badRequest: ApiHttpAnswer = {
  status: 400,
  contentType: 'text/plain; charset=utf-8',
  body: 'Bad Request\n',
}

/** One method; undefined when the request has members of the wrong type. Never throws and never rejects. */
export function outcomeOf(
  core: Core,
  method: string,
  request: unknown,
  payloads: PayloadSource,
): MaybePromise<Outcome | undefined> {
  const startedAt = core.clock.monotonic()
  const known = isApiMethod(method) ? method : 'unknown'
  const done = (): void => core.counters.apiCalls.add(core.clock.monotonic() - startedAt, known)
  const fail = (thrown: unknown): Outcome | undefined => {
    done()
    if (thrown instanceof BadApiRequest) return undefined
    const error = apiErrorOf(core, thrown)
    core.counters.apiErrors.add(1, known, error.code)
    return { error }
  }
  try {
    const running = chain(runApiMethod(core, method, request, payloads), (value) => {
      done()
      return { result: value instanceof JsonText ? value.json : JSON.stringify(value) }
    })
    return isPromise(running) ? running.catch(fail) : running
  } catch (error) {
    return fail(error)
  }
}

/** The object of a JSON text; `null` counts as an empty one. Undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (value === null) return {}
    return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

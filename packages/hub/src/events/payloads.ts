/** What an app sends, made ready for the wire or refused in words that help. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { isPromise, type MaybePromise } from '../maybe-promise.ts'

/** An event whose payload is JSON in one line. */
export interface ReadyEvent {
  readonly name: string
  readonly json: string
}

/** Browsers raise `open` and `error` of their own, and nobody could tell them apart; the others are the toolkit's. */
const reserved = new Set(['open', 'error', 'joined', 'left'])

// Control characters: NUL ends an id, line breaks end a field.
// oxlint-disable-next-line no-control-regex -- that is what is looked for
const unprintable = /[\u0000-\u001f\u007f]/

/** @throws TypeError for a name that can't stand on the wire */
export function checkEventName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`An event needs a name: { event: 'order', data }, not ${JSON.stringify(name)}`)
  }
  if (unprintable.test(name)) {
    throw new TypeError(`An event name is one line without control characters, not ${JSON.stringify(name)}`)
  }
  if (reserved.has(name)) {
    throw new TypeError(`'${name}' can't be an event of the app: browsers or the toolkit use it. Take another name`)
  }
}

/** @throws TypeError for an id that can't stand on the wire */
export function checkEventId(id: unknown): asserts id is string {
  if (typeof id !== 'string' || unprintable.test(id)) {
    throw new TypeError(`An event's id is one line of text without control characters, not ${JSON.stringify(id)}`)
  }
}

/** @throws TypeError for what JSON has no form for */
function toJson(name: string, data: unknown): string {
  try {
    // Undefined, and functions, have no form in JSON.
    return JSON.stringify(data) ?? 'null'
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new TypeError(`The data of event '${name}' can't be written as JSON: ${why}`, { cause: error })
  }
}

/** @throws TypeError, now or later, for an event that can't be sent; says why */
export function prepare(
  event: { readonly event: string; readonly data: unknown } | undefined,
  schemas: Readonly<Record<string, StandardSchemaV1>> | undefined,
): MaybePromise<ReadyEvent> {
  const { event: name, data } = event ?? { event: undefined, data: undefined }
  checkEventName(name)
  if (!schemas) return { name, json: toJson(name, data) }
  if (!Object.hasOwn(schemas, name)) {
    throw new TypeError(`'${name}' is not among the events of this createRealtime: ${Object.keys(schemas).join(', ')}`)
  }
  const result = schemas[name]?.['~standard'].validate(data) as MaybePromise<StandardSchemaV1.Result<unknown>>
  return isPromise(result) ? result.then((checked) => ready(name, checked)) : ready(name, result)
}

function ready(name: string, result: StandardSchemaV1.Result<unknown>): ReadyEvent {
  if (!result.issues) return { name, json: toJson(name, result.value) }
  const issues = result.issues.map(({ message, path = [] }) => {
    const keys = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment))
    return keys.length === 0 ? message : `${keys.join('.')}: ${message}`
  })
  throw new TypeError(`The data of event '${name}' is not valid: ${issues.join('; ')}`)
}

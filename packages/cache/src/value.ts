/** Values and their JSON. */
import { CacheValueError } from './errors.ts'
import { describe } from './keys.ts'

/** @throws CacheValueError for what JSON has no form for, naming the key and the reason */
export function toJson(key: string, value: unknown): string {
  const refuse = (why: string, cause?: unknown): never => {
    throw new CacheValueError(`The value of cache key '${key}' can't be written as JSON: ${why}`, { cause })
  }
  // It would become null, which reads as a miss.
  if (typeof value === 'number' && !Number.isFinite(value)) return refuse(`it is ${value}`)
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error), error)
  }
  if (json !== undefined) return json
  return refuse(value === undefined ? 'it is undefined' : `it is ${describe(value)}, and JSON has no form for that`)
}

/** What is stored may have been written by anything. */
export function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

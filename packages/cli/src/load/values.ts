/** Values of options, read as leniently as Centrifugo reads them, so that its files need no change. */
import { parseDuration } from '@backchannel/hub/config'
import type { OptionType } from '../options/kinds.ts'

/** Why a value is none, as the end of a sentence. */
export class BadValue extends Error {}

const wholeNumber = /^[+-]?(?:0|[1-9]\d*)$/
const yes = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const no = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

const readers: Record<OptionType, (value: unknown) => unknown> = {
  text: (value) => {
    if (typeof value === 'number' || typeof value === 'bigint') return String(value)
    if (typeof value !== 'string') throw new BadValue(`expected text, got ${show(value)}`)
    return value
  },
  integer: (value) => {
    const number = typeof value === 'string' && wholeNumber.test(value) ? Number(value) : value
    if (!Number.isSafeInteger(number)) throw new BadValue(`expected a whole number, got ${show(value)}`)
    return number
  },
  boolean: (value) => {
    if (typeof value === 'boolean') return value
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
    if (yes.has(text)) return true
    if (no.has(text)) return false
    throw new BadValue(`expected true or false, got ${show(value)}`)
  },
  duration: (value) => {
    if (typeof value === 'string' && parseDuration(value) !== undefined) return value
    throw new BadValue(`expected a duration such as "300ms", "25s" or "1h30m", got ${show(value)}`)
  },
  list: (value) => (Array.isArray(value) ? value : [value]).map((element: unknown) => readers.text(element)),
  map: (value) => {
    const entries = Array.isArray(value) ? value.map(keyAndValue) : Object.entries(record(value))
    return Object.fromEntries(entries.map(([key, text]) => [key, readers.text(text)]))
  },
}

function record(value: unknown): Record<string, unknown> {
  if (isRecord(value)) return value
  throw new BadValue(`expected names with values, got ${show(value)}`)
}

function keyAndValue(entry: unknown): [string, unknown] {
  if (isRecord(entry) && typeof entry['key'] === 'string') return [entry['key'], entry['value']]
  throw new BadValue(`expected {"key": …, "value": …}, got ${show(entry)}`)
}

/** @throws BadValue */
export function readValue(type: OptionType, value: unknown): unknown {
  return readers[type](value)
}

/** The same from a flag or a variable. Several values stand in one text, separated by spaces. @throws BadValue */
export function readText(type: OptionType, text: string): unknown {
  if (type === 'list') return text.split(/\s+/).filter((word) => word !== '')
  return readValue(type, type === 'map' ? parseJson(text) : text)
}

/** @throws BadValue */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BadValue(`expected JSON, got ${show(text)}`)
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Long values and secrets that were put in the wrong place are not repeated in full. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 20 ? `${value.slice(0, 20)}…` : value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

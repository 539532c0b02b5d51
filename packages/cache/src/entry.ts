/**
 * An entry's text in the store. Plain JSON where nothing more is known. Else `#`, which no JSON begins with, a header in
 * JSON, a line break, and the JSON of the value.
 */
import { parseJson } from './value.ts'

export type TagVersion = readonly [tag: string, version: string]

export interface Entry {
  readonly json: string
  /** The versions of its tags when it was made. */
  readonly tags: readonly TagVersion[]
  /** Unix milliseconds from which it is stale, where that is before its end in the store. */
  readonly freshUntil: number | undefined
  /** How long the loader took. */
  readonly loadMs: number | undefined
}

/** Short names: they are stored with every entry. */
interface Header {
  t?: readonly TagVersion[] | undefined
  f?: number | undefined
  d?: number | undefined
}

export function writeEntry({ json, tags, freshUntil, loadMs }: Entry): string {
  if (tags.length === 0 && freshUntil === undefined) return json
  const header: Header = { t: tags.length === 0 ? undefined : tags, f: freshUntil, d: loadMs }
  return `#${JSON.stringify(header)}\n${json}`
}

/** Undefined for a header that is not one. The value's JSON is not looked at. */
export function readEntry(text: string): Entry | undefined {
  if (!text.startsWith('#')) return { json: text, tags: [], freshUntil: undefined, loadMs: undefined }
  const end = text.indexOf('\n')
  const parsed = end === -1 ? undefined : parseJson(text.slice(1, end))
  if (typeof parsed?.value !== 'object' || parsed.value === null) return undefined
  const { t: tags = [], f: freshUntil, d: loadMs } = parsed.value as { t?: unknown; f?: unknown; d?: unknown }
  if (!isTagVersions(tags) || !isTime(freshUntil) || !isTime(loadMs)) return undefined
  return { json: text.slice(end + 1), tags, freshUntil, loadMs }
}

function isTime(value: unknown): value is number | undefined {
  return value === undefined || typeof value === 'number'
}

function isTagVersions(value: unknown): value is TagVersion[] {
  const isPair = (pair: unknown) =>
    Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && typeof pair[1] === 'string'
  return Array.isArray(value) && value.every(isPair)
}

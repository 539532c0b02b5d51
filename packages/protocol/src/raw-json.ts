/**
 * The text of a member in JSON text, untouched. `JSON.parse` followed by `JSON.stringify` would change what an app
 * sent (`1.0`, integers above 2^53, key order of numeric keys), cost a second pass, and throws RangeError for deep
 * nesting; here `data` stays the text that arrived.
 *
 * Every function needs text that `JSON.parse` has accepted: nothing is checked again.
 */

const quote = 34
const backslash = 92
const comma = 44
const openBracket = 91
const closeBracket = 93
const openBrace = 123
const closeBrace = 125

/** A value's place in the text: `text.slice(start, end)`. */
export interface Span {
  start: number
  end: number
}

function skipSpace(text: string, at: number): number {
  while (text.charCodeAt(at) <= 32) at++
  return at
}

/** `at` stands on the opening quote; gives the place behind the closing one. */
function skipString(text: string, at: number): number {
  let end = at
  for (;;) {
    end = text.indexOf('"', end + 1)
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes++
    if (slashes % 2 === 0) return end + 1
  }
}

/** `at` stands on the first character of a value; gives the place behind its last one. */
function skipValue(text: string, at: number): number {
  const first = text.charCodeAt(at)
  if (first === quote) return skipString(text, at)
  if (first !== openBrace && first !== openBracket) {
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === comma || code === closeBrace || code === closeBracket || code <= 32) return at
    }
    return at
  }
  let depth = 0
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      at = skipString(text, at)
      continue
    }
    at++
    if (code === openBrace || code === openBracket) depth++
    else if ((code === closeBrace || code === closeBracket) && --depth === 0) return at
  }
}

/**
 * The place of member `name` in the object that begins at `from`, or undefined when it has none or isn't an object.
 * The last of several wins, as with `JSON.parse`.
 */
export function memberSpan(text: string, name: string, from = 0): Span | undefined {
  let at = skipSpace(text, from)
  if (text.charCodeAt(at) !== openBrace) return undefined
  at = skipSpace(text, at + 1)
  let found: Span | undefined
  while (text.charCodeAt(at) === quote) {
    const keyEnd = skipString(text, at)
    const key = text.slice(at + 1, keyEnd - 1)
    const isMember = key === name || (key.includes('\\') && JSON.parse(text.slice(at, keyEnd)) === name)
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const end = skipValue(text, start)
    if (isMember) found = { start, end }
    at = skipSpace(text, end)
    if (text.charCodeAt(at) !== comma) break
    at = skipSpace(text, at + 1)
  }
  return found
}

/** The places of an array's elements, or none when the value at `from` isn't an array. */
export function elementSpans(text: string, from = 0): Span[] {
  let at = skipSpace(text, from)
  const spans: Span[] = []
  if (text.charCodeAt(at) !== openBracket) return spans
  at = skipSpace(text, at + 1)
  while (text.charCodeAt(at) !== closeBracket) {
    const end = skipValue(text, at)
    spans.push({ start: at, end })
    at = skipSpace(text, end)
    if (text.charCodeAt(at) === comma) at = skipSpace(text, at + 1)
  }
  return spans
}

/** The text of a nested member, such as `rawMember(body, 'publish', 'data')`; undefined when it isn't there. */
export function rawMember(text: string, ...path: string[]): string | undefined {
  let span: Span | undefined
  for (const name of path) {
    span = memberSpan(text, name, span?.start ?? 0)
    if (!span) return undefined
  }
  return span && text.slice(span.start, span.end)
}

/**
 * JSON text without raw newlines and carriage returns: they can only stand between tokens, and would end a message on
 * the wire, the latter in server-sent events.
 */
export function oneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? json.replaceAll(/[\n\r]/g, '') : json
}

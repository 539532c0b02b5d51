/** Requests as JSON that Postgres's jsonb can hold. */
import { describe } from './checks.ts'

/** In the text that `JSON.stringify` gives: an escape that is none of an escaped backslash. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/

/**
 * @param data what becomes `data`; left out of the check when the request has none
 * @throws TypeError for what has no JSON form, or one that jsonb can't hold
 */
export function jsonOf(caller: string, request: Readonly<Record<string, unknown>>, maxBytes: number): string {
  for (const [name, value] of Object.entries(request)) {
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
      throw new TypeError(`${caller}: ${name} has no JSON form: it is ${describe(value)}`)
    }
  }
  let json: string
  try {
    json = JSON.stringify(request)
  } catch (error) {
    // The runtime's message on a cycle names the data's own keys, over several lines.
    const reason =
      error instanceof TypeError
        ? 'it holds a BigInt or refers to itself'
        : 'it is nested too deep, or its toJSON() threw'
    throw new TypeError(`${caller}: what is to be published has no JSON form: ${reason}`, { cause: error })
  }
  if (unstorable.test(json)) {
    throw new TypeError(
      `${caller}: Postgres's jsonb holds no U+0000 and no lone surrogates: remove them from the text, or encode it`,
    )
  }
  const bytes = Buffer.byteLength(json)
  if (bytes <= maxBytes) return json
  throw new TypeError(`${caller}: a row holds at most ${maxBytes} bytes (maxPayloadBytes), not ${bytes}`)
}

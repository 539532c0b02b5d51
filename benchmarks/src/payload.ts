/** Where the load generator writes a sequence number: eight digits, so that a message's length never changes. */
export const placeholder = '########'

/** Where its numbers begin: all of them have as many digits. */
export const firstSequence = 10_000_000
/** Where it writes which subscriber a publication is for: six digits. */
export const subscriberPlaceholder = '@@@@@@'

export const channel = 'bench:news'
export const apiKey = 'benchmark-api-key'
export const tokenKey = 'benchmark-token-key-of-32-bytes-'

/** A JSON object of exactly this many bytes: a sequence number and a text. */
export function payloadOf(bytes: number): string {
  const frame = `{"seq":${placeholder},"text":""}`
  return frame.replace('""', `"${textOf(bytes)}"`)
}

/** The text that brings the payload to this many bytes. */
export function textOf(bytes: number): string {
  const empty = `{"seq":${placeholder},"text":""}`.length
  if (bytes < empty) throw new Error(`a payload of ${bytes} bytes: expected at least ${empty}`)
  return 'The quick brown fox jumps over the lazy dog. '.repeat(Math.ceil(bytes / 45)).slice(0, bytes - empty)
}

/**
 * What a publication carries. A string is JSON text, known to be valid; bytes are opaque and only fit protocols that
 * can carry them (JSON connections are closed 3506).
 */
export type Payload = string | Uint8Array

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text where the bytes are JSON, so that connections in JSON can be sent it; else a copy of the bytes. */
export function payloadOf(bytes: Uint8Array): Payload {
  if (bytes.byteLength === 0) return ''
  try {
    const text = utf8.decode(bytes)
    JSON.parse(text)
    return text
  } catch {
    return Uint8Array.from(bytes)
  }
}

import { oneLine } from './raw-json.ts'

/**
 * What a publication carries. A string is JSON text, known to be valid and without raw newlines, and is put on the
 * wire as it is; bytes are opaque and only fit protocols that can carry them (JSON connections are closed 3506).
 */
export type Payload = string | Uint8Array

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text where the bytes are JSON, so that connections in JSON can be sent it; else a copy of the bytes. */
export function payloadOf(bytes: Uint8Array): Payload {
  if (bytes.byteLength === 0) return ''
  try {
    const text = utf8.decode(bytes)
    const parsed: unknown = JSON.parse(text)
    // Without its newlines an object or a list is the same. "42" and a newline may as well be no JSON at all.
    if (!text.includes('\n')) return text
    if (typeof parsed === 'object' && parsed !== null) return oneLine(text)
  } catch {
    // No JSON, then.
  }
  return Uint8Array.from(bytes)
}

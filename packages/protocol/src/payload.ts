/**
 * What a publication carries. A string is JSON text, known to be valid and without raw newlines, and is put on the
 * wire as it is; bytes are opaque and only fit protocols that can carry them (JSON connections are closed 3506).
 */
export type Payload = string | Uint8Array

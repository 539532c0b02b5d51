import { payloadOf, type Payload } from '@backchannel/protocol'

/** A client's data as an app's handler sees it: parsed when it is JSON, else as it came; undefined for none. */
export function parsePayload(data: Payload | undefined): unknown {
  if (data === undefined || data.length === 0) return undefined
  return typeof data === 'string' ? (JSON.parse(data) as unknown) : data
}

/**
 * An app's data as text for the wire. The object may change afterwards; the text doesn't.
 * @throws TypeError when it can't be serialised
 */
export function toPayload(data: unknown): string {
  const text = JSON.stringify(data) as string | undefined
  if (text === undefined) throw new TypeError(`A ${typeof data} has no JSON form`)
  return text
}

/**
 * What an app answers a client with: bytes stay bytes, everything else becomes text. Bytes of JSON become text, too,
 * which every protocol can carry.
 * @throws TypeError when it can't be serialised
 */
export function answerPayload(data: unknown): Payload {
  return data instanceof Uint8Array ? payloadOf(data) : toPayload(data)
}

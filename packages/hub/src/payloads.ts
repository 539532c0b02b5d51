import { payloadOf, type Payload } from '@backchannel/protocol'

/** A client's data as an app's handler sees it: parsed when it is JSON, else as it came; undefined for none. */
export function parsePayload(data: Payload | undefined): unknown {
  if (data === undefined || data.length === 0) return undefined
  return typeof data === 'string' ? (JSON.parse(data) as unknown) : data
}

/** Data in its JSON form already: made once by `encodeJson`, published as often as one likes. */
export class EncodedJson {
  readonly #text: string

  /** @param text JSON: everybody who takes it counts on that */
  constructor(text: string) {
    this.#text = text
  }

  static textOf(encoded: EncodedJson): string {
    return encoded.#text
  }

  /** Wherever it is taken for an ordinary value, it is the one that was encoded. */
  toJSON(): unknown {
    return JSON.parse(this.#text)
  }
}

/**
 * Serialises what is to be published many times, to one channel or to several: `publish` takes what it gives as it is.
 * What happens to the object afterwards changes nothing.
 * @throws TypeError when `data` has no JSON form
 */
export function encodeJson(data: unknown): EncodedJson {
  return new EncodedJson(toPayload(data))
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
 * What an app publishes, as `answerPayload`; what is encoded already costs nothing more.
 * @throws TypeError when it can't be serialised
 */
export function publishPayload(data: unknown): Payload {
  return data instanceof EncodedJson ? EncodedJson.textOf(data) : answerPayload(data)
}

/**
 * What an app answers a client with: bytes stay bytes, everything else becomes text. Bytes of JSON become text, too,
 * which every protocol can carry.
 * @throws TypeError when it can't be serialised
 */
export function answerPayload(data: unknown): Payload {
  return data instanceof Uint8Array ? payloadOf(data) : toPayload(data)
}

/**
 * Who is in a room: names, colours, cursors, in y-protocols' awareness messages. A connection speaks for the clients that
 * it has brought and for nobody else: it can't move or remove another's cursor, here or on another instance.
 *
 * States are kept as the JSON that they came as. A state that was parsed and written again would let one who nests deep
 * enough end the process: `JSON.parse` takes depths at which `JSON.stringify` overflows.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** A tab has one; more come from several documents over one connection. */
const maxClientsOfOne = 8
/** Of JSON: a name, a colour and a cursor are 300. What is larger is not passed on. */
const maxStateLength = 8192
const maxStateDepth = 32
/** Clients repeat whatever they hear. A repetition of a whole crowd is not worth reading. */
const maxRepetition = 256 * 1024
/** Of one message of ours. */
const maxMessage = 32 * 1024
/** y-protocols takes clients for gone that were not renewed for so long, in ms; they renew themselves twice in it. */
const outdatedAfter = 30_000
/** Clocks of clients that have left tell old news of them from new; the newest so many are kept. */
const maxGone = 1000

/** Owner of the clients that other instances have brought. */
const elsewhere = {}

interface Client {
  readonly clock: number
  /** JSON of an object. */
  readonly state: string
  readonly owner: object
  readonly heardAt: number
}

export class Presence {
  readonly #clients = new Map<number, Client>()
  readonly #gone = new Map<number, number>()
  readonly #onChange: (isLocal: boolean) => void
  #changed = new Set<number>()

  /** @param onChange there is something to tell; other instances know already what is not local */
  constructor(onChange: (isLocal: boolean) => void) {
    this.#onChange = onChange
  }

  /** What a connection says. @throws Error when it is not an awareness update */
  say(owner: object, update: Uint8Array): void {
    if (update.byteLength > maxRepetition) return
    let own = 0
    for (const client of this.#clients.values()) if (client.owner === owner) own++
    for (const { id, clock, state } of readEntries(update)) {
      const known = this.#clients.get(id)
      if (known ? known.owner !== owner || clock <= known.clock : clock <= (this.#gone.get(id) ?? -1)) continue
      if (state === 'null') {
        if (known) this.#remove(id, clock)
      } else if (known || own++ < maxClientsOfOne) this.#put(id, clock, state, owner)
    }
  }

  /** What another instance says of its own clients. @throws Error when it is not an awareness update */
  hear(update: Uint8Array): void {
    for (const { id, clock, state } of readEntries(update)) {
      const known = this.#clients.get(id)
      if (known ? known.owner !== elsewhere || clock <= known.clock : clock <= (this.#gone.get(id) ?? -1)) continue
      if (state !== 'null') this.#put(id, clock, state, elsewhere)
      else if (known) this.#remove(id, clock)
    }
  }

  /** The connection is gone, and its clients with it. */
  leave(owner: object): void {
    for (const [id, client] of this.#clients) if (client.owner === owner) this.#remove(id, client.clock + 1, true)
  }

  /** Everybody who is here. */
  everybody(): Uint8Array[] {
    return this.#write(this.#clients.keys())
  }

  /** What has changed since the last time. */
  takeChanges(): Uint8Array[] {
    const changed = this.#changed
    this.#changed = new Set()
    return this.#write(changed)
  }

  /** Clients of an instance that says nothing of them any more have left with it. */
  expire(now: number): void {
    for (const [id, { owner, clock, heardAt }] of this.#clients) {
      if (owner === elsewhere && now - heardAt > outdatedAfter) this.#remove(id, clock + 1)
    }
  }

  #put(id: number, clock: number, state: string, owner: object): void {
    if (!isState(state)) return
    this.#clients.set(id, { clock, state, owner, heardAt: Date.now() })
    this.#gone.delete(id)
    this.#tell(id, owner !== elsewhere)
  }

  #remove(id: number, clock: number, isLocal = this.#clients.get(id)?.owner !== elsewhere): void {
    this.#clients.delete(id)
    this.#gone.set(id, clock)
    const [oldest] = this.#gone.keys()
    if (this.#gone.size > maxGone && oldest !== undefined) this.#gone.delete(oldest)
    this.#tell(id, isLocal)
  }

  #tell(id: number, isLocal: boolean): void {
    this.#changed.add(id)
    this.#onChange(isLocal)
  }

  #write(ids: Iterable<number>): Uint8Array[] {
    const messages: Uint8Array[] = []
    let batch: Entry[] = []
    let length = 0
    for (const id of ids) {
      const client = this.#clients.get(id)
      const clock = client?.clock ?? this.#gone.get(id)
      if (clock === undefined) continue
      batch.push({ id, clock, state: client?.state ?? 'null' })
      length += client?.state.length ?? 0
      if (length < maxMessage) continue
      messages.push(writeEntries(batch))
      batch = []
      length = 0
    }
    if (batch.length > 0) messages.push(writeEntries(batch))
    return messages
  }
}

interface Entry {
  readonly id: number
  readonly clock: number
  /** JSON. */
  readonly state: string
}

function* readEntries(update: Uint8Array): Generator<Entry> {
  const decoder = decoding.createDecoder(update)
  const count = decoding.readVarUint(decoder)
  for (let n = 0; n < count; n++) {
    const id = decoding.readVarUint(decoder)
    const clock = decoding.readVarUint(decoder)
    yield { id, clock, state: decoding.readVarString(decoder) }
  }
}

function writeEntries(entries: readonly Entry[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, entries.length)
    for (const { id, clock, state } of entries) {
      encoding.writeVarUint(encoder, id)
      encoding.writeVarUint(encoder, clock)
      encoding.writeVarString(encoder, state)
    }
  })
}

/** @returns false for what is too large or too deep to be passed on. @throws Error for what is no state */
function isState(state: string): boolean {
  if (state.length > maxStateLength || isDeeper(state, maxStateDepth)) return false
  const value: unknown = JSON.parse(state)
  if (typeof value === 'object' && value !== null) return true
  throw new Error('The state of a client is an object or null')
}

function isDeeper(json: string, most: number): boolean {
  let depth = 0
  let isText = false
  for (let index = 0; index < json.length; index++) {
    const character = json[index]
    if (isText) {
      if (character === '\\') index++
      else if (character === '"') isText = false
    } else if (character === '"') isText = true
    else if (character === '{' || character === '[') {
      if (++depth > most) return true
    } else if (character === '}' || character === ']') depth--
  }
  return false
}

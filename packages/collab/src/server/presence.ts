/**
 * Who is in a room: names, colours, cursors, by y-protocols' awareness. A connection speaks for the clients that it has
 * brought and for nobody else: it can't move or remove another's cursor.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import type { Doc } from 'yjs'

/** A tab has one; more come from several documents over one connection. */
const maxClientsOfOne = 8
/** What is known of clients that have left is kept so long, so that old news of them can be told from new, in ms. */
const keepGone = 60_000

export class Presence {
  readonly #awareness: Awareness
  readonly #owners = new Map<number, object>()
  #changed = new Set<number>()

  /**
   * @param onChange there is something to tell; by whom it was changed says whether other instances know it
   * @param fromElsewhere whoever passes on what other instances say
   */
  constructor(doc: Doc, onChange: (isLocal: boolean) => void, fromElsewhere: object) {
    this.#awareness = new Awareness(doc)
    // The server itself is nobody.
    this.#awareness.setLocalState(null)
    this.#awareness.on('update', (change: Record<'added' | 'updated' | 'removed', number[]>, origin: unknown) => {
      for (const client of [...change.added, ...change.updated, ...change.removed]) this.#changed.add(client)
      onChange(origin !== fromElsewhere)
    })
  }

  get size(): number {
    return this.#awareness.getStates().size
  }

  /** What a connection says. @throws Error when it is not an awareness update, or of too many clients */
  say(owner: object, update: Uint8Array): void {
    const news = readEntries(update).filter((entry) => this.#isNews(owner, entry))
    const own = new Set(news.filter(({ state }) => state !== 'null').map(({ client }) => client))
    for (const [client, known] of this.#owners) if (known === owner) own.add(client)
    if (own.size > maxClientsOfOne) throw new Error(`One connection speaks for more than ${maxClientsOfOne} clients`)
    for (const client of own) this.#owners.set(client, owner)
    if (news.length > 0) applyAwarenessUpdate(this.#awareness, writeEntries(news), owner)
    for (const { client, state } of news) if (state === 'null') this.#owners.delete(client)
  }

  /** What another instance says of its own clients. */
  hear(fromElsewhere: object, update: Uint8Array): void {
    applyAwarenessUpdate(this.#awareness, update, fromElsewhere)
  }

  /** The connection is gone, and its clients with it. */
  leave(owner: object): void {
    const gone = Array.from(this.#owners).filter(([, known]) => known === owner)
    for (const [client] of gone) this.#owners.delete(client)
    const clients = gone.map(([client]) => client)
    // A higher clock: others that hear old news of them later don't take it for new.
    for (const client of clients) {
      const meta = this.#awareness.meta.get(client)
      if (meta) meta.clock++
    }
    removeAwarenessStates(this.#awareness, clients, owner)
  }

  /** Everybody who is here; undefined when nobody is. */
  everybody(): Uint8Array | undefined {
    const clients = Array.from(this.#awareness.getStates().keys())
    return clients.length === 0 ? undefined : encodeAwarenessUpdate(this.#awareness, clients)
  }

  /** What has changed since the last time; undefined when nothing has. */
  takeChanges(): Uint8Array | undefined {
    const clients = Array.from(this.#changed).filter((client) => this.#awareness.meta.has(client))
    this.#changed = new Set()
    return clients.length === 0 ? undefined : encodeAwarenessUpdate(this.#awareness, clients)
  }

  /** Every page load is a new client, and the library forgets none. */
  forgetGone(now: number): void {
    for (const [client, { lastUpdated }] of this.#awareness.meta) {
      const isHere = this.#awareness.states.has(client) || client === this.#awareness.clientID
      if (!isHere && now - lastUpdated > keepGone) this.#awareness.meta.delete(client)
    }
  }

  destroy(): void {
    this.#awareness.destroy()
  }

  /** Clients repeat what they heard of others: that is old news, and no claim. */
  #isNews(owner: object, { client, clock }: Entry): boolean {
    const known = this.#owners.get(client)
    if (known !== undefined) return known === owner
    const meta = this.#awareness.meta.get(client)
    return meta === undefined || clock > meta.clock
  }
}

interface Entry {
  readonly client: number
  readonly clock: number
  /** JSON. */
  readonly state: string
}

function readEntries(update: Uint8Array): Entry[] {
  const decoder = decoding.createDecoder(update)
  const count = decoding.readVarUint(decoder)
  const entries: Entry[] = []
  for (let n = 0; n < count; n++) {
    const client = decoding.readVarUint(decoder)
    const clock = decoding.readVarUint(decoder)
    const state = decoding.readVarString(decoder)
    if (typeof JSON.parse(state) !== 'object') throw new Error('The state of a client is an object or null')
    entries.push({ client, clock, state })
  }
  return entries
}

function writeEntries(entries: readonly Entry[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, entries.length)
    for (const { client, clock, state } of entries) {
      encoding.writeVarUint(encoder, client)
      encoding.writeVarUint(encoder, clock)
      encoding.writeVarString(encoder, state)
    }
  })
}

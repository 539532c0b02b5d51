/**
 * One document and everybody who is in it, here. An update is applied, appended to the store, and only then told: to the
 * others, to other instances, and to whoever asks for the document. What anybody has seen is durable.
 */
import type { Logger } from '@backchannel/hub/node'
import * as Y from 'yjs'
import { closeReasons, type CloseReason } from './close-codes.ts'
import { answerMessage, askMessage, awarenessMessage, updateMessage } from './messages.ts'
import { Presence } from './presence.ts'
import type { Relay, RoomLine } from './relay.ts'
import type { CollabStore, StoredDocument, Version } from './store.ts'
import type { Turns } from './turns.ts'
import { checkUpdate, dropWaiting } from './updates.ts'

export interface RoomSettings {
  readonly store: CollabStore
  readonly relay: Relay
  readonly log: Logger
  /** For reading what other instances have stored, which all rooms do at once when Valkey is back. */
  readonly turns: Turns
  readonly maxDocumentBytes: number
  readonly maxUpdateBytes: number
  readonly compactAfter: number
  readonly versionEvery: number
  readonly maxVersions: number
}

/** Somebody in the room. */
export interface Guest {
  send(message: Uint8Array): void
  /** Sends what was asked for: large, and one at a time. */
  answer(message: Uint8Array): void
  close(reason: CloseReason): void
  pause(): void
  resume(): void
}

/** Updates that are appended together, and what waits for them. */
interface Batch {
  readonly updates: Uint8Array[]
  readonly from: Set<unknown>
  readonly waiting: { readonly done: () => void; readonly failed?: (error: Error) => void }[]
}

/** Of updates that are durable already. */
const stored = { toString: () => 'the store' }
const elsewhere = { toString: () => 'another instance' }

/** Between two tries to read the store again, in ms; as much again is added at random. */
const readAgainAfter = 2000

export class Room {
  readonly name: string
  readonly #settings: RoomSettings
  readonly #doc = new Y.Doc()
  readonly #guests = new Set<Guest>()
  readonly #presence = new Presence((isLocal) => this.#presenceChanged(isLocal))
  readonly #loaded: Promise<void>
  #line: RoomLine | undefined
  #state: 'loading' | 'open' | 'closed' = 'loading'
  /** Collects what comes while the one before is being appended. */
  #next: Batch | undefined
  #writing: Batch | undefined
  /** Of those two. */
  #unstoredBytes = 0
  readonly #paused = new Set<Guest>()
  /** Guests that were asked for what their updates stand on, and have not made it whole. */
  readonly #asked = new Set<Guest>()
  /** Upper bound of the document's size: deleted text still counts. */
  #bytes = 0
  /** Appended here, or heard, since the last compaction. */
  #updates = 0
  #compactAt: number
  /** What has to end before the document may be deleted. */
  #appending: Promise<void> | undefined
  #compacting: Promise<void> | undefined
  #isPresenceDue = false
  #isLocalPresenceDue = false
  #isReading = false
  #readTimer: NodeJS.Timeout | undefined

  constructor(name: string, settings: RoomSettings) {
    this.name = name
    this.#settings = settings
    this.#compactAt = settings.compactAfter
    this.#doc.on('update', (update: Uint8Array, origin: unknown) => this.#updated(update, origin))
    this.#loaded = this.#load()
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  get guestCount(): number {
    return this.#guests.size
  }

  /** Whether everything that was received is in the store. */
  get isSettled(): boolean {
    return this.isClosed || (!this.#next && !this.#writing)
  }

  /** Resolves once the document is here. @throws what the store throws; the room is closed then */
  get loaded(): Promise<void> {
    return this.#loaded
  }

  enter(guest: Guest, asksForUpdates: boolean): void {
    this.#guests.add(guest)
    if (asksForUpdates) guest.send(askMessage(Y.encodeStateVector(this.#doc)))
    this.tellPresence(guest)
  }

  leave(guest: Guest): void {
    this.#paused.delete(guest)
    this.#asked.delete(guest)
    if (!this.#guests.delete(guest) || this.isClosed) return
    this.#presence.leave(guest)
  }

  /** A guest wants what it lacks. @throws Error when the state vector is broken */
  answer(guest: Guest, stateVector: Uint8Array): void {
    const message = answerMessage(Y.encodeStateAsUpdate(this.#doc, stateVector))
    this.#whenDurable({ done: () => guest.answer(message) })
  }

  /** @returns why it is refused; undefined: it is on its way to the store */
  receive(guest: Guest, update: Uint8Array): CloseReason | undefined {
    // Whole and well-formed, before any of it is in the document.
    const checked = checkUpdate(update)
    if (!checked) return closeReasons.brokenUpdate
    // Who takes away only is not refused for want of room.
    if (!checked.isDeletion && !this.#hasRoomFor(update.byteLength)) return closeReasons.documentTooLarge
    try {
      Y.applyUpdate(this.#doc, update, guest)
    } catch (error) {
      // Half of it may be in the document: that one goes, and is loaded anew without it.
      this.#fail(error, 'an update could not be applied')
      return closeReasons.brokenUpdate
    }
    if (!dropWaiting(this.#doc)) this.#asked.delete(guest)
    else if (!this.#asked.has(guest)) {
      // Once: an answer that leaves the same gap would be asked for without end.
      this.#asked.add(guest)
      guest.send(askMessage(Y.encodeStateVector(this.#doc)))
    }
    if (this.#unstoredBytes > 2 * this.#settings.maxUpdateBytes && !this.isClosed) {
      this.#paused.add(guest)
      guest.pause()
    }
    return undefined
  }

  /** @throws Error when it is broken */
  say(guest: Guest, awareness: Uint8Array): void {
    this.#presence.say(guest, awareness)
  }

  tellPresence(guest: Guest): void {
    for (const message of this.#presence.everybody()) guest.send(awarenessMessage(message))
  }

  expirePresence(now: number): void {
    this.#presence.expire(now)
  }

  /** The document as it is, durable. */
  async snapshot(): Promise<Uint8Array> {
    const snapshot = Y.encodeStateAsUpdate(this.#doc)
    await this.#durable()
    return snapshot
  }

  async saveVersion(): Promise<Version> {
    const { store, maxVersions } = this.#settings
    const version = await store.saveVersion(this.name, await this.snapshot(), { most: maxVersions })
    if (!version) throw new Error('The store kept no version')
    return version
  }

  /** Applies the app's own change. Resolves once it is durable. */
  async change(update: Uint8Array): Promise<void> {
    Y.applyUpdate(this.#doc, update, 'app')
    await this.#durable()
  }

  /** Puts one snapshot in the place of all updates. */
  compact(): Promise<void> {
    this.#compacting ??= this.#compactNow().finally(() => (this.#compacting = undefined))
    return this.#compacting
  }

  /** Resolves once everything that was received by now is stored as well as it can be. Never rejects. */
  async settle(): Promise<void> {
    if (this.#state !== 'open') return
    try {
      await this.#durable()
      if (this.#updates > 0) await this.compact()
    } catch (error) {
      this.#warnOfCompaction(error)
    }
  }

  /** Resolves once nothing of it is on its way to the store any more. Never rejects. */
  async quiet(): Promise<void> {
    await Promise.allSettled([this.#loaded, this.#appending, this.#compacting])
  }

  /** Sends everybody away. What was received and is not durable stays with those who sent it. */
  close(reason: CloseReason): void {
    if (this.isClosed) return
    this.#state = 'closed'
    clearTimeout(this.#readTimer)
    const guests = Array.from(this.#guests)
    this.#guests.clear()
    for (const guest of guests) guest.close(reason)
    this.#line?.leave()
    this.#doc.destroy()
    const waiting = [this.#writing, this.#next].flatMap((batch) => batch?.waiting ?? [])
    this.#next = undefined
    for (const { failed } of waiting) failed?.(new Error(`The room ${this.name} is closed: ${reason.reason}`))
  }

  async #load(): Promise<void> {
    const { store, relay, log } = this.#settings
    try {
      const { updates } = await store.load(this.name)
      if (this.isClosed) return
      for (const update of updates) Y.applyUpdate(this.#doc, update, stored)
      if (dropWaiting(this.#doc)) log.warn({ room: this.name }, 'collab: a document holds changes to what it has not')
      this.#updates = Math.max(0, updates.length - 1)
    } catch (error) {
      this.#fail(error, 'a document could not be loaded')
      throw error
    }
    this.#state = 'open'
    this.#line = relay.join(this.name, {
      update: (update) => {
        Y.applyUpdate(this.#doc, update, elsewhere)
        // One before it was lost on the way.
        if (dropWaiting(this.#doc)) this.#readSoon()
      },
      awareness: (update) => this.#presence.hear(update),
      ask: (stateVector) => {
        this.#tellInstances(stateVector)
        // Once, so that two who type don't ask each other without end. A state vector knows nothing of deletions, so
        // whether there is anything to ask for can't be told from it.
        this.#line?.askBack(Y.encodeStateVector(this.#doc))
      },
      askBack: (stateVector) => this.#tellInstances(stateVector),
      back: () => {
        this.#line?.ask(Y.encodeStateVector(this.#doc))
        for (const message of this.#presence.everybody()) this.#line?.awareness(message)
        this.#read()
      },
    })
  }

  #hasRoomFor(bytes: number): boolean {
    const { maxDocumentBytes } = this.#settings
    if (this.#bytes + bytes <= maxDocumentBytes) return true
    this.#bytes = Y.encodeStateAsUpdate(this.#doc).byteLength
    return this.#bytes + bytes <= maxDocumentBytes
  }

  #updated(update: Uint8Array, origin: unknown): void {
    this.#bytes += update.byteLength
    if (origin === stored || origin === elsewhere) {
      this.#updates++
      this.#broadcast(updateMessage(update), undefined)
      return
    }
    const batch = this.#collect()
    batch.updates.push(update)
    batch.from.add(origin)
    this.#unstoredBytes += update.byteLength
  }

  /** The batch that is appended next. */
  #collect(): Batch {
    if (!this.#next) {
      this.#next = { updates: [], from: new Set(), waiting: [] }
      // Everything of this tick goes into one row.
      if (!this.#writing) setImmediate(() => this.#writeNext())
    }
    return this.#next
  }

  #writeNext(): void {
    const batch = this.#next
    if (!batch || this.isClosed) return
    this.#next = undefined
    this.#writing = batch
    this.#appending = this.#write(batch)
  }

  /** Never rejects. */
  async #write(batch: Batch): Promise<void> {
    const { updates, from, waiting } = batch
    try {
      const [first = new Uint8Array()] = updates
      const update = updates.length === 1 ? first : Y.mergeUpdates(updates)
      await this.#settings.store.append(this.name, update)
      if (this.isClosed) return
      this.#writing = undefined
      this.#unstoredBytes = (this.#next?.updates ?? []).reduce((sum, { byteLength }) => sum + byteLength, 0)
      this.#updates++
      // Whoever typed it has it, unless others typed, too.
      const [only] = from.size === 1 ? from : []
      this.#broadcast(updateMessage(update), only)
      this.#line?.update(update)
    } catch (error) {
      return this.#fail(error, 'an update could not be stored')
    }
    for (const { done } of waiting) done()
    for (const guest of this.#paused) guest.resume()
    this.#paused.clear()
    this.#writeNext()
    if (this.#updates >= this.#compactAt) this.compact().catch((error: unknown) => this.#warnOfCompaction(error))
  }

  /** Now, or as soon as everything that is in the document now is in the store. */
  #whenDurable(waiter: Batch['waiting'][number]): void {
    const batch = this.#next ?? this.#writing
    if (batch) batch.waiting.push(waiter)
    else waiter.done()
  }

  /** @throws Error when the room is closed before */
  #durable(): Promise<void> {
    if (this.isClosed) return Promise.reject(new Error(`The room ${this.name} is closed`))
    return new Promise((resolve, reject) => this.#whenDurable({ done: resolve, failed: reject }))
  }

  #broadcast(message: Uint8Array, except: unknown): void {
    for (const guest of this.#guests) if (guest !== except) guest.send(message)
  }

  #presenceChanged(isLocal: boolean): void {
    if (this.isClosed) return
    this.#isLocalPresenceDue ||= isLocal
    if (this.#isPresenceDue) return
    this.#isPresenceDue = true
    // Everybody's cursors of one tick in one message. It goes to those who sent it, too: a client that hears nothing for
    // 30 s reconnects, and its own words count.
    setImmediate(() => {
      const isForInstances = this.#isLocalPresenceDue
      this.#isPresenceDue = false
      this.#isLocalPresenceDue = false
      if (this.isClosed) return
      for (const changes of this.#presence.takeChanges()) {
        this.#broadcast(awarenessMessage(changes), undefined)
        if (isForInstances) this.#line?.awareness(changes)
      }
    })
  }

  /** Another instance asks for what it lacks, and for those who are here. */
  #tellInstances(stateVector: Uint8Array): void {
    const update = Y.encodeStateAsUpdate(this.#doc, stateVector)
    this.#whenDurable({ done: () => this.#line?.update(update) })
    for (const message of this.#presence.everybody()) this.#line?.awareness(message)
  }

  #readSoon(): void {
    this.#readTimer ??= setTimeout(
      () => {
        this.#readTimer = undefined
        this.#line?.ask(Y.encodeStateVector(this.#doc))
        this.#read()
      },
      readAgainAfter * (1 + Math.random()),
    ).unref()
  }

  /** What others have stored meanwhile. The room goes on if the store can't be asked now. */
  #read(): void {
    if (this.#isReading) return
    this.#isReading = true
    this.#settings
      .turns(() => this.#readStore())
      .catch((error: unknown) => {
        if (this.isClosed) return
        this.#settings.log.warn(
          { err: error, room: this.name },
          'collab: a document could not be read again; it will be',
        )
        this.#readSoon()
      })
      .finally(() => (this.#isReading = false))
  }

  async #readStore(): Promise<StoredDocument | undefined> {
    if (this.isClosed) return undefined
    const document = await this.#settings.store.load(this.name)
    if (this.isClosed) return undefined
    for (const update of document.updates) Y.applyUpdate(this.#doc, update, stored)
    dropWaiting(this.#doc)
    return document
  }

  /** What other instances have stored goes into the snapshot, too. */
  async #compactNow(): Promise<void> {
    const { store, versionEvery, maxVersions, compactAfter } = this.#settings
    // One that fails is tried again after as many updates, not after each.
    this.#compactAt = this.#updates + compactAfter
    const document = await this.#readStore()
    if (!document) return
    const snapshot = Y.encodeStateAsUpdate(this.#doc)
    if (!(await store.compact(this.name, snapshot, document.base)) || this.isClosed) return
    this.#updates = 0
    this.#compactAt = compactAfter
    this.#bytes = snapshot.byteLength
    await store.saveVersion(this.name, snapshot, { most: maxVersions, unlessWithinMs: versionEvery })
  }

  #warnOfCompaction(error: unknown): void {
    if (!this.isClosed) this.#settings.log.warn({ err: error, room: this.name }, 'collab: a document was not compacted')
  }

  #fail(error: unknown, what: string): void {
    if (this.isClosed) return
    this.#settings.log.error({ err: error, room: this.name }, `collab: ${what}`)
    this.close(closeReasons.unavailable)
  }
}

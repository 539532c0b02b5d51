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
import type { CollabStore, Version } from './store.ts'

export interface RoomSettings {
  readonly store: CollabStore
  readonly relay: Relay
  readonly log: Logger
  readonly maxDocumentBytes: number
  readonly compactAfter: number
  readonly versionEveryMs: number
  readonly maxVersions: number
  readonly storeTimeoutMs: number
}

/** Somebody in the room. */
export interface Guest {
  send(message: Uint8Array): void
  close(reason: CloseReason): void
}

/** Updates that are appended together, and what may be told once they are. */
interface Batch {
  readonly updates: Uint8Array[]
  readonly from: Set<unknown>
  readonly tell: (() => void)[]
}

/** Of updates that are durable already. */
const stored = { toString: () => 'the store' }
const elsewhere = { toString: () => 'another instance' }

/** Of updates that wait for others; more than a moment's disorder is never needed. */
const maxWaitingBytes = 1024 * 1024

export class Room {
  readonly name: string
  readonly #settings: RoomSettings
  readonly #doc = new Y.Doc()
  readonly #guests = new Set<Guest>()
  readonly #presence: Presence
  readonly #loaded: Promise<void>
  #line: RoomLine | undefined
  #state: 'loading' | 'open' | 'closed' = 'loading'
  /** Collects what comes while the one before is being appended. */
  #next: Batch | undefined
  #writing: Batch | undefined
  #idle: (() => void)[] = []
  /** Upper bound of the document's size: deleted text still counts. */
  #bytes = 0
  /** Appended here, or heard, since the last compaction. */
  #updates = 0
  #compacting: Promise<void> | undefined
  #versionAt = 0
  #isPresenceDue = false

  constructor(name: string, settings: RoomSettings) {
    this.name = name
    this.#settings = settings
    this.#presence = new Presence(this.#doc, (isLocal) => this.#presenceChanged(isLocal), elsewhere)
    this.#doc.on('update', (update: Uint8Array, origin: unknown) => this.#updated(update, origin))
    this.#loaded = this.#load()
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  get guestCount(): number {
    return this.#guests.size
  }

  /** Resolves once the document is here. @throws what the store throws; the room is closed then */
  get loaded(): Promise<void> {
    return this.#loaded
  }

  enter(guest: Guest, asksForUpdates: boolean): void {
    this.#guests.add(guest)
    if (asksForUpdates) guest.send(askMessage(Y.encodeStateVector(this.#doc)))
    const everybody = this.#presence.everybody()
    if (everybody) guest.send(awarenessMessage(everybody))
  }

  leave(guest: Guest): void {
    if (!this.#guests.delete(guest) || this.isClosed) return
    this.#presence.leave(guest)
  }

  /** A guest wants what it lacks. @throws Error when the state vector is broken */
  answer(guest: Guest, stateVector: Uint8Array): void {
    const message = answerMessage(Y.encodeStateAsUpdate(this.#doc, stateVector))
    this.#whenDurable(() => guest.send(message))
  }

  /** @returns why it is refused; undefined: it is on its way to the store */
  receive(guest: Guest, update: Uint8Array): CloseReason | undefined {
    try {
      // Whole and well-formed, before any of it is in the document.
      Y.decodeUpdate(update)
    } catch {
      return closeReasons.brokenUpdate
    }
    if (this.#bytes + update.byteLength > this.#settings.maxDocumentBytes) {
      this.#bytes = Y.encodeStateAsUpdate(this.#doc).byteLength
      if (this.#bytes + update.byteLength > this.#settings.maxDocumentBytes) return closeReasons.documentTooLarge
    }
    try {
      Y.applyUpdate(this.#doc, update, guest)
    } catch (error) {
      // Half of it may be in the document: that one goes, and is loaded anew without it.
      this.#fail(error, 'an update could not be applied')
      return closeReasons.brokenUpdate
    }
    return this.#askForGaps(guest)
  }

  /** @throws Error when it is broken */
  say(guest: Guest, awareness: Uint8Array): void {
    this.#presence.say(guest, awareness)
  }

  tellPresence(guest: Guest): void {
    const everybody = this.#presence.everybody()
    if (everybody) guest.send(awarenessMessage(everybody))
  }

  forgetGone(now: number): void {
    this.#presence.forgetGone(now)
  }

  /** The document as it is, durable. */
  async snapshot(): Promise<Uint8Array> {
    const snapshot = Y.encodeStateAsUpdate(this.#doc)
    await this.#durable()
    return snapshot
  }

  async saveVersion(): Promise<Version> {
    const { store, maxVersions } = this.#settings
    const version = await store.saveVersion(this.name, await this.snapshot(), maxVersions)
    this.#versionAt = Date.now()
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

  /** Resolves once everything that was received is stored as well as it can be. Never rejects. */
  async settle(): Promise<void> {
    if (this.#state !== 'open') return
    try {
      await this.#durable()
      if (this.#updates > 0) await this.compact()
    } catch (error) {
      this.#warnOfCompaction(error)
    }
  }

  /** Sends everybody away. What was received and is not durable stays with those who sent it. */
  close(reason: CloseReason): void {
    if (this.isClosed) return
    this.#state = 'closed'
    const guests = Array.from(this.#guests)
    this.#guests.clear()
    for (const guest of guests) guest.close(reason)
    this.#line?.leave()
    this.#presence.destroy()
    this.#doc.destroy()
    this.#next = undefined
    this.#signalIdle()
  }

  async #load(): Promise<void> {
    try {
      const { updates } = await this.#timed(this.#settings.store.load(this.name))
      if (this.isClosed) return
      for (const update of updates) Y.applyUpdate(this.#doc, update, stored)
      this.#updates = Math.max(0, updates.length - 1)
    } catch (error) {
      this.#fail(error, 'a document could not be loaded')
      throw error
    }
    this.#state = 'open'
    this.#line = this.#settings.relay.join(this.name, {
      update: (update) => Y.applyUpdate(this.#doc, update, elsewhere),
      awareness: (update) => this.#presence.hear(elsewhere, update),
      ask: (stateVector) => {
        this.#tellInstances(stateVector)
        // Once, so that two who type don't ask each other without end. A state vector knows nothing of deletions, so
        // whether there is anything to ask for can't be told from it.
        this.#line?.askBack(Y.encodeStateVector(this.#doc))
      },
      askBack: (stateVector) => this.#tellInstances(stateVector),
      back: () => this.#catchUp(),
    })
  }

  /** What stands on something that never came waits outside the document, and is neither stored nor told. */
  #askForGaps(guest: Guest): CloseReason | undefined {
    const { pendingStructs, pendingDs } = this.#doc.store
    const waiting = (pendingStructs?.update.byteLength ?? 0) + (pendingDs?.byteLength ?? 0)
    if (waiting === 0) return undefined
    if (waiting > maxWaitingBytes) {
      this.#fail(new Error(`${waiting} bytes of updates whose beginnings never came`), 'a document was given up')
      return closeReasons.brokenUpdate
    }
    guest.send(askMessage(Y.encodeStateVector(this.#doc)))
    return undefined
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
  }

  /** The batch that is appended next. */
  #collect(): Batch {
    if (!this.#next) {
      this.#next = { updates: [], from: new Set(), tell: [] }
      // Everything of this tick goes into one row.
      if (!this.#writing) setImmediate(() => void this.#write())
    }
    return this.#next
  }

  async #write(): Promise<void> {
    const batch = this.#next
    if (!batch || this.isClosed) return
    this.#next = undefined
    this.#writing = batch
    const { updates, from, tell } = batch
    const update = updates.length === 1 ? updates[0] : Y.mergeUpdates(updates)
    try {
      if (update) await this.#timed(this.#settings.store.append(this.name, update))
    } catch (error) {
      this.#writing = undefined
      return this.#fail(error, 'an update could not be stored')
    }
    this.#writing = undefined
    if (this.isClosed) return
    if (update) {
      this.#updates++
      // Whoever typed it has it, unless others typed, too.
      const [only] = from.size === 1 ? from : []
      this.#broadcast(updateMessage(update), only)
      this.#line?.update(update)
    }
    for (const run of tell) run()
    if (this.#next) void this.#write()
    else this.#signalIdle()
    if (this.#updates >= this.#settings.compactAfter) {
      this.compact().catch((error: unknown) => this.#warnOfCompaction(error))
    }
  }

  /** Now, or as soon as everything that is in the document now is in the store. */
  #whenDurable(run: () => void): void {
    const batch = this.#next ?? this.#writing
    if (batch) batch.tell.push(run)
    else run()
  }

  /** @throws Error when the room is closed before */
  async #durable(): Promise<void> {
    while (!this.isClosed && (this.#next || this.#writing)) {
      await new Promise<void>((resolve) => this.#idle.push(resolve))
    }
    if (this.isClosed) throw new Error(`The room ${this.name} is closed`)
  }

  #signalIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #broadcast(message: Uint8Array, except: unknown): void {
    for (const guest of this.#guests) if (guest !== except) guest.send(message)
  }

  #presenceChanged(isLocal: boolean): void {
    if (this.isClosed || this.#isPresenceDue) return
    this.#isPresenceDue = true
    // Everybody's cursors of one tick in one message. It goes to those who sent it, too: a client that hears nothing for
    // 30 s reconnects, and its own words count.
    setImmediate(() => {
      this.#isPresenceDue = false
      const changes = this.isClosed ? undefined : this.#presence.takeChanges()
      if (!changes) return
      this.#broadcast(awarenessMessage(changes), undefined)
      if (isLocal) this.#line?.awareness(changes)
    })
  }

  /** Another instance asks for what it lacks, and for those who are here. */
  #tellInstances(stateVector: Uint8Array): void {
    const update = Y.encodeStateAsUpdate(this.#doc, stateVector)
    this.#whenDurable(() => this.#line?.update(update))
    const everybody = this.#presence.everybody()
    if (everybody) this.#line?.awareness(everybody)
  }

  /** This instance has not heard the others for a while, or never. */
  #catchUp(): void {
    this.#line?.ask(Y.encodeStateVector(this.#doc))
    const everybody = this.#presence.everybody()
    if (everybody) this.#line?.awareness(everybody)
    this.#readStore().catch((error: unknown) => this.#fail(error, 'a document could not be read again'))
  }

  async #readStore(): Promise<Awaited<ReturnType<CollabStore['load']>>> {
    const document = await this.#timed(this.#settings.store.load(this.name))
    if (!this.isClosed) for (const update of document.updates) Y.applyUpdate(this.#doc, update, stored)
    return document
  }

  /** What other instances have stored goes into the snapshot, too. */
  async #compactNow(): Promise<void> {
    const { store, versionEveryMs, maxVersions } = this.#settings
    const { base } = await this.#readStore()
    if (this.isClosed) return
    const snapshot = Y.encodeStateAsUpdate(this.#doc)
    if (!(await this.#timed(store.compact(this.name, snapshot, base)))) return
    this.#updates = 0
    this.#bytes = snapshot.byteLength
    const now = Date.now()
    if (now - this.#versionAt < versionEveryMs) return
    this.#versionAt = now
    await store.saveVersion(this.name, snapshot, maxVersions)
  }

  async #timed<T>(work: Promise<T>): Promise<T> {
    const { storeTimeoutMs } = this.#settings
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`The store did not answer within ${storeTimeoutMs} ms`)),
        storeTimeoutMs,
      )
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
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

/** Entries in this process: the least recently used ones go when there are too many, or they take too much. */
import { LRUCache } from 'lru-cache'
import { type Claim, type Loaded, lostLock, lostLockMs, type Store, type StoreStatus, type Write } from './store.ts'

export interface MemoryBounds {
  readonly entries: number
  readonly bytes: number
}

interface Lock {
  owner: string
  /** Monotonic milliseconds. */
  until: number
}

/** About what a string's unit and an entry's bookkeeping take. */
const bytesPerUnit = 2
const bytesPerEntry = 128
/** Above it, locks that ended are looked for: those of loads in progress are few. */
const locksBeforeSweep = 1024

export class MemoryStore implements Store {
  readonly #texts: LRUCache<string, string>
  readonly #locks = new Map<string, Lock>()

  constructor({ entries, bytes }: MemoryBounds) {
    this.#texts = new LRUCache({
      max: entries,
      maxSize: bytes,
      // Asks the clock each time: no timer, and no time to live that looks longer than it is.
      ttlResolution: 0,
      sizeCalculation: (text, key) => (text.length + key.length) * bytesPerUnit + bytesPerEntry,
    })
  }

  async get(key: string): Promise<string | null> {
    return this.#read(key)
  }

  async getMany(keys: readonly string[]): Promise<(string | null)[]> {
    return keys.map((key) => this.#read(key))
  }

  async getWithTtl(key: string): Promise<{ text: string; ttlMs: number | null } | null> {
    const text = this.#read(key)
    if (text === null) return null
    const left = this.#texts.getRemainingTTL(key)
    return { text, ttlMs: left === Infinity ? null : left }
  }

  async set(entries: readonly Write[], ttlMs: number | undefined): Promise<void> {
    for (const { key, lock, text } of entries) {
      if (lock !== undefined) this.#takeAway(lock)
      this.#write(key, text, ttlMs)
    }
  }

  async delete(keys: readonly string[], locks: readonly string[]): Promise<void> {
    for (const lock of locks) this.#takeAway(lock)
    for (const key of keys) this.#texts.delete(key)
  }

  async getAndDelete(key: string): Promise<string | null> {
    const text = this.#read(key)
    this.#texts.delete(key)
    return text
  }

  async increment(key: string, by: number, ttlMs: number | undefined): Promise<number | null> {
    const text = this.#read(key)
    const before = text !== null && /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null
    const sum = (before ?? 0) + by
    if (!Number.isSafeInteger(sum)) return null
    if (before === null) this.#write(key, String(sum), ttlMs)
    else this.#texts.set(key, String(sum), { noUpdateTTL: true })
    return sum
  }

  async tagVersions(keys: readonly string[], fresh: string, ttlMs: number | undefined): Promise<string[]> {
    return keys.map((key) => {
      const version = this.#read(key) ?? fresh
      this.#prolong(key, version, ttlMs)
      return version
    })
  }

  async acquire({ lock, entry, token, ttlMs, from }: Claim): Promise<{ owner: string; text: string | null }> {
    const owner = this.#owner(lock)
    const isFree = owner === undefined || owner === lostLock || owner === from
    if (isFree) this.#hold(lock, token, ttlMs)
    return { owner: isFree ? token : owner, text: this.#read(entry) }
  }

  async renew(lock: string, token: string, ttlMs: number): Promise<boolean> {
    const owner = this.#owner(lock)
    if (owner === token) this.#hold(lock, token, ttlMs)
    return owner === undefined || owner === token
  }

  async release(lock: string, token: string): Promise<void> {
    if (this.#owner(lock) === token) this.#locks.delete(lock)
  }

  async storeLoaded({ lock, token, entry, seen, text, ttlMs, tags }: Loaded): Promise<boolean> {
    const owner = this.#owner(lock)
    if (owner === undefined ? this.#read(entry) !== seen : owner !== token) return false
    this.#locks.delete(lock)
    if (tags.some(({ key, version }) => this.#read(key) !== version)) return false
    for (const { key, version } of tags) this.#prolong(key, version, ttlMs)
    this.#write(entry, text, ttlMs)
    return true
  }

  status(): StoreStatus {
    return { state: 'memory', server: null, entries: this.#texts.size, bytes: this.#texts.calculatedSize }
  }

  async close(): Promise<void> {
    this.#texts.clear()
    this.#locks.clear()
  }

  #read(key: string): string | null {
    return this.#texts.get(key) ?? null
  }

  #write(key: string, text: string, ttlMs: number | undefined): void {
    this.#texts.set(key, text, { ttl: ttlMs ?? 0 })
  }

  /** Never shortens. */
  #prolong(key: string, version: string, ttlMs: number | undefined): void {
    const left = this.#texts.has(key) ? this.#texts.getRemainingTTL(key) : 0
    if ((ttlMs ?? Infinity) > left) this.#write(key, version, ttlMs)
  }

  #owner(lock: string): string | undefined {
    const held = this.#locks.get(lock)
    return held !== undefined && held.until > performance.now() ? held.owner : undefined
  }

  #hold(lock: string, owner: string, ttlMs: number): void {
    const now = performance.now()
    if (this.#locks.size >= locksBeforeSweep) {
      for (const [name, { until }] of this.#locks) if (until <= now) this.#locks.delete(name)
    }
    this.#locks.set(lock, { owner, until: now + ttlMs })
  }

  #takeAway(lock: string): void {
    if (this.#owner(lock) !== undefined) this.#hold(lock, lostLock, lostLockMs)
  }
}

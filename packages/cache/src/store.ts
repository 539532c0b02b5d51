/**
 * What the cache needs of a backend. Keys are whole, texts are opaque. A method that rejects has changed nothing that a
 * later read could take for valid: see `set` and `delete`.
 */
export interface Store {
  get(key: string): Promise<string | null>
  /** In the order of the keys; of none, none. */
  getMany(keys: readonly string[]): Promise<(string | null)[]>
  /** The text with the milliseconds it has left, null for no end. */
  getWithTtl(key: string): Promise<{ text: string; ttlMs: number | null } | null>
  /**
   * Takes each key's lock from whoever loads, so that what was loaded before is not stored over what is set now. Where it
   * fails, the old text is deleted as soon as that is possible, and is not read before.
   */
  set(entries: readonly Write[], ttlMs: number | undefined): Promise<void>
  /** Takes the locks as `set` does. Where it fails, the keys are deleted as soon as that is possible, and not read before. */
  delete(keys: readonly string[], locks: readonly string[]): Promise<void>
  getAndDelete(key: string): Promise<string | null>
  /**
   * The sum; null where it leaves the safe integers. What is there and no whole number counts as nothing. The time to live
   * counts from the first increment.
   */
  increment(key: string, by: number, ttlMs: number | undefined): Promise<number | null>
  /** In the order of the keys. Missing ones begin with `fresh`; each lives at least `ttlMs` from now, undefined for ever. */
  tagVersions(keys: readonly string[], fresh: string, ttlMs: number | undefined): Promise<string[]>
  /**
   * Takes the lock when it is free or held by `from`. Answers who holds it now, and the entry's text as of the same moment.
   */
  acquire(claim: Claim): Promise<{ owner: string; text: string | null }>
  /** False when somebody else has the lock, or it was taken away. One that ended stays ended. */
  renew(lock: string, token: string, ttlMs: number): Promise<boolean>
  release(lock: string, token: string): Promise<void>
  /**
   * Stores and releases in one step, unless the lock was lost or a tag has another version by now. A lock that only ended
   * is not lost while the entry is as it was: a process that was busy could not renew it.
   */
  storeLoaded(loaded: Loaded): Promise<boolean>
  status(): StoreStatus
  close(): Promise<void>
}

export interface Write {
  readonly key: string
  readonly lock: string | undefined
  readonly text: string
}

export interface Claim {
  readonly lock: string
  readonly entry: string
  readonly token: string
  readonly ttlMs: number
  readonly from: string | undefined
}

export interface Loaded {
  readonly lock: string
  readonly token: string
  readonly entry: string
  /** What the entry was when the lock was taken. */
  readonly seen: string | null
  readonly text: string
  readonly ttlMs: number | undefined
  readonly tags: readonly { readonly key: string; readonly version: string }[]
}

export interface StoreStatus {
  readonly state: 'memory' | 'idle' | 'up' | 'down' | 'off'
  readonly server: string | null
  readonly entries: number | null
  readonly bytes: number | null
}

/** Stands in a lock that was taken away: free for the next one, lost for the one before. No token looks like it. */
export const lostLock = '-'
/** How long. A holder finds out at its next renewal, far earlier. */
export const lostLockMs = 60_000

/**
 * The backend could not do it. `unreachable`: not connected, lost or too slow; `refused`: it answered with an error. The
 * message holds no credentials.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly kind: 'unreachable' | 'refused'

  constructor(kind: 'unreachable' | 'refused', message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** What the cache takes and gives. Every time is in seconds unless its name ends in `Ms`. */

/** Any validator that follows Standard Schema v1: Zod, Valibot, ArkType and others. */
export interface CacheSchema<Output = unknown, Input = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

export interface SetOptions {
  /** Seconds until the entry is gone; above 0. Without it the entry stays until it is deleted or evicted. */
  ttl?: number | undefined
  /** The entry is gone as soon as one of them is invalidated. */
  tags?: readonly string[] | undefined
}

export interface IncrementOptions {
  /** A whole number, also a negative one. Default 1. */
  by?: number | undefined
  /** Seconds from the first increment until the counter is gone. Later increments don't prolong it. */
  ttl?: number | undefined
}

export interface CachedOptions extends SetOptions {
  /** Seconds beyond `ttl` in which the old value is still served, while one caller refreshes it in the background. */
  stale?: number | undefined
  /**
   * Refreshes popular entries in the background before they end, the likelier the nearer the end and the longer they took
   * to load. 1 is the usual strength, above it earlier. Default 0: never. Needs `ttl`.
   */
  early?: number | undefined
  /**
   * Seconds that other processes wait for the one that loads before they load themselves. Default 5, at most 3600. The one
   * that loads may take longer.
   */
  lockTimeout?: number | undefined
}

export interface WithSchema<Output, Input> {
  /** An entry that doesn't validate is a miss. What `load` gives has to validate. */
  schema: CacheSchema<Output, Input>
}

/**
 * - `off`: no `VALKEY_URL`, or one that can't be used, or closed
 * - `memory`: in this process
 * - `idle`: not used yet, so not connected
 * - `up`: connected
 * - `down`: not reachable; every read is a miss
 */
export type CacheState = 'off' | 'memory' | 'idle' | 'up' | 'down'

/** Counted by this process since it began. */
export interface CacheStatus {
  readonly state: CacheState
  /** Host, port and database, without credentials; null when there is none. */
  readonly server: string | null
  readonly prefix: string
  readonly hits: number
  /** Hits that were past their `ttl`; among `hits`. */
  readonly staleHits: number
  /** Everything that was asked for and not found, whatever the reason. */
  readonly misses: number
  /** Entries that were there but did not parse or validate; among `misses`. */
  readonly invalid: number
  /** Calls of loaders. */
  readonly loads: number
  /** Calls that did not reach the backend, or that it refused. */
  readonly errors: number
  /** The latest of these errors, without credentials; null when there was none. */
  readonly lastError: string | null
  /** In-process store only, else null. */
  readonly entries: number | null
  /** In-process store only, else null: what its entries take, roughly. */
  readonly bytes: number | null
}

/** Fits Better Auth's `secondaryStorage`. Values are strings, stored as they are. Times are in seconds. */
export interface SecondaryStorage {
  get(key: string): Promise<string | null>
  set(key: string, value: string, ttl?: number): Promise<void>
  delete(key: string): Promise<void>
  /** One atomic step: of two callers one gets the value. */
  getAndDelete(key: string): Promise<string | null>
  /** Adds one and answers the sum. The ttl counts from the first increment. */
  increment(key: string, ttl: number): Promise<number>
}

/** Where failures are told; pino and the hub's logger fit. */
export interface CacheLogger {
  warn(fields: object, message: string): void
}

export interface CacheOptions {
  /** `redis://` or `rediss://`, `memory:` for a store in this process, undefined or empty for none. */
  url: string | undefined
  /** Stands before every key. Default `cache:`. */
  prefix?: string | undefined
  /** Default `console.warn`. Values are never logged, keys only where a loader failed. */
  logger?: CacheLogger | undefined
  /** How long a call may wait for the backend before it counts as down. Default 200. */
  timeoutMs?: number | undefined
}

export interface Cache {
  /** The value, or null: not there, ended, invalidated, not valid, cache off or down. */
  get<T>(key: string): Promise<T | null>
  get<Output>(key: string, schema: CacheSchema<Output>): Promise<Output | null>
  /** A number is the ttl in seconds. Resolves when it is stored, or when that failed. */
  set(key: string, value: unknown, options?: number | SetOptions): Promise<void>
  delete(keys: string | readonly string[]): Promise<void>
  /** Seconds left, Infinity for an entry without an end, null when there is none. */
  ttl(key: string): Promise<number | null>
  /** In the order of the keys. */
  getMany<T>(keys: readonly string[]): Promise<(T | null)[]>
  getMany<Output>(keys: readonly string[], schema: CacheSchema<Output>): Promise<(Output | null)[]>
  setMany(entries: Iterable<readonly [key: string, value: unknown]>, options?: number | SetOptions): Promise<void>
  /** The sum, or null when the cache is off or down. */
  increment(key: string, options?: IncrementOptions): Promise<number | null>
  invalidateTag(...tags: string[]): Promise<void>
  /** The value under the key, else what `load` gives, which is then stored. `load` runs once however many ask. */
  cached<Output, Input>(
    key: string,
    options: CachedOptions & WithSchema<Output, Input>,
    load: () => Input | Promise<Input>,
  ): Promise<Output>
  cached<T>(key: string, options: number | CachedOptions, load: () => T | Promise<T>): Promise<T>
  /** For Better Auth; undefined when the cache is off. */
  secondaryStorage(): SecondaryStorage | undefined
  status(): CacheStatus
  /** Ends the connection; afterwards the cache is off. */
  close(): Promise<void>
}

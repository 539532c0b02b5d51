/** The contract's functions: each is the method of the process's cache. */
import { defaultCache } from './default-cache.ts'
import type {
  CachedOptions,
  CacheSchema,
  CacheStatus,
  IncrementOptions,
  SecondaryStorage,
  SetOptions,
  WithSchema,
} from './types.ts'

/**
 * The value under the key, or null: not there, ended, invalidated, not as the schema wants it, cache off or down.
 * @throws CacheValueError for what can't be a key, as all of these functions do
 */
export function cacheGet<T>(key: string): Promise<T | null>
export function cacheGet<Output>(key: string, schema: CacheSchema<Output>): Promise<Output | null>
export function cacheGet(key: string, schema?: CacheSchema): Promise<unknown> {
  return schema ? defaultCache().get(key, schema) : defaultCache().get(key)
}

/**
 * Stores a value. A number is its ttl in seconds; without one it has no end. Resolves also when storing failed.
 * @throws CacheValueError for a value that has no JSON form
 */
export function cacheSet(key: string, value: unknown, options?: number | SetOptions): Promise<void> {
  return defaultCache().set(key, value, options)
}

export function cacheDelete(keys: string | readonly string[]): Promise<void> {
  return defaultCache().delete(keys)
}

/** Whole seconds left, rounded up; Infinity for an entry without an end, null when there is none. */
export function cacheTtl(key: string): Promise<number | null> {
  return defaultCache().ttl(key)
}

/** In the order of the keys, null where `cacheGet` gives null. */
export function cacheGetMany<T>(keys: readonly string[]): Promise<(T | null)[]>
export function cacheGetMany<Output>(keys: readonly string[], schema: CacheSchema<Output>): Promise<(Output | null)[]>
export function cacheGetMany(keys: readonly string[], schema?: CacheSchema): Promise<unknown[]> {
  return schema ? defaultCache().getMany(keys, schema) : defaultCache().getMany(keys)
}

/** All with the same options. When one value can't be stored, none is. */
export function cacheSetMany(
  entries: Iterable<readonly [key: string, value: unknown]>,
  options?: number | SetOptions,
): Promise<void> {
  return defaultCache().setMany(entries, options)
}

/** Adds to a counter and answers the sum, or null when the cache is off or down. */
export function cacheIncrement(key: string, options?: IncrementOptions): Promise<number | null> {
  return defaultCache().increment(key, options)
}

/** Voids every entry that carries one of the tags. */
export function cacheInvalidateTag(...tags: string[]): Promise<void> {
  return defaultCache().invalidateTag(...tags)
}

/**
 * The value under the key, else what `load` gives, which is then stored. `load` runs once however many ask.
 * Rejects with what `load` rejects with; that is not stored.
 * @throws CacheValueError for what was loaded and has no JSON form, or doesn't fit the schema
 */
export function cached<Output, Input>(
  key: string,
  options: CachedOptions & WithSchema<Output, Input>,
  load: () => Input | Promise<Input>,
): Promise<Output>
export function cached<T>(key: string, options: number | CachedOptions, load: () => T | Promise<T>): Promise<T>
export function cached(key: string, options: number | CachedOptions, load: () => unknown): Promise<unknown> {
  return defaultCache().cached(key, options, load)
}

/** For Better Auth's `secondaryStorage`; undefined when the cache is off. */
export function getSecondaryStorage(): SecondaryStorage | undefined {
  return defaultCache().secondaryStorage()
}

/** What this process counted. Reads nothing from the backend. */
export function cacheStatus(): CacheStatus {
  return defaultCache().status()
}

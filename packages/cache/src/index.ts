/** A cache over Valkey: JSON values, tags, one load however many ask. Unset or down, every read is a quick miss. */
export { createCache } from './cache.ts'
export { closeCache } from './default-cache.ts'
export { CacheConfigError, CacheValueError } from './errors.ts'
export {
  cached,
  cacheDelete,
  cacheGet,
  cacheGetMany,
  cacheIncrement,
  cacheInvalidateTag,
  cacheSet,
  cacheSetMany,
  cacheStatus,
  cacheTtl,
  getSecondaryStorage,
} from './functions.ts'
export type {
  Cache,
  CachedOptions,
  CacheLogger,
  CacheOptions,
  CacheSchema,
  CacheState,
  CacheStatus,
  IncrementOptions,
  SchemaIssue,
  SchemaResult,
  SecondaryStorage,
  SetOptions,
  WithSchema,
} from './types.ts'

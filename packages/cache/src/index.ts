/** A cache over Valkey: JSON values, tags, one load however many ask. Unset or down, every read is a quick miss. */
export { CacheConfigError, CacheValueError } from './errors.ts'
export type * from './types.ts'

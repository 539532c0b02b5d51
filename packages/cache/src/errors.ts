/**
 * The caller's error: a key, an option or a value that no cache could take. Thrown the same with the cache off, so that
 * it is seen in development. The message names the key and never holds the value.
 */
export class CacheValueError extends TypeError {
  override readonly name = 'CacheValueError'
}

/** `VALKEY_URL` or an option of `createCache` that can't be used. The message holds no password. */
export class CacheConfigError extends Error {
  override readonly name = 'CacheConfigError'
}

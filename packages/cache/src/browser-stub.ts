/**
 * What `@backchannel/cache` is in a browser: the same names and types, without the server. Types only are taken from the
 * server's side, so nothing of it can reach a client bundle.
 */
import type * as server from './index.ts'

export type * from './index.ts'

// A function declaration, so that `new` throws the same sentence as a call.
function serverOnly(): never {
  throw new Error('@backchannel/cache is server-only. Call it in a server function or a route and send what it gives.')
}

export const createCache: typeof server.createCache = serverOnly
export const closeCache: typeof server.closeCache = serverOnly
export const cacheDelete: typeof server.cacheDelete = serverOnly
export const cacheGet: typeof server.cacheGet = serverOnly
export const cacheGetMany: typeof server.cacheGetMany = serverOnly
export const cacheIncrement: typeof server.cacheIncrement = serverOnly
export const cacheInvalidateTag: typeof server.cacheInvalidateTag = serverOnly
export const cacheSet: typeof server.cacheSet = serverOnly
export const cacheSetMany: typeof server.cacheSetMany = serverOnly
export const cacheStatus: typeof server.cacheStatus = serverOnly
export const cacheTtl: typeof server.cacheTtl = serverOnly
export const cached: typeof server.cached = serverOnly
export const getSecondaryStorage: typeof server.getSecondaryStorage = serverOnly

export const CacheConfigError = serverOnly as unknown as typeof server.CacheConfigError
export type CacheConfigError = server.CacheConfigError
export const CacheValueError = serverOnly as unknown as typeof server.CacheValueError
export type CacheValueError = server.CacheValueError

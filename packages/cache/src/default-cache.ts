/** The cache of the process, made from the environment when it is first used. */
import { brokenCache, createCache } from './cache.ts'
import { createWarn } from './log.ts'
import type { Cache } from './types.ts'

/**
 * One per process: a framework loads app code twice, and two would count, load and connect apart. It holds plain functions
 * only, since the two sides may come from different copies of this file. A change of shape takes a new number.
 */
const key = Symbol.for('backchannel.cache@1')
const holder = globalThis as { [key]?: Cache | undefined }

export function defaultCache(): Cache {
  return (holder[key] ??= fromEnvironment())
}

function fromEnvironment(): Cache {
  const { VALKEY_URL: url, CACHE_PREFIX: prefix } = process.env
  try {
    return createCache({ url, prefix: prefix === '' ? undefined : prefix })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    createWarn()('config', `off, because VALKEY_URL or CACHE_PREFIX can't be used: ${reason}`)
    return brokenCache(reason)
  }
}

/** Ends its connection. The next call begins anew, with the environment as it is then. */
export async function closeCache(): Promise<void> {
  const cache = holder[key]
  holder[key] = undefined
  await cache?.close()
}

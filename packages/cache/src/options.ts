/** What callers ask for, checked: the same with the cache on, off and down. */
import { CacheValueError } from './errors.ts'
import { checkTag, describe } from './keys.ts'
import type { CachedOptions, CacheSchema, IncrementOptions, SetOptions } from './types.ts'

/** Beyond it a ttl is a mistake in its unit. */
const maxSeconds = 100 * 365 * 24 * 3600
/** Locks are looked after by a timer, and timers hold no more than 24 days. */
const maxLockSeconds = 3600
const maxTags = 64

export interface Lifetime {
  /** Whole milliseconds, at least 1. */
  readonly ttlMs: number | undefined
  readonly tags: readonly string[]
}

export type LoadOptions = CachedOptions & { schema?: CacheSchema | undefined }

export interface LoadPlan extends Lifetime {
  readonly staleMs: number
  readonly beta: number
  readonly lockMs: number
  readonly schema: CacheSchema | undefined
}

function milliseconds(name: string, seconds: unknown, hint = '', max = maxSeconds): number {
  if (typeof seconds === 'number' && seconds > 0 && seconds <= max) return Math.ceil(seconds * 1000)
  const given = typeof seconds === 'number' ? String(seconds) : describe(seconds)
  throw new CacheValueError(`${name} is a number of seconds above 0 and at most ${max}, not ${given}${hint}`)
}

function ttlOf(ttl: unknown): number | undefined {
  return ttl === undefined ? undefined : milliseconds('ttl', ttl, '. Leave it out for an entry without an end')
}

function tagsOf(tags: readonly string[] | undefined): string[] {
  if (tags === undefined) return []
  if (!Array.isArray(tags)) throw new CacheValueError(`tags is an array of strings, not ${describe(tags)}`)
  for (const tag of tags) checkTag(tag)
  const different = [...new Set(tags)]
  if (different.length <= maxTags) return different
  throw new CacheValueError(`An entry has at most ${maxTags} tags, not ${different.length}`)
}

/** A misspelt `ttl` would be an entry without an end. */
function checkNames(given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new CacheValueError(`There is no option '${name}'; what there is: ${known.join(', ')}`)
    }
  }
}

function asObject<T extends object>(
  options: number | T | undefined,
  known: readonly string[],
): T | { ttl?: number | undefined } {
  if (typeof options !== 'object' || options === null) return { ttl: options }
  checkNames(options, known)
  return options
}

const lifetimeNames = ['ttl', 'tags']
const loadNames = [...lifetimeNames, 'stale', 'early', 'lockTimeout', 'schema']
const incrementNames = ['by', 'ttl']

/** @throws CacheValueError */
export function lifetimeOf(options: number | SetOptions | undefined): Lifetime {
  const { ttl, tags }: SetOptions = asObject(options, lifetimeNames)
  return { ttlMs: ttlOf(ttl), tags: tagsOf(tags) }
}

/** @throws CacheValueError */
export function loadPlanOf(options: number | LoadOptions): LoadPlan {
  const { ttl, tags, stale = 0, early = 0, lockTimeout = 5, schema }: LoadOptions = asObject(options, loadNames)
  const ttlMs = ttlOf(ttl)
  if (typeof early !== 'number' || !(early >= 0 && early <= 100)) {
    throw new CacheValueError(`early is a number from 0 (never) to 100, usually 1, not ${String(early)}`)
  }
  if (ttlMs === undefined && (stale !== 0 || early !== 0)) {
    throw new CacheValueError('stale and early count from the end of the ttl: set ttl too')
  }
  return {
    ttlMs,
    tags: tagsOf(tags),
    staleMs: stale === 0 ? 0 : milliseconds('stale', stale),
    beta: early,
    lockMs: milliseconds('lockTimeout', lockTimeout, '', maxLockSeconds),
    schema,
  }
}

/** @throws CacheValueError */
export function incrementOf(options: IncrementOptions): { by: number; ttlMs: number | undefined } {
  const { by = 1, ttl } = options
  checkNames(options, incrementNames)
  if (Number.isSafeInteger(by)) return { by, ttlMs: ttlOf(ttl) }
  throw new CacheValueError(`by is a whole number, not ${typeof by === 'number' ? by : describe(by)}`)
}

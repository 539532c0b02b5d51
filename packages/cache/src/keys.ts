/** Names of what stands in the store. */
import { createHash } from 'node:crypto'
import { CacheValueError } from './errors.ts'

const maxBytes = 1024

function checkName(kind: 'key' | 'tag', name: unknown): asserts name is string {
  const what = `A cache ${kind}`
  if (typeof name !== 'string') throw new CacheValueError(`${what} is a string, not ${describe(name)}`)
  if (name === '') throw new CacheValueError(`${what} must not be empty`)
  // A unit of UTF-16 takes up to three bytes, so short names need no counting.
  if (name.length * 3 > maxBytes && Buffer.byteLength(name) > maxBytes) {
    const size = Buffer.byteLength(name)
    throw new CacheValueError(
      `${what} has at most ${maxBytes} bytes, not ${size}: '${name.slice(0, 40)}…'. Hash what is long in it`,
    )
  }
  // On the wire all of them would become the same replacement character, and different keys one.
  if (!name.isWellFormed()) throw new CacheValueError(`${what} must not hold half of a surrogate pair`)
}

/** @throws CacheValueError for what can't be a key */
export function checkKey(key: unknown): asserts key is string {
  checkName('key', key)
}

/** @throws CacheValueError for what can't be a tag */
export function checkTag(tag: unknown): asserts tag is string {
  checkName('tag', tag)
}

/** What was given, in words and without its contents. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : typeof value
}

export interface KeyLayout {
  /** Entries lie at the prefix and their key. */
  readonly entry: (key: string) => string
  readonly lock: (key: string) => string
  readonly tag: (tag: string) => string
  readonly auth: (key: string) => string
}

/**
 * Whatever else is stored begins with `@` behind the prefix, and an entry whose key begins with it gets a second one: no
 * key, wherever it comes from, reaches a session or a lock.
 */
export function keyLayout(prefix: string): KeyLayout {
  return {
    entry: (key) => (key.startsWith('@') ? `${prefix}@${key}` : prefix + key),
    lock: (key) => `${prefix}@lock:${key}`,
    tag: (tag) => `${prefix}@tag:${tag}`,
    // These keys hold what a peer sends, such as a path.
    auth: (key) => `${prefix}@auth:${key.length > maxBytes ? createHash('sha256').update(key).digest('hex') : key}`,
  }
}

/** What the cache page's two sides have in common. */
import type { CacheStatus } from '@backchannel/cache'

export interface CacheOutcome {
  /** For people. */
  readonly said: string
  /** How long the cache took, on the server. */
  readonly ms: number
  readonly status: CacheStatus
}

export interface SlowLoad {
  /** Which run of the loader the value is from. */
  readonly load: string
  readonly ms: number
}

export const taggedEntries = ['apples', 'pears', 'total'] as const

export interface TaggedEntry {
  readonly name: (typeof taggedEntries)[number]
  /** When it was stored; undefined: it is not there. */
  readonly at: string | undefined
}

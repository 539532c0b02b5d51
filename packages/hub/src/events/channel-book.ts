/** The channels that an app has declared, and what it has to say about them. */
import { matchesGlob } from '../glob.ts'
import type { ChannelHooks } from './types.ts'

/** Bytes of UTF-8 would be fairer, but a length is what a client can see. */
const longestName = 255

/** @throws TypeError for what can't be a channel's name */
export function checkChannelName(name: unknown): asserts name is string {
  if (isChannelName(name)) return
  throw new TypeError(`A channel's name is text of 1 to ${longestName} characters, not ${JSON.stringify(name)}`)
}

export function isChannelName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name.length <= longestName
}

export class ChannelBook {
  readonly #exact = new Map<string, ChannelHooks>()
  /** Names with a `*`, the longest first: the more is said, the more it counts. */
  #patterns: { readonly pattern: string; readonly hooks: ChannelHooks }[] = []

  /** A declaration of the same name takes the place of the one before. */
  declare(name: string, hooks: ChannelHooks): void {
    if (!name.includes('*')) this.#exact.set(name, hooks)
    else {
      this.#patterns = this.#patterns
        .filter(({ pattern }) => pattern !== name)
        .concat({ pattern: name, hooks })
        .toSorted((a, b) => b.pattern.length - a.pattern.length)
    }
  }

  /** What was declared for it; undefined: clients may not join. */
  find(name: string): ChannelHooks | undefined {
    return this.#exact.get(name) ?? this.#patterns.find(({ pattern }) => matchesGlob(pattern, name))?.hooks
  }
}

/** Gives integers from 0 to below `below`. */
export type Choose = (below: number) => number

/** A small seeded generator (mulberry32), so that a failure can be run again. */
export function random(seed: number): Choose {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

export function one<T>(list: readonly T[], choose: Choose): T {
  return list[choose(list.length)] as T
}

/** What `Command['kind']` may be. */
export const commandKinds: ReadonlySet<string> = new Set(
  'connect subscribe unsubscribe publish presence presenceStats history ping send rpc refresh subRefresh pong unknown'.split(
    ' ',
  ),
)

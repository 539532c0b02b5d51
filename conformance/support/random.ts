/** The mulberry32 generator: numbers from 0 to 1 that follow from the seed. */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The seed of this run, which `SEED=<number>` repeats. */
export const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)

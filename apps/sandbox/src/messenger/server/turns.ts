/** One after the other for what bears the same key, side by side for the rest. */
export interface Turns {
  /** Runs `work` once everything of this key that came before has ended, however it ended. */
  take<T>(key: number, work: () => Promise<T>): Promise<T>
  /** Whether anything of this key is under way or waits. */
  has(key: number): boolean
  /** Resolves when nothing is left to do. */
  idle(): Promise<void>
}

export function createTurns(): Turns {
  const last = new Map<number, Promise<unknown>>()
  return {
    take(key, work) {
      const turn = (last.get(key) ?? Promise.resolve()).then(work)
      const ended = turn
        .catch(() => undefined)
        .then(() => {
          if (last.get(key) === ended) last.delete(key)
        })
      last.set(key, ended)
      return turn
    },
    has: (key) => last.has(key),
    async idle() {
      while (last.size > 0) await Promise.all(last.values())
    },
  }
}

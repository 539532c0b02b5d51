/**
 * Whether a refusal is the row's fault. An engine whose own storage is down answers "internal error" to everything, as a
 * Centrifugo without its Redis does: the row is to blame once the engine has taken another one meanwhile.
 */
export class Blame {
  /** Since when rows have been refused in this way, by their ids, on the monotonic clock. */
  readonly #suspects = new Map<string, number>()
  #deliveredAt = -Infinity

  delivered(id: string): void {
    this.#deliveredAt = performance.now()
    this.#suspects.delete(id)
  }

  /** To be asked at every refusal, from the first on. */
  isProven(id: string): boolean {
    const since = this.#suspects.get(id)
    if (since !== undefined) return this.#deliveredAt > since
    // One for each partition that stands still; rows that others have removed are left over.
    if (this.#suspects.size >= mostSuspects) this.#suspects.clear()
    this.#suspects.set(id, performance.now())
    return false
  }
}

const mostSuspects = 10_000

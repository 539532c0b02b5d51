/** Functions that are told the same; one that throws doesn't stop the others. */
export class Listeners<Args extends unknown[]> {
  readonly #entries = new Set<(...args: Args) => unknown>()

  add(listener: (...args: Args) => unknown): () => void {
    // Wrapped, so that the same function may listen twice.
    const entry = (...args: Args): unknown => listener(...args)
    this.#entries.add(entry)
    return () => {
      this.#entries.delete(entry)
    }
  }

  tell(...args: Args): void {
    // Who comes in a callback hears from the next one on; who has left hears nothing more.
    const entries = Array.from(this.#entries)
    for (const entry of entries) {
      if (this.#entries.has(entry)) callSafely(entry, ...args)
    }
  }

  clear(): void {
    this.#entries.clear()
  }
}

/** What the app's function throws is the app's to hear of, as an uncaught error, and nothing here depends on it. */
export function callSafely<Args extends unknown[]>(
  callback: ((...args: Args) => unknown) | undefined,
  ...args: Args
): void {
  try {
    callback?.(...args)
  } catch (error) {
    if (typeof reportError === 'function') reportError(error)
    // oxlint-disable-next-line no-console -- an app's own defect, where there is nobody else to report it to
    else console.error('[realtime] a listener threw', error)
  }
}

/** A value that is replaced, never changed, and whose listeners are told: what `useSyncExternalStore` wants. */
export class Observable<T extends object> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(value: T) {
    this.#value = Object.freeze(value)
  }

  get value(): T {
    return this.#value
  }

  set(value: T): void {
    this.#value = Object.freeze(value)
    // A listener may add or remove others; those added now have seen the new value already.
    const listeners = [...this.#listeners]
    for (const listener of listeners) listener()
  }

  readonly onChange = (listener: () => void): (() => void) => {
    // Wrapped, so that the same function may listen twice.
    const entry = () => listener()
    this.#listeners.add(entry)
    return () => {
      this.#listeners.delete(entry)
    }
  }
}

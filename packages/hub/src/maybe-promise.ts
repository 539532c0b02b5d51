/**
 * The seams (broker, presence, handlers) may answer at once or later. What answers at once stays synchronous all the
 * way: a publish into memory costs no promise and keeps its place in the tick.
 */
export type MaybePromise<T> = T | Promise<T>

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** `use(value)`, now if the value is here, else when it comes. */
export function chain<T, U>(value: MaybePromise<T>, use: (value: T) => MaybePromise<U>): MaybePromise<U> {
  // Wrapped, since handlers may give what only has a `then`: a query builder, another library's promise.
  return isPromise(value) ? Promise.resolve(value).then(use) : use(value)
}

/** The same of what may fail, now or later: `handle` answers in its place, or throws. */
export function rescue<T>(run: () => MaybePromise<T>, handle: (error: unknown) => T): MaybePromise<T> {
  try {
    const value = run()
    return isPromise(value) ? Promise.resolve(value).catch(handle) : value
  } catch (error) {
    return handle(error)
  }
}

/** All of them, in order: at once when every one is here. */
export function all<T>(values: readonly MaybePromise<T>[]): MaybePromise<T[]> {
  return values.some(isPromise) ? Promise.all(values) : (values as T[])
}

/** The same of what `use` makes of each, no more than `limit` of them under way. With 1: one after the other. */
export function mapLimited<T, U>(
  values: readonly T[],
  limit: number,
  use: (value: T) => MaybePromise<U>,
): MaybePromise<U[]> {
  const results: U[] = []
  let next = 0
  const work = (): MaybePromise<void> => {
    while (next < values.length) {
      const at = next++
      const result = use(values[at] as T)
      if (isPromise(result)) {
        return Promise.resolve(result).then((value) => {
          results[at] = value
          return work()
        })
      }
      results[at] = result
    }
  }
  const working: Promise<void>[] = []
  while (next < values.length && working.length < limit) {
    const done = work()
    if (isPromise(done)) working.push(done)
  }
  return working.length === 0 ? results : Promise.all(working).then(() => results)
}

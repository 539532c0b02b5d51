/** A store that answers in time or fails. */
import type { CollabStore } from './store.ts'

/** @throws Error when it takes longer */
export async function inTime<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not answer within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

export function timedStore(store: CollabStore, timeoutMs: number): CollabStore {
  const timed = <T>(work: Promise<T>): Promise<T> => inTime(work, timeoutMs, 'The store')
  return {
    open: () => timed(store.open()),
    load: (room) => timed(store.load(room)),
    append: (room, update) => timed(store.append(room, update)),
    compact: (room, snapshot, base) => timed(store.compact(room, snapshot, base)),
    saveVersion: (room, snapshot, options) => timed(store.saveVersion(room, snapshot, options)),
    versions: (room) => timed(store.versions(room)),
    version: (room, id) => timed(store.version(room, id)),
    delete: (room) => timed(store.delete(room)),
  }
}

/** What the cache tells: one line per subject and minute, since a backend that flaps must not fill the disk. */
import type { CacheLogger } from './types.ts'

const consoleLogger: CacheLogger = {
  // oxlint-disable-next-line no-console -- the default sink of a library whose app has set no logger
  warn: (fields, message) => console.warn(message, fields),
}

const windowMs = 60_000
/** Subjects are few; the bound holds against a backend that answers a new error each time. */
const maxSubjects = 256

/** Never throws. `subject` is what counts as the same. */
export type Warn = (subject: string, message: string, fields?: object) => void

export function createWarn(logger: CacheLogger = consoleLogger): Warn {
  const subjects = new Map<string, { at: number; suppressed: number }>()
  return (subject, message, fields = {}) => {
    const now = performance.now()
    const last = subjects.get(subject)
    if (last && now - last.at < windowMs) {
      last.suppressed++
      return
    }
    if (subjects.size >= maxSubjects) subjects.clear()
    subjects.set(subject, { at: now, suppressed: 0 })
    const suppressed = last?.suppressed ?? 0
    try {
      logger.warn({ ...fields, ...(suppressed > 0 && { suppressed }) }, `[cache] ${message}`)
    } catch {
      // A logger that fails must not make a read throw.
    }
  }
}

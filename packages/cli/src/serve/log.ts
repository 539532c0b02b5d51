import { destination, pino, stdTimeFunctions, type Logger } from 'pino'
import { Failure, reasonOf } from '../failure.ts'
import type { LogLevel } from './settings.ts'

export type { Logger } from 'pino'

/** Lines of JSON: level, time, message, and what belongs to it. @throws Failure file */
export function openLog(level: LogLevel, file: string): Logger {
  try {
    return pino(
      {
        level: level === 'none' ? 'silent' : level,
        base: null,
        messageKey: 'message',
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      // Written at once: the last line before an exit is often the one that matters.
      destination({ dest: file === '' ? 1 : file, sync: true }),
    )
  } catch (error) {
    throw new Failure('file', `${file} can't be written: ${reasonOf(error)}`, error)
  }
}

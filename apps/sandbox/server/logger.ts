import { pino, type Logger } from 'pino'
import pretty from 'pino-pretty'

/** JSON lines for whoever collects them, short coloured ones for a person at a terminal. */
export function createLogger(level: string): Logger {
  if (!process.stdout.isTTY) return pino({ level })
  return pino(
    { level },
    pretty({ ignore: 'pid,hostname', singleLine: true, translateTime: 'SYS:HH:MM:ss', sync: true }),
  )
}

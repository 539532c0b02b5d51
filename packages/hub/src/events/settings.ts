/** The options of `createRealtime`, checked and completed. */
import { consoleLogger, guardLogger } from '../logger.ts'
import type { RealtimeOptions } from './types.ts'

/** What stands for itself once it was checked. */
export type Settings = Required<Omit<RealtimeOptions, 'id' | 'events'>> & {
  readonly events: RealtimeOptions['events'] | undefined
}

/** Timers count in 32 bits. */
const longest = 2 ** 31 - 1

/** @throws TypeError that names the option and what it takes */
export function checkOptions(options: RealtimeOptions, hasUsers: boolean): Settings {
  const { driver = 'sse', history = { size: 256, ttl: 60_000 } } = options
  if (driver !== 'sse' && driver !== 'websocket') fail('driver', "'sse' or 'websocket'", driver)
  for (const [name, { least, most }] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges]
    if (value !== undefined) checkNumber(name, value, least, most)
  }
  checkNumber('history.size', history.size, 0, 1_000_000)
  checkNumber('history.ttl', history.ttl, history.size === 0 ? 0 : 1, longest)
  const origins = options.allowedOrigins ?? []
  if (!Array.isArray(origins) || origins.some((origin) => typeof origin !== 'string')) {
    fail('allowedOrigins', "a list of origins such as ['https://example.com']", origins)
  }
  return {
    driver,
    heartbeat: options.heartbeat ?? 30_000,
    maxConnections: options.maxConnections ?? 10_000,
    maxBufferedBytes: options.maxBufferedBytes ?? 1024 * 1024,
    maxChannels: options.maxChannels ?? 128,
    maxMessageBytes: options.maxMessageBytes ?? 64 * 1024,
    retry: options.retry ?? 2000,
    history,
    handlerTimeout: options.handlerTimeout ?? 10_000,
    allowAnonymous: options.allowAnonymous ?? !hasUsers,
    allowedOrigins: origins,
    trustProxy: options.trustProxy ?? false,
    crossws: options.crossws ?? false,
    events: options.events,
    logger: guardLogger(options.logger ?? consoleLogger),
  }
}

const ranges = {
  heartbeat: { least: 100, most: longest },
  maxConnections: { least: 1, most: Number.MAX_SAFE_INTEGER },
  maxBufferedBytes: { least: 1024, most: Number.MAX_SAFE_INTEGER },
  maxChannels: { least: 1, most: Number.MAX_SAFE_INTEGER },
  maxMessageBytes: { least: 1, most: longest },
  retry: { least: 0, most: longest },
  handlerTimeout: { least: 0, most: longest },
} as const

function checkNumber(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return
  fail(name, `a whole number from ${least} to ${most}`, value)
}

function fail(name: string, wanted: string, value: unknown): never {
  throw new TypeError(`createRealtime: ${name} must be ${wanted}, not ${format(value)}`)
}

function format(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

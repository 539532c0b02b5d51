/** The options of `createRealtime`, checked and completed. */
import { consoleLogger, guardLogger } from '../logger.ts'
import type { RealtimeOptions } from './types.ts'

/** What stands for itself once it was checked. */
export type Settings = Required<Omit<RealtimeOptions, 'id' | 'events'>> & {
  readonly events: RealtimeOptions['events'] | undefined
}

/** Timers count in 32 bits. */
const longest = 2 ** 31 - 1

/** Full origins as browsers send them, with `*` anywhere, or `*` alone. A path, a slash at the end, would never match. */
const originPattern = /^(?:\*|[a-z*][a-z0-9+.*-]*:\/\/[^/?#\s]+)$/i

/**
 * A misspelt name would be as if it was not there: `authorise` would let everybody in.
 * @throws TypeError for what is no object, or has names that nobody knows
 */
export function checkNames(what: string, given: unknown, known: readonly string[]): asserts given is object {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`${what}: an object with any of ${known.join(', ')} is wanted, not ${format(given)}`)
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new TypeError(`${what}: there is no '${name}'; what there is: ${known.join(', ')}`)
    }
  }
}

/** @throws TypeError for what could never be the origin of a page */
export function checkOrigins(what: string, origins: unknown): asserts origins is readonly string[] {
  if (!Array.isArray(origins)) {
    throw new TypeError(
      `${what}: allowedOrigins must be a list such as ['https://example.com'], not ${format(origins)}`,
    )
  }
  for (const origin of origins) {
    if (typeof origin === 'string' && originPattern.test(origin)) continue
    throw new TypeError(
      `${what}: allowedOrigins must be a list of origins such as 'https://example.com', without a slash at the end, ` +
        `not ${format(origin)}`,
    )
  }
}

/** The app's functions by name. @throws TypeError for a name that nobody knows, or what is no function */
export function checkHooks(what: string, given: unknown, known: readonly string[]): void {
  checkNames(what, given, known)
  for (const [name, hook] of Object.entries(given)) {
    if (hook !== undefined && typeof hook !== 'function') {
      throw new TypeError(`${what}: ${name} must be a function, not ${format(hook)}`)
    }
  }
}

/** @throws TypeError that names the option and what it takes */
export function checkOptions(options: RealtimeOptions & { readonly authenticate?: unknown }): Settings {
  checkNames('createRealtime', options, optionNames)
  const { driver = 'sse', history = { size: 256, ttl: 60_000 }, authenticate, events, logger, id } = options
  if (authenticate !== undefined && typeof authenticate !== 'function') {
    fail('authenticate', 'a function (request) that gives a user id or null', authenticate)
  }
  if (id !== undefined && (typeof id !== 'string' || id === '')) fail('id', 'a name', id)
  for (const name of ['allowAnonymous', 'trustProxy', 'crossws'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'boolean') fail(name, 'true or false', value)
  }
  if (events !== undefined) checkSchemas(events)
  if (logger !== undefined && levels.some((level) => typeof logger?.[level] !== 'function')) {
    fail('logger', `an object with ${levels.join(', ')}`, logger)
  }
  checkNames('createRealtime: history', history, ['size', 'ttl'])
  if (driver !== 'sse' && driver !== 'websocket') fail('driver', "'sse' or 'websocket'", driver)
  for (const [name, { least, most }] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges]
    if (value !== undefined) checkNumber(name, value, least, most)
  }
  checkNumber('history.size', history.size, 0, 1_000_000)
  checkNumber('history.ttl', history.ttl, history.size === 0 ? 0 : 1, longest)
  const origins = options.allowedOrigins ?? []
  checkOrigins('createRealtime', origins)
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
    allowAnonymous: options.allowAnonymous ?? authenticate === undefined,
    allowedOrigins: origins,
    trustProxy: options.trustProxy ?? false,
    crossws: options.crossws ?? false,
    events,
    logger: guardLogger(logger ?? consoleLogger),
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

const levels = ['debug', 'info', 'warn', 'error'] as const

const optionNames = [
  'authenticate',
  'driver',
  'history',
  'allowAnonymous',
  'allowedOrigins',
  'trustProxy',
  'crossws',
  'events',
  'id',
  'logger',
  ...Object.keys(ranges),
]

function checkSchemas(events: object): void {
  if (typeof events !== 'object' || events === null) fail('events', 'a map of validators by event', events)
  for (const [name, schema] of Object.entries(events)) {
    if (typeof schema?.['~standard']?.validate !== 'function') {
      fail(`events.${name}`, 'a Standard Schema validator (zod, valibot, arktype)', schema)
    }
  }
}

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

/** The options of `createCollabServer`, checked and completed. */
import { checkNames, checkOrigins, type Logger } from '@backchannel/hub/node'
import type { CollabStore } from './store.ts'

export interface CollabServerOptions {
  /**
   * Who may enter a room and do what there: `'deny'`, `'read'` (sees, and is seen), `'write'`. Asked for every connection.
   * What it throws, and whatever else it gives, lets nobody in.
   */
  readonly authorize: (request: Request, room: string) => Access | Promise<Access>
  /** Where documents are kept: `sqlStore(query)` or `memoryStore()`. */
  readonly store: CollabStore
  /** Rooms are found below it: `/collab/:room`. @default '/collab' */
  readonly path?: string
  /**
   * Where instances meet. `memory:`, the cache's way to say none, is none here, too. @default the variable VALKEY_URL;
   * unset: this instance is alone
   */
  readonly valkeyUrl?: string
  /** Of the channels in Valkey. @default 'collab:' */
  readonly channelPrefix?: string
  /** Pages of other origins that may connect; globs such as `https://*.example.com`. @default none */
  readonly allowedOrigins?: readonly string[]
  /** Believe `X-Forwarded-Host`. @default false */
  readonly trustProxy?: boolean
  /** Connections at one time; one more gets 503. @default 1000 */
  readonly maxConnections?: number
  /** Documents in memory at one time; who wants another is sent away with 4503. @default 1000 */
  readonly maxRooms?: number
  /** One message of a client, in bytes: also what it brings when it comes back. Larger: 1009. @default 4194304 */
  readonly maxUpdateBytes?: number
  /** One document with its history of deletions, in bytes. What goes beyond is refused with 4413. @default 16777216 */
  readonly maxDocumentBytes?: number
  /** Bytes that may wait for one client, the document that it asked for aside; one that reads slower is dropped, and comes back. @default 8388608 */
  readonly maxBufferedBytes?: number
  /** Milliseconds for which a document stays in memory after the last has left. @default 10000 */
  readonly unloadDelay?: number
  /** Updates after which they are put into one snapshot. @default 500 */
  readonly compactAfter?: number
  /** A snapshot becomes a version that can be restored once the last is so many milliseconds old. @default 600000 */
  readonly versionEvery?: number
  /** Versions of a document that are kept. @default 100 */
  readonly maxVersions?: number
  /** Milliseconds that the store may take. @default 10000 */
  readonly storeTimeout?: number
  readonly logger?: Logger
}

type Access = 'deny' | 'read' | 'write'

/** Timers count in 32 bits. */
const longest = 2 ** 31 - 1

const numbers = {
  maxConnections: { normally: 1000, least: 1, most: 1_000_000 },
  maxRooms: { normally: 1000, least: 1, most: 1_000_000 },
  maxUpdateBytes: { normally: 4 * 1024 * 1024, least: 1024, most: longest },
  maxDocumentBytes: { normally: 16 * 1024 * 1024, least: 1024, most: longest },
  maxBufferedBytes: { normally: 8 * 1024 * 1024, least: 1024, most: longest },
  unloadDelay: { normally: 10_000, least: 0, most: longest },
  compactAfter: { normally: 500, least: 1, most: 1_000_000 },
  versionEvery: { normally: 600_000, least: 0, most: longest },
  maxVersions: { normally: 100, least: 1, most: 100_000 },
  storeTimeout: { normally: 10_000, least: 1, most: longest },
} as const

const names = [
  'authorize',
  'store',
  'path',
  'valkeyUrl',
  'channelPrefix',
  'allowedOrigins',
  'trustProxy',
  'logger',
  ...Object.keys(numbers),
]

type Numbers = Readonly<Record<keyof typeof numbers, number>>

/** @throws TypeError that names the option and what it takes */
export function checkOptions(options: CollabServerOptions) {
  checkNames('createCollabServer', options, names)
  const { authorize, store, path = '/collab', allowedOrigins = [], channelPrefix = 'collab:' } = options
  if (typeof authorize !== 'function') {
    fail('authorize', "a function (request, room) that gives 'deny', 'read' or 'write'", authorize)
  }
  if (typeof store?.append !== 'function') fail('store', 'sqlStore(query) or memoryStore()', store)
  if (typeof path !== 'string' || !/^(\/[^/?#]+)+$/.test(path)) fail('path', "a path such as '/collab'", path)
  checkOrigins('createCollabServer', allowedOrigins)
  if (typeof channelPrefix !== 'string') fail('channelPrefix', "text such as 'collab:'", channelPrefix)
  // Text such as 'off' would count as true.
  if (options.trustProxy !== undefined && typeof options.trustProxy !== 'boolean') {
    fail('trustProxy', 'true or false', options.trustProxy)
  }
  const values = Object.fromEntries(
    Object.entries(numbers).map(([name, { normally, least, most }]) => {
      const value = options[name as keyof Numbers] ?? normally
      if (!Number.isInteger(value) || value < least || value > most) {
        fail(name, `a whole number from ${least} to ${most}`, value)
      }
      return [name, value]
    }),
  ) as Numbers
  return {
    ...values,
    authorize,
    store,
    path,
    channelPrefix,
    allowedOrigins,
    trustProxy: options.trustProxy ?? false,
    valkeyUrl: valkeyUrlOf(options.valkeyUrl ?? process.env['VALKEY_URL']),
    logger: options.logger,
  }
}

function valkeyUrlOf(url: unknown): string | undefined {
  if (url !== undefined && typeof url !== 'string') fail('valkeyUrl', "a URL such as 'redis://127.0.0.1:6379'", url)
  if (url === undefined || url === '' || url.startsWith('memory:')) return undefined
  // The address may hold a password, so it is not repeated.
  const { protocol } = URL.parse(url) ?? { protocol: '' }
  // The client library knows TLS by the older name alone.
  if (['redis:', 'rediss:', 'valkey:', 'valkeys:'].includes(protocol)) return url.replace(/^valkey/i, 'redis')
  throw new TypeError('createCollabServer: VALKEY_URL must be a URL such as redis://127.0.0.1:6379')
}

function fail(name: string, wanted: string, value: unknown): never {
  const given = typeof value === 'string' ? `'${value}'` : typeof value === 'function' ? 'a function' : String(value)
  throw new TypeError(`createCollabServer: ${name} must be ${wanted}, not ${given}`)
}

/** What the environment says, read and checked once when the server starts. An empty value is an unset one. */
import { isIP } from 'node:net'
import path from 'node:path'

const deliveryModes = ['commit', 'outbox', 'consumer', 'both'] as const
export type DeliveryMode = (typeof deliveryModes)[number]

export interface Settings {
  readonly mode: 'development' | 'production'
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Local data: the database's folder unless there is a DATABASE_URL, the app's secret, the hub's API key. */
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  readonly secret: string | undefined
  /** The address that browsers use, when it isn't the one that this process sees. */
  readonly publicUrl: string | undefined
  /** Whose `X-Forwarded-*` headers are believed: nobody's, loopback's, or those of the addresses listed. */
  readonly trustProxy: false | 'loopback' | string[]
  readonly realtime: 'off' | 'embedded' | 'centrifugo'
  readonly collab: 'off' | 'embedded' | 'external'
  /** Of the y-websocket server that browsers use in place of this one. */
  readonly collabUrl: string | undefined
  /** How the messenger's events leave the database; see `src/messenger/server/delivery.ts`. */
  readonly messengerDelivery: DeliveryMode
  readonly demoUser: boolean
  readonly logLevel: string
}

/** The environment can't be used; the message is for the person who set it. */
export class SettingsError extends Error {
  override name = 'SettingsError'
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  { mode, appDir }: { mode: Settings['mode']; appDir: string },
): Settings {
  const get = (name: string) => environment[name]?.trim() || undefined
  const choice = <T extends string>(name: string, choices: readonly T[], fallback: T): T => {
    const value = get(name) ?? fallback
    const known = choices.find((candidate) => candidate === value)
    if (known === undefined) throw new SettingsError(`${name} is "${value}"; it can be ${choices.join(', ')}.`)
    return known
  }

  const secret = get('BETTER_AUTH_SECRET')
  if (secret !== undefined && secret.length < 32) {
    throw new SettingsError('BETTER_AUTH_SECRET is shorter than 32 characters. `openssl rand -base64 32` makes one.')
  }

  // Half-set is not set: the realtime package says so in the log, and the embedded hub serves.
  const centrifugo = get('CENTRIFUGO_TOKEN_HMAC_SECRET') !== undefined && get('CENTRIFUGO_API_KEY') !== undefined
  const embedded = choice('REALTIME', ['on', 'off'], 'on') === 'on' ? 'embedded' : 'off'

  const realtime = centrifugo ? 'centrifugo' : embedded
  const databaseUrl = readDatabaseUrl(get('DATABASE_URL'))
  const messengerDelivery = choice('MESSENGER_DELIVERY', deliveryModes, 'commit')
  checkDelivery(messengerDelivery, realtime, databaseUrl)

  const collabUrl = readCollabUrl(get('COLLAB_URL'))
  const ownCollab = choice('COLLAB', ['on', 'off'], 'on') === 'on' ? 'embedded' : 'off'

  return {
    mode,
    host: get('HOST') ?? '127.0.0.1',
    port: readPort(get('PORT')),
    dataDir: path.resolve(appDir, get('DATA_DIR') ?? '.data'),
    databaseUrl,
    secret,
    publicUrl: readPublicUrl(get('BETTER_AUTH_URL')),
    trustProxy: readTrustProxy(get('TRUST_PROXY')),
    realtime,
    collab: collabUrl === undefined ? ownCollab : 'external',
    collabUrl,
    messengerDelivery,
    demoUser: choice('DEMO_USER', ['on', 'off'], 'on') === 'on',
    logLevel: choice('LOG_LEVEL', logLevels, 'info'),
  }
}

/** A way that nobody would read from is refused: rows would pile up, and no browser would hear of them. */
function checkDelivery(mode: DeliveryMode, realtime: Settings['realtime'], databaseUrl: string | undefined): void {
  if (mode === 'commit') return
  if (mode === 'consumer') {
    if (databaseUrl !== undefined && realtime === 'centrifugo') return
    throw new SettingsError(
      'MESSENGER_DELIVERY is "consumer": Centrifugo then reads a table of Postgres. Set DATABASE_URL, ' +
        'CENTRIFUGO_TOKEN_HMAC_SECRET and CENTRIFUGO_API_KEY, or choose outbox, which needs none of them.',
    )
  }
  if (realtime === 'off') {
    throw new SettingsError(
      `MESSENGER_DELIVERY is "${mode}", and realtime is off: what is to be delivered would wait for ever. Set REALTIME=on, ` +
        'or both CENTRIFUGO_TOKEN_HMAC_SECRET and CENTRIFUGO_API_KEY, or leave MESSENGER_DELIVERY away.',
    )
  }
}

function readPort(value: string | undefined): number {
  if (value === undefined) return 3000
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65_535) {
    throw new SettingsError(`PORT is "${value}"; it must be a number from 0 to 65535.`)
  }
  return port
}

function readDatabaseUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const protocol = URL.parse(value)?.protocol
  if (protocol !== 'postgres:' && protocol !== 'postgresql:') {
    // Without the value: it may hold a password.
    throw new SettingsError('DATABASE_URL must be a URL such as postgres://user:password@host:5432/database.')
  }
  return value
}

function readPublicUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const url = URL.parse(value)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.pathname !== '/') {
    throw new SettingsError(`BETTER_AUTH_URL is "${value}"; it must be an origin such as https://app.example.com.`)
  }
  return url.origin
}

function readCollabUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const protocol = URL.parse(value)?.protocol
  if (protocol === 'ws:' || protocol === 'wss:') return value
  throw new SettingsError(`COLLAB_URL is "${value}"; it must be an address such as wss://collab.example.com.`)
}

function readTrustProxy(value: string | undefined): Settings['trustProxy'] {
  if (value === undefined || value === 'off') return false
  if (value === 'loopback') return value
  const addresses = value.split(',').map((address) => address.trim())
  if (addresses.every((address) => isIP(address) !== 0)) return addresses
  throw new SettingsError(`TRUST_PROXY is "${value}"; it can be off, loopback, or the proxies' addresses with commas.`)
}

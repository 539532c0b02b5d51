/** `VALKEY_URL`, read. No message holds it whole: it may carry a password. */
import { CacheConfigError } from './errors.ts'
import type { MemoryBounds } from './memory-store.ts'

export interface ServerAddress {
  readonly host: string
  readonly port: number
  readonly db: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly tls: boolean
}

export type Backend =
  | { readonly kind: 'off' }
  | { readonly kind: 'memory'; readonly bounds: MemoryBounds }
  | { readonly kind: 'server'; readonly address: ServerAddress }

const examples = "'redis://host:6379', 'rediss://user:password@host:6379/0' or 'memory:'"
const tlsOf = new Map([
  ['redis:', false],
  ['valkey:', false],
  ['rediss:', true],
  ['valkeys:', true],
])

/** @throws CacheConfigError */
export function readUrl(url: unknown): Backend {
  if (url === undefined || url === '') return { kind: 'off' }
  if (typeof url !== 'string') throw new CacheConfigError(`The cache's url is a string such as ${examples}`)
  const parsed = URL.parse(url)
  if (!parsed) throw new CacheConfigError(`The cache's url can't be read. It looks like ${examples}`)
  if (parsed.protocol === 'memory:') return { kind: 'memory', bounds: readBounds(parsed) }
  const tls = tlsOf.get(parsed.protocol)
  if (tls === undefined) {
    throw new CacheConfigError(`The cache's url begins with '${parsed.protocol}'. It looks like ${examples}`)
  }
  return { kind: 'server', address: readAddress(parsed, tls) }
}

function readAddress(url: URL, tls: boolean): ServerAddress {
  if (url.hostname === '') throw new CacheConfigError(`The cache's url names no host. It looks like ${examples}`)
  if (url.search !== '' || url.hash !== '') {
    throw new CacheConfigError(
      "The cache's url takes nothing behind the database. A '?' or '#' in a password is written %3F or %23",
    )
  }
  const [, db] = /^\/?(\d{0,9})$/.exec(url.pathname) ?? []
  if (db === undefined) {
    throw new CacheConfigError("The path of the cache's url is the number of a database, such as /0, or nothing")
  }
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 6379 : Number(url.port),
    db: Number(db),
    username: decode(url.username),
    password: decode(url.password),
    tls,
  }
}

function decode(part: string): string | undefined {
  if (part === '') return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    throw new CacheConfigError("The user or password in the cache's url holds a '%' that encodes nothing. Write it %25")
  }
}

/** An index is kept for that many from the beginning. */
const maxEntries = 10_000_000
const maxBytes = 64 * 1024 ** 3
const units = new Map([
  ['', 1],
  ['kb', 1024],
  ['mb', 1024 ** 2],
  ['gb', 1024 ** 3],
])

function readBounds(url: URL): MemoryBounds {
  if (url.pathname !== '' || url.host !== '' || url.hash !== '') {
    throw new CacheConfigError(
      "A store in this process is 'memory:' or, with bounds, 'memory:?entries=10000&bytes=64mb'",
    )
  }
  const known = new Set(['entries', 'bytes'])
  for (const name of url.searchParams.keys()) {
    if (!known.has(name)) throw new CacheConfigError(`memory: takes entries and bytes, not '${name}'`)
  }
  return {
    entries: readBound('entries', url.searchParams.get('entries') ?? '10000', maxEntries),
    bytes: readBound('bytes', url.searchParams.get('bytes') ?? '64mb', maxBytes),
  }
}

function readBound(name: 'entries' | 'bytes', text: string, max: number): number {
  const [, digits = '', unit = ''] = /^(\d{1,15})(kb|mb|gb)?$/i.exec(text) ?? []
  const bound = Number(digits) * (units.get(unit.toLowerCase()) ?? Number.NaN)
  if (bound >= 1 && bound <= max && (name === 'bytes' || unit === '')) return bound
  const like = name === 'bytes' ? 'a size such as 1048576, 512kb, 64mb or 1gb, at most 64gb' : `a number up to ${max}`
  throw new CacheConfigError(`memory:?${name}= is ${like}, not '${text}'`)
}

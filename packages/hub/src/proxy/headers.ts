import type { ProxyOptions } from '../config/proxies.ts'

/** Headers that proxies may pass on, lower-case names. Only those that some proxy names. */
export interface KeptHeaders {
  /** Of the handshake. */
  readonly handshake: ReadonlyMap<string, string>
  /** Of the connect command: a client's own words. */
  readonly emulated: ReadonlyMap<string, string>
}

/** What belongs to one connection between two machines, and what `fetch` writes itself. */
const hopByHop = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Which headers of a connection the proxies together pass on. */
export class HeaderFilter {
  readonly #handshake: ReadonlySet<string>
  readonly #emulated: ReadonlySet<string>

  constructor(proxies: readonly ProxyOptions[]) {
    this.#handshake = new Set(proxies.flatMap((proxy) => proxy.http_headers))
    this.#emulated = new Set(proxies.flatMap((proxy) => proxy.emulated_headers))
  }

  /**
   * Undefined when nothing is to be kept: ten thousand empty maps are memory. The handshake's headers are put together
   * only when they are asked for.
   */
  keep(
    handshake: { readonly headers: Readonly<Record<string, string | undefined>> },
    emulated: ReadonlyMap<string, string>,
  ): KeptHeaders | undefined {
    if (this.#handshake.size + this.#emulated.size === 0) return undefined
    const kept = {
      handshake: named(this.#handshake, Object.entries(handshake.headers)),
      emulated: named(this.#emulated, emulated),
    }
    return kept.handshake.size + kept.emulated.size > 0 ? kept : undefined
  }
}

function named(
  names: ReadonlySet<string>,
  headers: Iterable<readonly [string, string | undefined]>,
): Map<string, string> {
  const found = new Map<string, string>()
  if (names.size === 0) return found
  for (const [name, value] of headers) {
    if (value !== undefined && names.has(name.toLowerCase())) found.set(name.toLowerCase(), value)
  }
  return found
}

/**
 * The headers of a request to the app. What the handshake says outdoes what the client says, and both what the
 * configuration says.
 * @throws TypeError for a value that no header can have
 */
export function proxyHeaders(proxy: ProxyOptions, kept: KeptHeaders | undefined): Headers {
  const headers = new Headers()
  const take = (name: string, value: string | undefined): void => {
    if (value !== undefined && !hopByHop.has(name)) headers.set(name, value)
  }
  for (const [name, value] of Object.entries(proxy.http.static_headers)) take(name.toLowerCase(), value)
  for (const name of proxy.emulated_headers) take(name, kept?.emulated.get(name))
  for (const name of proxy.http_headers) take(name, kept?.handshake.get(name))
  headers.set('content-type', 'application/json')
  return headers
}

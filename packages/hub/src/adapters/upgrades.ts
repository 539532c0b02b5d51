/**
 * WebSocket upgrades as requests: Node hands an upgrade to whoever listens for it, past the app's router. Here it goes
 * to the app as the ordinary request that it is, through whatever framework there is, with a header that names it; when
 * the app's answer comes back with the same header, the handshake follows, and any other answer is the client's.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { checkNames } from '../events/settings.ts'
import { isClaimed, lastListeners } from './claim.ts'
import { headerOf, refuse, urlOf } from './http.ts'
import { Upgrade, type UpgradeServer } from './upgrade.ts'

export interface UpgradeOptions {
  /** Which paths are the app's; other upgrades are left alone. @default all that nobody else has taken */
  readonly path?: string | RegExp | ((pathname: string) => boolean)
  /**
   * Milliseconds that the app may take for its answer; then it is 503. As long is waited for other listeners when the
   * app does not know the path. @default 10000
   */
  readonly answerTimeout?: number
}

/** Vite's own socket for hot reload lives on the same server. */
const viteProtocols = /^\s*vite-(?:hmr|ping)\s*$/

/**
 * Hands WebSocket upgrades of this server to the app's request handlers, so that `realtime.upgrade(request)` can take
 * them. Works with whatever listens for `request`: Express, Hono's and SvelteKit's Node servers, Nitro, Vite, bare http.
 * Upgrades that the app answers with 404, or with anything below 400, stay with the server's other listeners.
 * @returns a function that takes it back; upgrades that the app has been asked for go on
 */
export function attachUpgrades(server: UpgradeServer, options: UpgradeOptions = {}): () => void {
  checkNames('attachUpgrades', options, ['path', 'answerTimeout'])
  const { path, answerTimeout = 10_000 } = options
  if (typeof server?.on !== 'function') {
    throw new TypeError('attachUpgrades: the server is wanted that listens for requests, as http.createServer gives it')
  }
  if (typeof path === 'string' && !path.startsWith('/')) {
    throw new TypeError(`attachUpgrades: path begins with a slash: '/${path}', not '${path}'`)
  }
  const hasOthers = (): boolean => lastListeners(server.listeners('upgrade') as []).some((other) => other !== onUpgrade)
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (isClaimed(socket) || viteProtocols.test(headerOf(request, 'sec-websocket-protocol') ?? '')) return
    const isWebSocket = headerOf(request, 'upgrade')?.toLowerCase() === 'websocket'
    const isTheirs = !isWebSocket || !isWanted(path, urlOf(request).pathname)
    if (isTheirs && hasOthers()) return
    if (isTheirs && isWebSocket) {
      refuse(socket, 404, 'Not Found')
      return
    }
    new Upgrade({ server, request, socket, head, hasOthers, isWebSocket }).begin(answerTimeout)
  }
  server.on('upgrade', onUpgrade)
  return () => {
    server.off('upgrade', onUpgrade)
  }
}

function isWanted(path: UpgradeOptions['path'], pathname: string): boolean {
  if (path === undefined) return true
  if (typeof path === 'string') return path === pathname
  // Not `test`, which remembers where it was.
  return typeof path === 'function' ? path(pathname) : pathname.search(path) >= 0
}

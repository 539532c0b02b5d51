/** The HTTP servers around a hub: which of its endpoints are on which port, and what else is there. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Hub } from '@backchannel/hub'
import { Failure, reasonOf } from '../failure.ts'
import { Admin } from './admin.ts'
import { answer, answerJson, answerText, notFound, pathOf, refuseUpgrade } from './http.ts'
import type { Logger } from './log.ts'
import type { ServerSettings } from './settings.ts'

type Role = 'clients' | 'api' | 'admin' | 'health' | 'metrics'

interface Listener {
  readonly address: string
  readonly port: number
  readonly roles: Set<Role>
}

/** Who never finishes a request holds nothing for long. */
const limits = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1000 }

export class Servers {
  readonly #hub: Hub
  readonly #settings: ServerSettings
  readonly #log: Logger
  readonly #admin: Admin
  readonly #servers: Server[] = []
  #isDraining = false

  constructor(hub: Hub, settings: ServerSettings, log: Logger) {
    this.#hub = hub
    this.#settings = settings
    this.#log = log
    this.#admin = new Admin(settings, hub, log)
  }

  /** @throws Failure listen */
  async listen(): Promise<void> {
    for (const listener of listenersOf(this.#settings)) {
      const server = createServer(limits, (request, response) => this.#answer(listener.roles, request, response))
      server.on('upgrade', (request, socket, head) => {
        if (!listener.roles.has('clients') || !this.#hub.handleUpgrade(request, socket, head)) refuseUpgrade(socket)
      })
      this.#servers.push(server)
      await bind(server, listener)
      this.#log.info({ address: addressOf(server), endpoints: Array.from(listener.roles) }, 'listening')
    }
  }

  /** From now on the health check says that no more clients should come. */
  beginDrain(): void {
    this.#isDraining = true
  }

  /** Takes no new connection; resolves when the requests that are under way have been answered. */
  async close(): Promise<void> {
    this.#admin.close()
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)))
    // One that was answered as to be kept, before it was known that it would not be, is idle only afterwards.
    const timer = setInterval(() => this.#servers.forEach((server) => server.closeIdleConnections()), 50)
    await Promise.all(closed)
    clearInterval(timer)
  }

  async #answerMetrics(response: ServerResponse): Promise<void> {
    try {
      const { contentType, body } = await this.#hub.metrics()
      answer(response, 200, contentType, body)
    } catch (error) {
      this.#log.error({ err: error }, 'the metrics could not be read')
      response.destroy()
    }
  }

  #answer(roles: ReadonlySet<Role>, request: IncomingMessage, response: ServerResponse): void {
    // A connection that is kept would keep the server.
    if (this.#isDraining) response.setHeader('connection', 'close')
    const path = pathOf(request)
    const { paths } = this.#settings
    if (roles.has('health') && isAt(path, paths.health)) answerJson(response, this.#isDraining ? 503 : 200, {})
    else if (roles.has('metrics') && isAt(path, paths.metrics)) void this.#answerMetrics(response)
    else if (isApi(path, paths.api) && !roles.has('api')) answerText(response, 404, notFound)
    else if ((roles.has('clients') || isApi(path, paths.api)) && this.#hub.handleRequest(request, response)) return
    else if (roles.has('admin') && this.#admin.handle(request, response)) return
    else answerText(response, 404, notFound)
  }
}

function isAt(path: string, prefix: string): boolean {
  return path === (prefix === '' ? '/' : prefix)
}

/** With a prefix of its own the API has all that is below; at the root it has only what has one part. */
function isApi(path: string, prefix: string): boolean {
  if (prefix === '') return /^\/[a-z_]*$/.test(path)
  return path === prefix || path.startsWith(`${prefix}/`)
}

/** What is not for clients has a port of its own when one is configured, except for what is external. */
function listenersOf(settings: ServerSettings): Listener[] {
  const { isEnabled, isExternal } = settings
  const clients: Listener = { address: settings.address, port: settings.port, roles: new Set(['clients']) }
  const isShared = settings.internalAddress === settings.address && settings.internalPort === settings.port
  const internal = isShared
    ? clients
    : { address: settings.internalAddress, port: settings.internalPort, roles: new Set<Role>() }
  ;(isExternal.api ? clients : internal).roles.add('api')
  if (isEnabled.admin) (isExternal.admin ? clients : internal).roles.add('admin')
  if (isEnabled.health) internal.roles.add('health')
  if (isEnabled.metrics) internal.roles.add('metrics')
  return isShared || internal.roles.size === 0 ? [clients] : [clients, internal]
}

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is already in use',
  EACCES: 'this needs more rights; ports below 1024 often do',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this machine has no such address',
}

function bind(server: Server, { address, port }: Listener): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = listenReasons[error.code ?? ''] ?? reasonOf(error)
      reject(new Failure('listen', `can't listen on ${address || '*'}:${port}: ${reason}`, error))
    })
    server.listen({ port, ...(address === '' ? {} : { host: address }) }, resolve)
  })
}

function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') return String(address)
  return `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

/** One `createRealtime`: its calls, over the rooms that it owns. */
import { Disconnect } from '@backchannel/protocol'
import type { Clock } from '../clock.ts'
import { chain, isPromise, mapLimited, type MaybePromise } from '../maybe-promise.ts'
import { everyone } from '../wires/events.ts'
import { admit, type Admission, type Authenticate } from './admission.ts'
import { checkChannelName } from './channel-book.ts'
import type { Connection } from './connection.ts'
import { EventCore, type Target } from './event-core.ts'
import { prepare } from './payloads.ts'
import type { Realtime, RealtimeWithPromises } from './realtime.ts'
import { serveSse } from './serve-sse.ts'
import { serveUpgrade, upgradeWayOf } from './serve-upgrade.ts'
import { checkHooks, checkNames, checkOptions } from './settings.ts'
import type { Singleton } from './singletons.ts'
import type { Driver, EventConnection, EventOf, EventMap, RealtimeOptions } from './types.ts'

export type InstanceOptions = RealtimeOptions & { readonly authenticate?: Authenticate }

const ended = new Disconnect(1000, 'ended by the server')

export class Instance implements Singleton {
  readonly core: EventCore
  readonly face: Realtime | RealtimeWithPromises
  /** Resolves when `close` is through. */
  readonly closed: Promise<void>
  #authenticate: Authenticate | undefined
  #hasWarned = false
  #closing: Promise<void> | undefined
  #tellClosed: () => void = () => {}

  constructor(options: InstanceOptions, clock: Clock) {
    this.core = new EventCore(checkOptions(options), clock)
    this.#authenticate = options.authenticate
    this.closed = new Promise((resolve) => (this.#tellClosed = resolve))
    this.face = this.#makeFace()
  }

  update(options: InstanceOptions): void {
    const settings = checkOptions(options)
    const { driver } = this.core.settings
    if (settings.driver !== driver) {
      throw new TypeError(
        `createRealtime: there is one with the id '${options.id}' already, whose driver is '${driver}'. Take another id`,
      )
    }
    this.core.settings = settings
    this.#authenticate = options.authenticate
  }

  #makeFace(): Realtime | RealtimeWithPromises {
    const { core } = this
    const face = {
      sse: (request: Request, options = {}) => {
        this.#require('sse', 'sse')
        checkRequest(request)
        return chain(this.#admit(request), (admission) => serveSse(core, request, admission, options))
      },
      upgrade: (request: Request, hooks = {}) => {
        this.#require('upgrade', 'websocket')
        checkRequest(request)
        checkHooks('upgrade', hooks, ['onOpen', 'onMessage', 'onClose', 'onHeartbeat'])
        const way = upgradeWayOf(core, request)
        if (way !== 'crossws' && 'refusal' in way) return way.refusal
        return chain(this.#admit(request), (admission) => serveUpgrade(core, way, admission, hooks))
      },
      broadcast: (event) => this.#send(event, { to: 'all' }),
      sendTo: (target, event) => {
        if (typeof target === 'string') {
          this.#warnWithoutUsers()
          return this.#send(event, { to: 'user', name: target })
        }
        return this.#send(event, connectionId(target))
      },
      channel: (name, hooks = {}) => {
        checkChannelName(name)
        checkHooks(`channel('${name}')`, hooks, ['authorize', 'onJoin', 'onLeave'])
        core.channels.declare(name, hooks)
      },
      toChannel: (name) => {
        checkChannelName(name)
        return { broadcast: (event: EventOf<EventMap>) => this.#send(event, { to: 'channel', name }) }
      },
      join: async (target, channel) => {
        checkChannelName(channel)
        const refusals = await mapLimited(this.#find(target), 100, (connection) => connection.join(channel, false))
        return refusals.filter((refusal) => refusal === undefined).length
      },
      leave: (target, channel) => this.#find(target).filter((connection) => connection.leave(channel)).length,
      disconnect: (target) => {
        const found = this.#find(target).filter(({ isOpen }) => isOpen)
        for (const connection of found) connection.end(ended)
        return found.length
      },
      count: (of) => this.#count(of),
      close: (options = {}) => {
        checkNames('close', options, ['spreadMs', 'timeoutMs'])
        const { spreadMs = 0, timeoutMs = 5000 } = options
        this.#closing ??= core.shutdown(spreadMs, timeoutMs).finally(this.#tellClosed)
        return this.#closing
      },
    } satisfies { [Name in keyof Realtime]: (...parameters: Parameters<Realtime[Name]>) => unknown }
    return face as Realtime | RealtimeWithPromises
  }

  #require(method: string, driver: Driver): void {
    const { driver: own } = this.core.settings
    if (own === driver) return
    throw new Error(`realtime.${method}() needs createRealtime({ driver: '${driver}' }); the driver here is '${own}'`)
  }

  #admit(request: Request): MaybePromise<Admission> {
    return admit(this.core, request, this.#authenticate)
  }

  /** A promise that may be let go of: its failure is in the log, and ends no process. */
  #send(event: EventOf<EventMap>, target: Target | string): Promise<number> {
    const { core } = this
    const send = async (): Promise<number> => {
      const ready = prepare(event, core.settings.events)
      // Without waiting, if it can be: what is sent first arrives first.
      const { name, json } = isPromise(ready) ? await ready : ready
      if (typeof target !== 'string') return core.publish(target, { name, json })
      return core.registry.session(target)?.sendBytes(core.wire.event(name, json)) ? 1 : 0
    }
    const sent = send()
    sent.catch((error: unknown) => core.report(error, 'sending'))
    return sent
  }

  #find(target: string | EventConnection): Connection[] {
    const { registry } = this.core
    if (typeof target === 'string') {
      this.#warnWithoutUsers()
      return target === '' ? [] : Array.from(registry.ofUser(target))
    }
    const connection = registry.session(connectionId(target))
    return connection ? [connection] : []
  }

  #count(of: { readonly userId: string } | { readonly channel: string } | undefined): number {
    const { registry } = this.core
    if (of === undefined) return registry.sessionCount
    checkNames('count', of, ['userId', 'channel'])
    if ('userId' in of) return registry.ofUser(of.userId).size
    checkChannelName(of.channel)
    return of.channel === everyone ? 0 : (registry.channel(of.channel)?.subscriberCount ?? 0)
  }

  #warnWithoutUsers(): void {
    if (this.#authenticate || this.#hasWarned || !isDevelopment()) return
    this.#hasWarned = true
    this.core.settings.logger.warn(
      {},
      'createRealtime: nobody is known by a user id, so nothing reaches one: pass authenticate: (request) => userId',
    )
  }
}

/** @throws TypeError for what is no connection of a `createRealtime` */
function connectionId(target: EventConnection): string {
  const id: unknown = (target as Partial<EventConnection> | null | undefined)?.id
  if (typeof id === 'string') return id
  throw new TypeError('Whom to send to is a user id (text), or the socket or stream itself')
}

/** Node's own requests are the likeliest mistake. @throws TypeError */
function checkRequest(request: unknown): void {
  const { headers } = (request ?? {}) as { headers?: { get?: unknown } }
  if (typeof headers?.get === 'function') return
  throw new TypeError(
    'A web Request is wanted, as frameworks hand it over. In a node:http or Express handler make one: ' +
      "new NodeRequest({ req, res }) of 'srvx/node'",
  )
}

function isDevelopment(): boolean {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
  return process?.env?.['NODE_ENV'] !== 'production'
}

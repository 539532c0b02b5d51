import {
  disconnect,
  replyError,
  type ClientInfo,
  type Disconnect,
  type Payload,
  type Publication,
} from '@backchannel/protocol'
import type { Broker, PublishOutcome } from './broker/broker.ts'
import type { Clock } from './clock.ts'
import type { ChannelOptions, CheckedConfig } from './config/config.ts'
import { ConnectionRate } from './session/connection-rate.ts'
import { Counters } from './telemetry/counters.ts'
import { Flusher } from './fanout/fanout.ts'
import type { HubHandlers } from './handlers.ts'
import { Keepalive } from './fanout/keepalive.ts'
import { guardLogger, type Logger } from './logger.ts'
import { inGroups } from './in-groups.ts'
import { chain, isPromise, type MaybePromise } from './maybe-promise.ts'
import { Namespaces } from './config/namespaces.ts'
import { PositionWatch } from './broker/position-watch.ts'
import type { PresenceStore } from './broker/presence.ts'
import { checkData } from './session/publication-data.ts'
import { Registry } from './session/registry.ts'
import { Say } from './say/say.ts'
import { Session, type Connection, type Handshake } from './session/session.ts'
import { Tokens } from './tokens/tokens.ts'
import { Tracer } from './telemetry/trace.ts'

export interface CoreParts {
  readonly config: CheckedConfig
  readonly handlers: HubHandlers
  readonly logger: Logger
  readonly clock: Clock
  readonly broker: Broker
  readonly presence: PresenceStore
  /** Milliseconds; 0 for no limit. @default 10000 */
  readonly handlerTimeout?: number
}

/** Longer than clients wait, so that it never is what makes a handler fail that would still be of use. */
const defaultHandlerTimeout = 10_000

/** A publication as the hub takes it, whoever publishes. */
export interface PublishRequest {
  readonly data: Payload
  readonly info?: ClientInfo
  readonly tags?: Readonly<Record<string, string>>
  readonly skipHistory?: boolean
  readonly idempotencyKey?: string
  /** Subscribers with delta may get it as a patch; also where the namespace's `delta_publish` says so. */
  readonly delta?: boolean
  readonly version?: number
  readonly versionEpoch?: string
}

/**
 * The rooms of one hub, joined: what sessions, commands and the server API work with. It knows no socket, no HTTP and
 * no clock but the one it was given.
 */
export class Core {
  readonly id = crypto.randomUUID()
  readonly config: CheckedConfig
  readonly logger: Logger
  readonly clock: Clock
  readonly broker: Broker
  readonly presence: PresenceStore
  readonly namespaces: Namespaces
  readonly flusher: Flusher
  readonly keepalive: Keepalive
  readonly registry: Registry<Session>
  readonly positions: PositionWatch
  readonly say: Say
  readonly tokens: Tokens
  readonly counters = new Counters()
  readonly #publicationsToBroker = this.counters.toBroker.cell('publication')
  readonly tracer = new Tracer((event) => this.logger.debug(event, 'trace'))
  readonly startedAt: number
  /** Looked up for every event, never kept. */
  handlers: HubHandlers
  readonly #connectionRate: ConnectionRate
  /** Work that nobody waits for until the hub closes. */
  readonly #background = new Set<Promise<void>>()
  #state: 'open' | 'closing' | 'closed' = 'open'

  constructor(parts: CoreParts) {
    this.config = parts.config
    this.handlers = parts.handlers
    this.logger = guardLogger(parts.logger)
    this.clock = parts.clock
    this.broker = parts.broker
    this.presence = parts.presence
    this.namespaces = new Namespaces(parts.config.channel, parts.config.client.insecure)
    this.flusher = new Flusher(parts.clock, (error) => this.report(error, 'fan-out'))
    this.keepalive = new Keepalive(parts.clock)
    this.registry = new Registry(parts.broker, this.flusher, (error, channel) => this.report(error, 'broker', channel))
    this.#connectionRate = new ConnectionRate(parts.config.client.connection_rate_limit, parts.clock)
    this.startedAt = parts.clock.monotonic()
    this.positions = new PositionWatch(this)
    this.tokens = new Tokens(parts.config.client, parts.clock, this.logger)
    this.say = new Say(this, parts.handlerTimeout ?? defaultHandlerTimeout)
    const publicationsFromBroker = this.counters.fromBroker.cell('publication')
    const opened = parts.broker.open({
      publication: (channel, publication, epoch, delta) => {
        publicationsFromBroker.count += 1
        if (this.tracer.isActive) this.#tracePublication(channel, publication)
        this.registry.channel(channel)?.publish(publication, epoch, delta)
      },
      // When everybody leaves at once, telling each of all the others would take the square of their number.
      membership: (channel, event, info) => {
        this.counters.fromBroker.add(1, event)
        if (this.isOpen) this.registry.channel(channel)?.tellMembership(event, info)
      },
    })
    this.settle(() => opened, 'broker')
  }

  #tracePublication(channel: string, publication: Publication): void {
    this.tracer.publication(channel, publication, (target) => {
      if ('channel' in target) return target.channel === channel
      const session = 'client' in target ? this.registry.session(target.client) : undefined
      const sessions = 'user' in target ? this.registry.ofUser(target.user) : session ? [session] : []
      return Array.from(sessions).some(({ subscriptions }) => subscriptions.get(channel)?.isSubscribed)
    })
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether a further connection may be made now; it then counts for `client.connection_rate_limit`. */
  admits(): boolean {
    return this.hasRoom() && this.#connectionRate.take()
  }

  /** The same of one that counts already. */
  hasRoom(): boolean {
    const limit = this.config.client.connection_limit
    if (!this.isOpen) return false
    if (limit === 0 || this.registry.sessionCount < limit) return true
    this.counters.refusedByLimit += 1
    return false
  }

  /** A transport has a new connection. */
  connect(connection: Connection, handshake: Handshake): Session {
    const session = new Session(this, crypto.randomUUID(), connection, handshake)
    this.registry.addSession(session)
    return session
  }

  /**
   * Publishes, whoever asks: permission is the caller's matter. Delivered before it returns with the memory broker.
   * @throws ReplyError 102, 107
   * @throws TypeError for tags that are not text
   */
  publish(channel: string, request: PublishRequest): MaybePromise<PublishOutcome> {
    if (this.#state === 'closed') throw new Error('The hub is closed')
    const options = this.namespaces.optionsOf(channel)
    if (!options) throw replyError('unknownChannel')
    const { data, info, tags } = request
    checkData(data, options)
    if (tags) checkTags(tags)
    this.#publicationsToBroker.count += 1
    // Most have neither; a literal is made in a tenth of the time that spreading takes.
    const publication = info || tags ? { data, ...(info ? { info } : {}), ...(tags ? { tags } : {}) } : { data }
    return this.broker.publish(channel, publication, {
      historySize: request.skipHistory ? 0 : options.history_size,
      historyTtlMs: options.history_ttl,
      historyMetaTtlMs: this.historyMetaTtl(options),
      idempotencyKey: request.idempotencyKey ?? '',
      delta: request.delta === true || options.delta_publish,
      version: request.version ?? 0,
      versionEpoch: request.versionEpoch ?? '',
    })
  }

  historyMetaTtl(options: ChannelOptions): number {
    return options.history_meta_ttl || this.config.channel.history_meta_ttl
  }

  /** Starts what is done in the background; its failure, now or later, is reported and never thrown. */
  settle(work: () => MaybePromise<void>, stage: string, channel?: string): void {
    try {
      const working = work()
      if (!isPromise(working)) return
      const settled = Promise.resolve(working)
        .catch((error: unknown) => this.report(error, stage, channel))
        .then(() => void this.#background.delete(settled))
      this.#background.add(settled)
    } catch (error) {
      this.report(error, stage, channel)
    }
  }

  /** The one place where failures of work that nobody waits for come out. */
  report(error: unknown, stage: string, channel?: string): void {
    this.logger.error({ err: error, stage, channel }, 'hub: background work failed')
  }

  /** Takes no new connection and tells everybody to come back elsewhere. */
  shutdown(reason: Disconnect = disconnect('shutdown')): void {
    this.#state = 'closing'
    for (const session of this.registry.sessions) session.disconnect(reason)
    this.flusher.flush()
  }

  /**
   * The same, spread over a while: who is told comes back at once, and all of them together would be a storm. Until it
   * is its turn a connection is served as ever.
   */
  async drain(spreadMs: number): Promise<void> {
    this.#state = 'closing'
    await inGroups(this.clock, Array.from(this.registry.sessions), spreadMs, (group) => {
      for (const session of group) session.disconnect(disconnect('shutdown'))
      this.flusher.flush()
    })
  }

  /** After the last connection is gone: nothing can be published any more. The stores first finish what they have begun. */
  close(): MaybePromise<void> {
    this.#state = 'closed'
    this.keepalive.stop()
    this.say.close()
    this.tokens.close()
    const open = [...this.#background, ...this.registry.leaving]
    return chain(open.length === 0 ? undefined : Promise.all(open), () => this.broker.close())
  }
}

/** Found out where they come from: later they would fail for every subscriber. */
function checkTags(tags: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(tags)) {
    if (typeof value !== 'string') throw new TypeError(`The tag ${name} is not text, but ${typeof value}`)
  }
}

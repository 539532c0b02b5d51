/**
 * The rooms of one `createRealtime`, joined: the same registry, channels, fan-out, writers, keep-alive and broker that
 * Centrifugo's protocol stands on, with connections that speak plain events.
 *
 * Everything that is published goes through ONE stream, so that one `Last-Event-ID` says what an SSE client has heard:
 * of everybody's events, its own and its channels'. Whom an event is for is a tag of the publication.
 */
import type { Publication, StreamPosition } from '@backchannel/protocol'
import type { Broker } from '../broker/broker.ts'
import { isRecovered } from '../broker/is-recovered.ts'
import { MemoryBroker } from '../broker/memory-broker.ts'
import type { Clock } from '../clock.ts'
import type { Channel } from '../fanout/channel.ts'
import { Flusher } from '../fanout/fanout.ts'
import { Keepalive } from '../fanout/keepalive.ts'
import { inGroups } from '../in-groups.ts'
import { chain, rescue, type MaybePromise } from '../maybe-promise.ts'
import { Deadlines } from '../say/deadlines.ts'
import { Registry } from '../session/registry.ts'
import { everyone, sseWire, webSocketWire, type EventWire } from '../wires/events.ts'
import { ChannelBook } from './channel-book.ts'
import { goingAway, type Connection } from './connection.ts'
import type { ReadyEvent } from './payloads.ts'
import type { Settings } from './settings.ts'

/** Whom an event is for. */
export type Target = { readonly to: 'all' } | { readonly to: 'channel' | 'user'; readonly name: string }

/** The one stream's name in the broker. */
const streamName = 'events'

/** What a client that comes back has missed, and whether that is everything. */
export interface Missed {
  readonly publications: readonly Publication[]
  readonly epoch: string
  readonly isComplete: boolean
}

export class EventCore {
  settings: Settings
  readonly clock: Clock
  readonly wire: EventWire
  readonly flusher: Flusher
  readonly keepalive: Keepalive
  readonly registry: Registry<Connection>
  readonly channels = new ChannelBook()
  readonly deadlines: Deadlines
  readonly #broker: Broker
  /** The channel whose log may stand before what comes next. */
  #written: Channel | undefined
  #state: 'open' | 'closing' | 'closed' = 'open'
  /** WebSockets that were let in and are not open yet: they have a place, too. */
  reserved = 0

  constructor(settings: Settings, clock: Clock) {
    this.settings = settings
    this.clock = clock
    this.wire = settings.driver === 'sse' ? sseWire : webSocketWire
    this.flusher = new Flusher(clock, (error) => this.report(error, 'fan-out'))
    this.keepalive = new Keepalive(clock)
    this.deadlines = new Deadlines(clock)
    this.#broker = new MemoryBroker(clock)
    // One stream brings everything: single channels are not the broker's.
    const local = { subscribe: () => {}, unsubscribe: () => {} }
    this.registry = new Registry(local, this.flusher, (error) => this.report(error, 'broker'))
    void this.#broker.open({
      publication: (_stream, publication, epoch) => this.#deliver(publication, epoch),
      membership: () => {},
    })
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether there is a place for one more connection. */
  get hasPlace(): boolean {
    return this.registry.sessionCount + this.reserved < this.settings.maxConnections
  }

  /** Sends an event to whom it is for. @returns how many connections that is, now */
  publish(target: Target, { name, json }: ReadyEvent): MaybePromise<number> {
    if (this.#state === 'closed') return 0
    const { size, ttl } = this.settings.history
    const reached = this.#count(target)
    const outcome = this.#broker.publish(
      streamName,
      { data: json, tags: { event: name, ...target } },
      {
        // Only who reads events by `EventSource` can say what was heard last.
        historySize: this.settings.driver === 'sse' ? size : 0,
        historyTtlMs: ttl,
        historyMetaTtlMs: metaTtlMs,
        idempotencyKey: '',
        version: 0,
        delta: false,
        versionEpoch: '',
      },
    )
    return chain(outcome, () => reached)
  }

  /** Queues what was published so far, so that what is sent to one connection next does not overtake it. */
  flushBefore(next?: Channel): void {
    if (this.#written && this.#written !== next) this.#written.flush()
    this.#written = next
  }

  /** Where the stream stands. */
  position(): MaybePromise<StreamPosition> {
    const query = { limit: 0, reverse: false, historyMetaTtlMs: metaTtlMs }
    return chain(this.#broker.history(streamName, query), ({ position }) => position)
  }

  /** What came after this place in the stream. */
  missedSince(since: StreamPosition): MaybePromise<Missed> {
    const query = { limit: -1, since, reverse: false, historyMetaTtlMs: metaTtlMs }
    return chain(this.#broker.history(streamName, query), (page) => ({
      publications: since.epoch === page.position.epoch ? page.publications : [],
      epoch: page.position.epoch,
      isComplete: since.epoch !== '' && isRecovered(page, since),
    }))
  }

  /** A handler of the app: what it throws, or does not finish in time, is logged and given as the failure. */
  ask<T>(stage: string, run: () => MaybePromise<T>, failed: T): MaybePromise<T> {
    return rescue(
      () => this.deadlines.hold(this.settings.handlerTimeout, run()),
      (error) => {
        this.report(error, stage)
        return failed
      },
    )
  }

  report(error: unknown, stage: string): void {
    this.settings.logger.error({ err: error, stage }, `createRealtime: ${stage} failed`)
  }

  /** Takes no new connection, and says goodbye to those that are there. @param spreadMs over so many milliseconds */
  async shutdown(spreadMs: number, timeoutMs: number): Promise<void> {
    this.#state = 'closing'
    await inGroups(this.clock, Array.from(this.registry.sessions), spreadMs, (group) => {
      for (const connection of group) connection.end(goingAway)
      this.flusher.flush()
    })
    const left = Array.from(this.registry.sessions, ({ closed }) => closed)
    if (left.length > 0) {
      let cancel = (): void => {}
      const late = new Promise<void>((resolve) => (cancel = this.clock.setTimer(resolve, timeoutMs)))
      await Promise.race([Promise.all(left), late])
      cancel()
      for (const connection of Array.from(this.registry.sessions)) connection.drop()
    }
    this.#state = 'closed'
    this.keepalive.stop()
    this.deadlines.close()
    await this.#broker.close()
  }

  #count(target: Target): number {
    if (target.to === 'user') return this.registry.ofUser(target.name).size
    return this.registry.channel(target.to === 'all' ? everyone : target.name)?.subscriberCount ?? 0
  }

  #deliver(publication: Publication, epoch: string): void {
    const { tags = {} } = publication
    const event = publication.offset > 0 ? withId(publication, epoch) : publication
    if (tags['to'] === 'user') this.#deliverToUser(tags['name'] ?? '', event)
    else {
      const channel = this.registry.channel(tags['to'] === 'all' ? everyone : (tags['name'] ?? everyone))
      if (!channel) return
      this.flushBefore(channel)
      channel.publish(event, '')
    }
  }

  #deliverToUser(user: string, publication: Publication): void {
    const connections = this.registry.ofUser(user)
    if (connections.size === 0) return
    this.flushBefore()
    const bytes = this.wire.encode(everyone, [publication])
    for (const connection of connections) if (connection.isLive) connection.writer.enqueue(bytes)
  }
}

/** The stream's position outlives every event in it; a process that is gone takes it along anyway. */
const metaTtlMs = 2 ** 40

/**
 * A publication as it is written, with its place in the stream for an id. Its offset is left out: in a channel that
 * hears only a part of the stream offsets would look like gaps.
 */
function withId(publication: Publication, epoch: string): Publication {
  const { data, tags, offset } = publication
  return { data, tags: { ...tags, id: eventId(epoch, offset) }, offset: 0 }
}

/** What a client calls its place in the stream. */
export function eventId(epoch: string, offset: number): string {
  return `${epoch}:${offset}`
}

import type { ClientInfo, Publication, StreamPosition } from '@backchannel/protocol'
import type {
  Broker,
  BrokerPublishOptions,
  Deliver,
  HistoryPage,
  HistoryQuery,
  NewPublication,
  PublishOutcome,
} from './broker.ts'
import type { Clock } from '../clock.ts'
import { Keepalive, type Alarm } from '../fanout/keepalive.ts'
import { at, Stream } from './stream.ts'

/** How long the result of a publication with an idempotency key is remembered: Centrifugo's five minutes. */
const idempotencyTtlMs = 5 * 60_000
const nowhere: PublishOutcome = { offset: 0, epoch: '' }

interface Result {
  readonly outcome: PublishOutcome
  readonly expiresAt: number
}

/** A channel's stream and when it is forgotten; the alarm is planned once and looks again, not moved per publish. */
class Entry implements Alarm {
  readonly stream: Stream
  itemsExpireAt = Number.POSITIVE_INFINITY
  expiresAt: number
  readonly #onAlarm: (entry: Entry) => void

  constructor(stream: Stream, expiresAt: number, onAlarm: (entry: Entry) => void) {
    this.stream = stream
    this.expiresAt = expiresAt
    this.#onAlarm = onAlarm
  }

  get next(): number {
    return Math.min(this.itemsExpireAt, this.expiresAt)
  }

  onAlarm(): void {
    this.#onAlarm(this)
  }
}

/**
 * The broker inside this process. Everything answers at once; a publication is delivered before `publish` returns.
 * What it knows is gone with the process: new streams get new epochs, so clients see that they can't recover.
 */
export class MemoryBroker implements Broker {
  readonly #clock: Clock
  readonly #alarms: Keepalive
  readonly #streams = new Map<string, Entry>()
  /** By channel and key; in the order of expiry, since all live equally long. */
  readonly #results = new Map<string, Result>()
  readonly #sweep: Alarm = { onAlarm: () => this.#forgetResults() }
  #deliver: Deliver = { publication: () => {}, membership: () => {} }

  constructor(clock: Clock) {
    this.#clock = clock
    this.#alarms = new Keepalive(clock)
  }

  /** Streams and remembered results: what a long run must not let grow. */
  get size(): { streams: number; results: number } {
    return { streams: this.#streams.size, results: this.#results.size }
  }

  open(deliver: Deliver): void {
    this.#deliver = deliver
  }

  close(): void {
    this.#alarms.stop()
    this.#streams.clear()
    this.#results.clear()
  }

  subscribe(): void {}

  unsubscribe(): void {}

  publish(channel: string, publication: NewPublication, options: BrokerPublishOptions): PublishOutcome {
    const resultKey = options.idempotencyKey && `${channel}\n${options.idempotencyKey}`
    if (resultKey) {
      const known = this.#results.get(resultKey)
      if (known && known.expiresAt > this.#clock.monotonic()) return known.outcome
    }
    const outcome = this.#append(channel, publication, options)
    // Remembered before the delivery: a subscriber that publishes again must find it.
    if (resultKey) this.#remember(resultKey, outcome.position)
    if (outcome.publication) {
      this.#deliver.publication(channel, outcome.publication, outcome.position.epoch, options.delta)
    }
    return outcome.position
  }

  publishMembership(channel: string, event: 'join' | 'leave', info: ClientInfo): void {
    this.#deliver.membership(channel, event, info)
  }

  history(channel: string, query: HistoryQuery): HistoryPage {
    return this.#touch(channel, query.historyMetaTtlMs).stream.read(query)
  }

  removeHistory(channel: string): void {
    this.#streams.get(channel)?.stream.clear()
  }

  #append(
    channel: string,
    publication: NewPublication,
    options: BrokerPublishOptions,
  ): { position: PublishOutcome; publication?: Publication } {
    const { historySize, historyTtlMs, historyMetaTtlMs, version, versionEpoch } = options
    const versioned = version > 0 ? { ...publication, version } : publication
    if (historySize === 0) return { position: nowhere, publication: at(0, versioned) }
    const entry = this.#touch(channel, historyMetaTtlMs)
    if (entry.stream.isStale(version, versionEpoch)) return { position: entry.stream.position }
    entry.itemsExpireAt = this.#clock.monotonic() + historyTtlMs
    const appended = entry.stream.append(versioned, historySize, version, versionEpoch)
    if (appended.offset === 1 || entry.stream.length === 1) this.#alarms.plan(entry, entry.next)
    return { position: { offset: appended.offset, epoch: entry.stream.epoch }, publication: appended }
  }

  /** The channel's stream, made when it is first asked for; every use renews its life. */
  #touch(channel: string, metaTtlMs: number): Entry {
    const expiresAt = this.#clock.monotonic() + metaTtlMs
    const known = this.#streams.get(channel)
    if (known) {
      known.expiresAt = expiresAt
      return known
    }
    const entry = new Entry(new Stream(newEpoch()), expiresAt, (rung) => this.#expire(channel, rung))
    this.#streams.set(channel, entry)
    this.#alarms.plan(entry, entry.next)
    return entry
  }

  #expire(channel: string, entry: Entry): void {
    const now = this.#clock.monotonic()
    if (entry.expiresAt <= now) {
      this.#streams.delete(channel)
      return
    }
    if (entry.itemsExpireAt <= now) {
      entry.itemsExpireAt = Number.POSITIVE_INFINITY
      entry.stream.clear()
    }
    this.#alarms.plan(entry, entry.next)
  }

  #remember(key: string, outcome: StreamPosition): void {
    if (this.#results.size === 0) this.#alarms.plan(this.#sweep, this.#clock.monotonic() + idempotencyTtlMs)
    // Set anew, so that the map's order stays the order of expiry.
    this.#results.delete(key)
    this.#results.set(key, { outcome, expiresAt: this.#clock.monotonic() + idempotencyTtlMs })
  }

  #forgetResults(): void {
    const now = this.#clock.monotonic()
    for (const [key, { expiresAt }] of this.#results) {
      if (expiresAt > now) break
      this.#results.delete(key)
    }
    const [oldest] = this.#results.values()
    if (oldest) this.#alarms.plan(this.#sweep, oldest.expiresAt)
  }
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** Eight random letters; two streams of one name are told apart by it, nothing else depends on it. */
function newEpoch(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => letters[byte % letters.length]).join('')
}

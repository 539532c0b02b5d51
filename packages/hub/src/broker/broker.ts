import type { ClientInfo, Payload, Publication, StreamPosition } from '@backchannel/protocol'
import type { MaybePromise } from '../maybe-promise.ts'

/** A publication on its way in. Nothing in it is changed afterwards: text is immutable, tags were copied. */
export interface NewPublication {
  readonly data: Payload
  readonly info?: ClientInfo
  readonly tags?: Readonly<Record<string, string>>
}

export interface BrokerPublishOptions {
  /** 0: the publication is not kept and has no offset. */
  readonly historySize: number
  readonly historyTtlMs: number
  /** How long offset and epoch are remembered after the last use. */
  readonly historyMetaTtlMs: number
  /** Empty: none. */
  readonly idempotencyKey: string
  /** 0: none. With history: skipped unless above the version stored last. */
  readonly version: number
  /** Subscribers that ask for patches may get it as one. Passed on to every hub's `publication`. */
  readonly delta: boolean
  /** Versions are compared only when this is empty or the same as the stored one. */
  readonly versionEpoch: string
}

/** Where a publication came to stand; offset 0 and an empty epoch without history. */
export type PublishOutcome = StreamPosition

export interface HistoryQuery {
  /** 0: only the position; below 0: no limit. */
  readonly limit: number
  /** Only what comes after it (before it, when reversed). An offset of another epoch is the caller's matter. */
  readonly since?: StreamPosition
  readonly reverse: boolean
  readonly historyMetaTtlMs: number
}

export interface HistoryPage {
  readonly publications: readonly Publication[]
  /** Of the newest publication, whether it is still kept or not. */
  readonly position: StreamPosition
}

/** What a broker hands to a hub. */
export interface Deliver {
  /**
   * Called for every publication, in the order of its channel's stream.
   * @param epoch empty without history
   * @param delta as it was published with
   */
  publication(channel: string, publication: Publication, epoch: string, delta: boolean): void
  /** Somebody has subscribed to a channel, or unsubscribed. */
  membership(channel: string, event: 'join' | 'leave', info: ClientInfo): void
}

/**
 * Where publications go and where streams live.
 *
 * Called by the hub only. Every verb may answer with a value or with a promise; one that answers with values keeps the
 * hub's publish synchronous.
 *
 * - `publish` is ONE atomic step: look up the idempotency key, compare the version, take the next offset, append, trim,
 *   remember the result, deliver. Two publications of a channel never get the same offset, and are delivered in the
 *   order of their offsets to every hub that has subscribed. A repeat (same key) and an old version deliver nothing.
 * - Delivery to hubs is at most once: a hub that missed something sees it by the offset.
 * - A channel's epoch changes exactly when its offsets begin anew.
 */
export interface Broker {
  /** Before anything else, once. The other verbs don't wait for its answer; one that needs it waits itself. */
  open(deliver: Deliver): MaybePromise<void>
  close(): MaybePromise<void>
  /** From its completion on, publications of the channel are delivered here. */
  subscribe(channel: string): MaybePromise<void>
  /** The last local subscriber has left. */
  unsubscribe(channel: string): MaybePromise<void>
  publish(channel: string, publication: NewPublication, options: BrokerPublishOptions): MaybePromise<PublishOutcome>
  /** Tells every hub that has subscribed to the channel who came or went; it is kept nowhere. At most once. */
  publishMembership(channel: string, event: 'join' | 'leave', info: ClientInfo): MaybePromise<void>
  history(channel: string, query: HistoryQuery): MaybePromise<HistoryPage>
  /** Drops the kept publications; position and epoch stay. */
  removeHistory(channel: string): MaybePromise<void>
}

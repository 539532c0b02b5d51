import {
  disconnect,
  replyError,
  unsubscribeReason,
  type ClientInfo,
  type Disconnect,
  type Payload,
  type Publication,
  type StreamPosition,
  type SubscribeResult,
  type UnsubscribeReason,
} from '@backchannel/protocol'
import type { HistoryPage } from '../broker/broker.ts'
import type { Channel, Subscriber } from '../fanout/channel.ts'
import type { ChannelOptions } from '../config/config.ts'
import type { Core } from '../core.ts'
import { chain, isPromise, type MaybePromise } from '../maybe-promise.ts'
import { continuation, recover, recoveryQuery } from './recovery.ts'
import { patchAll } from '../fanout/delta.ts'
import type { JoinBuffer } from '../fanout/join-buffer.ts'
import type { Session } from './session.ts'
import type { TagsFilter } from '../fanout/tags-filter.ts'
import type { TokenMark } from '../tokens/revocations.ts'
import { expiryOf } from './ttl.ts'
import type { Variant } from '../fanout/variant.ts'
import type { Writer } from '../fanout/writer.ts'

/** What a subscription was granted: by a token, a handler, an option or the server. */
export interface Grant {
  readonly options: ChannelOptions
  readonly positioned: boolean
  readonly recoverable: boolean
  readonly presence: boolean
  /** Whether others hear of its coming and going. */
  readonly tellsMembership: boolean
  /** Whether it hears of others'. */
  readonly hearsMembership: boolean
  /** Publications come as patches of the ones before, where that is shorter. */
  readonly delta?: boolean
  /** Only what it lets through is heard. */
  readonly filter?: TagsFilter
  /** Whether the client prefers an error to a subscription that has lost something. */
  readonly rejectUnrecovered?: boolean
  /** Unix seconds; 0 for never. */
  readonly expireAt: number
  /** Whether the client renews it by itself, or the server ends it. */
  readonly serverSide: boolean
  /** Whether the app is asked when it expires, in place of a token of the client's. */
  readonly isRenewedByServer: boolean
  /** Whether it came with the connection token: a refreshed one must still name it. */
  readonly isFromToken?: boolean
  /** Of the subscription token that it was granted by. */
  readonly token?: TokenMark
  readonly info?: Payload
  readonly data?: Payload
}

/** A membership that begins: what to answer, and what to call right after the answer was queued. */
export interface Joining {
  readonly result: SubscribeResult
  readonly commit: () => void
}

/**
 * Everything is there that joining has to wait for. Called right before the answer is queued, since what is published
 * until then belongs into it. Undefined when the subscription has ended in the meantime.
 */
export type Settle = () => Joining | undefined

/**
 * One session's membership in one channel: `joining → subscribed → ended`.
 *
 * Joining may take as long as the broker takes to answer. Publications that come in meanwhile are kept, so that what
 * was read from the history and what is delivered afterwards meet without a gap and without a double.
 */
export class Subscription implements Subscriber {
  readonly channelName: string
  readonly grant: Grant
  readonly #core: Core
  readonly #session: Session
  seat = -1
  /** Monotonic milliseconds; Infinity for never. Once accepted, a jump of the wall clock ends nothing. */
  #expiresAt = Number.POSITIVE_INFINITY
  #state: 'joining' | 'subscribed' | 'ended' = 'joining'
  #channel: Channel | undefined
  #leaveJoin: (() => void) | undefined
  /** While presence is being told of the subscription. */
  #announcing: MaybePromise<void> = undefined
  /** What others see has changed while it was joining: presence may have been told before. */
  #hasChanged = false
  #endReason: UnsubscribeReason | undefined
  /** As others see the member since it was renewed. */
  #info: Payload | undefined
  #token: TokenMark | undefined
  /** Counted while it has to be looked after; see position-watch.ts. */
  #isWatched = false

  constructor(core: Core, session: Session, channelName: string, grant: Grant) {
    this.#core = core
    this.#session = session
    this.channelName = channelName
    this.grant = grant
    this.#token = grant.token
    this.extend(grant.expireAt)
  }

  /** Of the subscription token that it was granted or renewed by. */
  get token(): TokenMark | undefined {
    return this.#token
  }

  get expiresAt(): number {
    return this.#expiresAt
  }

  /** @param expireAt unix seconds; 0 for never */
  extend(expireAt: number): void {
    const { clock } = this.#core
    this.#expiresAt = expireAt > 0 ? clock.monotonic() + (expireAt * 1000 - clock.now()) : Number.POSITIVE_INFINITY
  }

  /** A renewed subscription. @param expireAt unix seconds; 0 for never @param info in place of what was granted */
  renew(expireAt: number, info: Payload | undefined, token?: TokenMark): void {
    this.extend(expireAt)
    this.#info = info ?? this.#info
    this.#token = token ?? this.#token
    if (info !== undefined) this.announceAgain()
  }

  /** What others see of the member has changed: presence is told. */
  announceAgain(): void {
    if (this.isJoining) this.#hasChanged = true
    else if (this.isSubscribed) this.#core.settle(() => this.#announce(), 'presence', this.channelName)
  }

  get variant(): Variant {
    const { wire } = this.#session
    return this.delta ? wire.delta : wire
  }

  get writer(): Writer {
    return this.#session.writer
  }

  get positioned(): boolean {
    return this.grant.positioned
  }

  get delta(): boolean {
    return this.grant.delta === true
  }

  get filter(): TagsFilter | undefined {
    return this.grant.filter
  }

  get hearsMembership(): boolean {
    return this.grant.hearsMembership
  }

  get isSubscribed(): boolean {
    return this.#state === 'subscribed'
  }

  get isJoining(): boolean {
    return this.#state === 'joining'
  }

  /** As others see this subscription. */
  get info(): ClientInfo {
    const info = this.#info ?? this.grant.info
    return info === undefined ? this.#session.info : { ...this.#session.info, chanInfo: info }
  }

  /** Prepares the membership. @param since where the client wants to go on from */
  join(since: StreamPosition | undefined): MaybePromise<Settle> {
    // The newest of a cache is what everybody wants, whether it was asked for or not.
    const isAutomatic = this.grant.recoverable && this.grant.options.auto_cache_recover
    return this.joinFrom(since ?? (isAutomatic ? { offset: 0, epoch: '' } : undefined))
  }

  /** The same for what nobody is waiting for: nothing is recovered but from where the caller says. */
  joinFrom(since: StreamPosition | undefined): MaybePromise<Settle> {
    try {
      const joining = this.#join(since)
      if (!isPromise(joining)) return joining
      return joining.catch((error: unknown) => this.#fail(error))
    } catch (error) {
      return this.#fail(error)
    }
  }

  /** Ends it as soon as it has joined: a client that is told before its answer would take itself for subscribed. */
  endOnceJoined(reason: UnsubscribeReason): void {
    this.#endReason = reason
  }

  /** Queues what was published to the channel so far: what is sent next must not overtake it. */
  flush(): void {
    this.#channel?.flush()
  }

  /** Takes the membership back. What was published before still reaches the client. @param reason what the app is told */
  end(reason: UnsubscribeReason): void {
    if (this.#state === 'ended') return
    const wasSubscribed = this.#state === 'subscribed'
    this.#state = 'ended'
    this.#leaveJoin?.()
    this.#session.subscriptions.delete(this.channelName)
    const channel = this.#channel
    if (channel) {
      channel.remove(this)
      this.#core.registry.release(channel)
    }
    if (this.#isWatched) this.#core.positions.release()
    if (wasSubscribed) {
      this.#core.counters.actions.add(1, 'remove_subscription')
      this.#core.say.unsubscribed(this.#session, this.channelName, reason)
    }
    const isTold = wasSubscribed && this.grant.tellsMembership
    if (!this.grant.presence && !isTold) return
    // In this order: who is told that somebody left must not find them in presence.
    const info = this.info
    const withdrawn = (): MaybePromise<void> => (this.grant.presence ? this.#withdraw() : undefined)
    this.#core.settle(
      () =>
        chain(withdrawn(), () =>
          isTold ? this.#core.broker.publishMembership(this.channelName, 'leave', info) : undefined,
        ),
      'presence',
      this.channelName,
    )
  }

  /** Never overtakes the announcement, which would then stay. */
  #withdraw(): MaybePromise<void> {
    const remove = (): MaybePromise<void> => this.#core.presence.remove(this.channelName, this.#session.client)
    return isPromise(this.#announcing) ? this.#announcing.then(remove, remove) : remove()
  }

  onGap(): void {
    this.#session.unsubscribe(this, unsubscribeReason('insufficientState'))
  }

  onUnsendable(reason: Disconnect): void {
    this.#session.disconnect(reason)
  }

  #join(since: StreamPosition | undefined): MaybePromise<Settle> {
    const { channel, ready } = this.#core.registry.acquire(this.channelName)
    this.#channel = channel
    const buffer = channel.beginJoin()
    this.#leaveJoin = () => channel.endJoin(buffer)
    const { recoverable, positioned } = this.grant
    const recoverFrom = recoverable ? since : undefined
    const announced = chain(ready, () => this.#announce())
    const page = chain(announced, () => (positioned ? this.#read(recoverFrom) : undefined))
    return chain(page, (read) => () => {
      if (this.#state === 'ended') return undefined
      try {
        const result = this.#baseResult()
        if (since) result.wasRecovering = true
        if (!read) return { result, commit: () => this.#commit(undefined, []) }
        return this.#positioned(result, read, this.#continuation(buffer, read.position), recoverFrom)
      } catch (error) {
        return this.#fail(error)
      }
    })
  }

  /** @throws Disconnect 3010 when something is missing between what was read and what came in */
  #continuation(buffer: JoinBuffer, position: StreamPosition): readonly Publication[] {
    const missed = buffer.hasOverflowed ? undefined : continuation(buffer.entries, position)
    if (!missed) throw disconnect('insufficientState')
    return missed
  }

  #announce(): MaybePromise<void> {
    if (!this.grant.presence || this.#state === 'ended') return undefined
    this.#announcing = chain(this.#core.presence.add(this.channelName, this.info), () => {
      this.#announcing = undefined
    })
    return this.#announcing
  }

  #read(since: StreamPosition | undefined): MaybePromise<HistoryPage> {
    return this.#core.broker.history(this.channelName, {
      ...recoveryQuery(this.grant, since, this.#core.config.client.recovery_max_publication_limit),
      historyMetaTtlMs: this.#core.historyMetaTtl(this.grant.options),
    })
  }

  #fail(error: unknown): never {
    this.end(unsubscribeReason('server'))
    throw error
  }

  #baseResult(): SubscribeResult {
    const { data, expireAt, serverSide, isRenewedByServer } = this.grant
    const { clock } = this.#core
    if (expireAt > 0 && expireAt * 1000 <= clock.now()) throw replyError('expired')
    return {
      ...(serverSide || isRenewedByServer ? {} : expiryOf(clock, expireAt)),
      ...(data === undefined ? {} : { data }),
      ...(this.delta ? { delta: true } : {}),
    }
  }

  /** @param missed what came in behind the page that was read */
  #positioned(
    result: SubscribeResult,
    page: HistoryPage,
    missed: readonly Publication[],
    since: StreamPosition | undefined,
  ): Joining {
    const { position } = page
    const last = missed.findLast((publication) => publication.offset > 0)
    const standing = last ? { offset: last.offset, epoch: position.epoch } : position
    result.positioned = true
    result.epoch = position.epoch
    if (this.grant.recoverable) result.recoverable = true
    const recovered = since && recover(this.grant, page, since)
    if (since) this.#countRecovery(recovered !== undefined, (recovered?.length ?? 0) + missed.length > 0)
    if (!recovered) {
      if (since && this.grant.rejectUnrecovered) throw replyError('unrecoverablePosition')
      result.offset = position.offset
      return { result, commit: () => this.#commit(standing, this.#heard(missed)) }
    }
    result.recovered = true
    // The client counts on from what it had, one by one through the recovered publications.
    result.offset = since.offset
    const publications = this.#recovered([...recovered, ...missed])
    result.publications = this.delta ? patchAll(publications) : publications
    // With none sent it is not known what the client has heard last.
    return { result, commit: () => this.#commit(standing, [], publications.at(-1)) }
  }

  #countRecovery(isRecovered: boolean, hasPublications: boolean): void {
    const [recovered, has] = [isRecovered, isRecovered && hasPublications].map((is) => (is ? 'yes' : 'no'))
    this.#core.counters.recoveries.add(1, recovered ?? '', has ?? '')
  }

  #heard(publications: readonly Publication[]): readonly Publication[] {
    const { filter } = this.grant
    return filter ? publications.filter(({ tags }) => filter.matches(tags)) : publications
  }

  #recovered(publications: readonly Publication[]): readonly Publication[] {
    const heard = this.#heard(publications)
    // Of a cache only the newest counts; patches need those before it.
    return this.grant.options.force_recovery_mode === 'cache' && !this.delta ? heard.slice(-1) : heard
  }

  /**
   * @param missed what came in meanwhile and is not in the answer
   * @param heard what the client has heard last, when that is known
   */
  #commit(position: StreamPosition | undefined, missed: readonly Publication[], heard = missed.at(-1)): void {
    if (this.#state !== 'joining' || !this.#channel) return
    this.#state = 'subscribed'
    this.#core.counters.actions.add(1, 'add_subscription')
    this.#leaveJoin?.()
    this.#leaveJoin = undefined
    if (missed.length > 0) {
      this.writer.enqueue(this.variant.encode(this.channelName, missed))
    }
    this.#channel.add(this, position, heard)
    if (this.positioned) {
      this.#isWatched = true
      this.#core.positions.acquire()
    }
    if (this.grant.tellsMembership) {
      this.#core.settle(
        () => this.#core.broker.publishMembership(this.channelName, 'join', this.info),
        'presence',
        this.channelName,
      )
    }
    if (this.#hasChanged) this.announceAgain()
    if (this.#endReason) this.#session.unsubscribe(this, this.#endReason)
    else this.#session.scheduleAlarm()
  }
}

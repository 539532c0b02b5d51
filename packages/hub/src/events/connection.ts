/** One connection of `createRealtime`: what both drivers have in common. */
import { Disconnect } from '@backchannel/protocol'
import type { Channel, Subscriber } from '../fanout/channel.ts'
import type { Alarm } from '../fanout/keepalive.ts'
import type { Sink } from '../fanout/sink.ts'
import type { Variant } from '../fanout/variant.ts'
import { Writer, type WriterOwner } from '../fanout/writer.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import type { Addressed } from '../session/registry.ts'
import { everyone } from '../wires/events.ts'
import { checkChannelName } from './channel-book.ts'
import type { EventCore } from './event-core.ts'
import type { ChannelHooks, EventSocket, EventStream } from './types.ts'

/** The server goes down, or the app has ended the connection: the client may come back. */
export const goingAway = new Disconnect(1001, 'going away')
const normal = new Disconnect(1000, '')

/** Why a join came to nothing. */
export type Refusal = 'unknown_channel' | 'refused' | 'limit' | 'closed'

/** A place in a channel. */
class Membership implements Subscriber {
  readonly variant: Variant
  readonly writer: Writer
  readonly positioned = false
  readonly hooks: ChannelHooks | undefined
  /** Once it is seated there. */
  channel: Channel | undefined
  readonly onUnsendable: (reason: Disconnect) => void
  seat = -1

  constructor(connection: Connection, hooks: ChannelHooks | undefined) {
    this.variant = connection.core.wire
    this.writer = connection.writer
    this.hooks = hooks
    this.onUnsendable = (reason) => connection.end(reason)
  }

  /** Never called: only positioned subscribers have gaps. */
  onGap(): void {}
}

/** A join that is under way. */
interface Joining {
  isCancelled: boolean
  joined: MaybePromise<Refusal | undefined>
}

/** How long a peer may take to read a goodbye. */
const closeTimeoutMs = 4000

/**
 * `waiting` (it hears nothing that is published yet) → `live` → `ended` (goodbye was said) → `closed`. What the app sends
 * to this one connection goes out from the beginning.
 */
export abstract class Connection implements Alarm, Addressed, WriterOwner {
  readonly client = crypto.randomUUID()
  readonly key = ''
  readonly userId: string | undefined
  readonly core: EventCore
  readonly writer: Writer
  readonly closed: Promise<void>
  readonly #sink: Sink
  readonly #memberships = new Map<string, Membership>()
  readonly #joining = new Map<string, Joining>()
  #everyone: Membership | undefined
  #state: 'waiting' | 'live' | 'ended' | 'closed' = 'waiting'
  #tellClosed: () => void = () => {}

  constructor(core: EventCore, userId: string | undefined, sink: Sink) {
    this.core = core
    this.userId = userId
    this.#sink = sink
    this.writer = new Writer(sink, core.flusher, core.settings.maxBufferedBytes, this)
    this.closed = new Promise((resolve) => (this.#tellClosed = resolve))
  }

  /** What the app gets. */
  abstract readonly handle: EventSocket | EventStream

  /** The transport lets go of it at once. */
  protected abstract terminate(): void

  /** A heartbeat is due. @returns whether the client is taken for dead instead */
  protected abstract isDead(): boolean

  get id(): string {
    return this.client
  }

  get user(): string {
    return this.userId ?? ''
  }

  get isOpen(): boolean {
    return this.#state === 'waiting' || this.#state === 'live'
  }

  /** Whether what is published reaches it. */
  get isLive(): boolean {
    return this.#state === 'live'
  }

  get bytesQueued(): number {
    return this.#sink.bytesQueued
  }

  get channels(): readonly string[] {
    return Array.from(this.#memberships.keys())
  }

  /** Takes its place among the connections. */
  begin(): void {
    this.core.registry.addSession(this)
    if (this.userId !== undefined) this.core.registry.identify(this)
    this.#planHeartbeat()
  }

  /** From now on it hears what is published to everybody, to its user and to its channels. */
  goLive(): void {
    if (this.#state !== 'waiting') return
    this.#state = 'live'
    this.#everyone = new Membership(this, undefined)
    this.#seat(everyone, this.#everyone)
    for (const [name, membership] of this.#memberships) this.#seat(name, membership)
  }

  /** Sends to this connection alone, behind everything that was published before. @returns whether it was still open */
  sendBytes(bytes: Uint8Array): boolean {
    if (!this.isOpen) return false
    this.core.flushBefore()
    this.writer.enqueue(bytes)
    return true
  }

  /**
   * Joins a channel, once its hooks agree.
   * @param isAsked whether the client asks: it may join declared channels only
   * @returns why not; undefined: it is in
   */
  join(name: string, isAsked: boolean): MaybePromise<Refusal | undefined> {
    checkChannelName(name)
    if (!this.isOpen) return 'closed'
    if (this.#memberships.has(name)) return undefined
    const known = this.#joining.get(name)
    // Without an answer yet, it is one of its own hooks that asks.
    if (known) return known.joined ?? 'refused'
    const { maxChannels } = this.core.settings
    if (isAsked && this.#memberships.size >= maxChannels) return 'limit'
    const hooks = this.core.channels.find(name)
    if (!hooks && isAsked) return 'unknown_channel'
    return this.#askAndJoin(name, hooks)
  }

  /** Leaves a channel; a join that is under way comes to nothing. @returns whether it was in the channel */
  leave(name: string): boolean {
    const joining = this.#joining.get(name)
    if (joining) {
      joining.isCancelled = true
      // Whoever joins again asks anew.
      this.#joining.delete(name)
    }
    const membership = this.#memberships.get(name)
    if (!membership) return false
    this.#memberships.delete(name)
    this.#unseat(membership)
    this.#tellLeft(name, membership.hooks)
    return true
  }

  /** Says goodbye behind what was sent; nothing follows. */
  end(reason: Disconnect = normal): void {
    if (!this.isOpen) return
    this.core.flushBefore()
    this.#leaveAll('ended')
    this.writer.close(reason)
    this.onEnded()
  }

  /** The transport is gone, or has to go now. */
  drop(): void {
    if (this.#state === 'closed') return
    this.terminate()
    this.gone()
  }

  /** The transport is gone. */
  gone(): void {
    if (this.#state === 'closed') return
    if (this.isOpen) this.#leaveAll('closed')
    this.#state = 'closed'
    this.writer.abandon()
    this.core.keepalive.cancel(this)
    this.core.registry.removeSession(this)
    this.#tellClosed()
  }

  onAlarm(): void {
    if (this.isOpen && !this.isDead()) {
      this.writer.enqueue(this.core.wire.heartbeat)
      this.#planHeartbeat()
    } else this.drop()
  }

  /** Goodbye was said: a peer that does not read it has until the next heartbeat. */
  protected onEnded(): void {
    this.core.keepalive.plan(this, this.core.clock.monotonic() + Math.min(this.core.settings.heartbeat, closeTimeoutMs))
  }

  /** The writer has closed a client that reads too slowly. */
  onSlow(reason: Disconnect): void {
    if (this.#state === 'closed') return
    this.core.settings.logger.info({ connection: this.id, userId: this.userId, reason: reason.reason }, 'closed')
    if (this.isOpen) this.#leaveAll('ended')
    this.onEnded()
  }

  #planHeartbeat(): void {
    this.core.keepalive.plan(this, this.core.clock.monotonic() + this.core.settings.heartbeat)
  }

  #askAndJoin(name: string, hooks: ChannelHooks | undefined): MaybePromise<Refusal | undefined> {
    const { core, userId } = this
    const joining: Joining = { isCancelled: false, joined: undefined }
    this.#joining.set(name, joining)
    const isAllowed = core.ask('authorize', () => this.#isAllowed(name, hooks), false)
    const isAgreed = chain(isAllowed, (allowed) =>
      allowed && this.isOpen
        ? chain(
            core.ask('onJoin', () => hooks?.onJoin?.(this.handle, userId, name), false),
            (said) => said !== false,
          )
        : false,
    )
    joining.joined = chain(isAgreed, (agreed) => {
      if (this.#joining.get(name) === joining) this.#joining.delete(name)
      if (!agreed) return this.isOpen ? 'refused' : 'closed'
      if (!this.isOpen || joining.isCancelled) {
        // The app has heard of the join, so it hears that it came to nothing.
        this.#tellLeft(name, hooks)
        return 'closed'
      }
      const membership = new Membership(this, hooks)
      this.#memberships.set(name, membership)
      if (this.isLive) this.#seat(name, membership)
      return undefined
    })
    return joining.joined
  }

  /** Whatever is not `true` refuses: an `authorize` without an answer lets nobody in. */
  #isAllowed(channel: string, hooks: ChannelHooks | undefined): MaybePromise<boolean> {
    if (!hooks?.authorize) return true
    return chain(hooks.authorize({ channel, userId: this.userId }), (answer: unknown) => answer === true)
  }

  #seat(name: string, membership: Membership): void {
    const { channel } = this.core.registry.acquire(name)
    membership.channel = channel
    channel.add(membership)
  }

  #unseat(membership: Membership): void {
    const { channel } = membership
    if (!channel) return
    channel.remove(membership)
    this.core.registry.release(channel)
  }

  #leaveAll(state: 'ended' | 'closed'): void {
    this.#state = state
    if (this.#everyone) this.#unseat(this.#everyone)
    this.#everyone = undefined
    const left = Array.from(this.#memberships)
    this.#memberships.clear()
    for (const [, membership] of left) this.#unseat(membership)
    for (const [name, { hooks }] of left) this.#tellLeft(name, hooks)
  }

  #tellLeft(name: string, hooks: ChannelHooks | undefined): void {
    if (hooks?.onLeave) void this.core.ask('onLeave', () => hooks.onLeave?.(this.handle, this.userId, name), undefined)
  }
}

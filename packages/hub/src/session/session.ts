import {
  disconnect,
  isDisconnect,
  type Disconnect,
  MalformedCommand,
  unsubscribeReason,
  type ClientInfo,
  type Payload,
  type Push,
  type Reply,
  type UnsubscribeReason,
} from '@backchannel/protocol'
import { dispatch } from '../commands/dispatch.ts'
import { countPush, countReceived, countReply } from '../telemetry/count-messages.ts'
import type { Core } from '../core.ts'
import type { ConnectionInfo } from '../handlers.ts'
import type { Alarm } from '../fanout/keepalive.ts'
import { isPromise } from '../maybe-promise.ts'
import type { KeptHeaders } from '../proxy/headers.ts'
import { renewConnection, renewSubscription } from './renewal.ts'
import type { Sink } from '../fanout/sink.ts'
import type { Subscription } from './subscription.ts'
import type { TokenMark } from '../tokens/revocations.ts'
import { connectionClosed } from './connection-closed.ts'
import { expiryOf } from './ttl.ts'
import type { Frame, Wire } from '../wires/wire.ts'
import { Writer, type WriterOwner } from '../fanout/writer.ts'
import { WaitingCommands } from './waiting-commands.ts'

/** What a transport gives for a new connection. */
export interface Connection extends Sink {
  readonly wire: Wire
  /** Commands come in requests of their own, which name the session by its key. */
  readonly isEmulated?: boolean
  /** Nothing comes from the peer after connect: no pongs are asked for, and errors are told by a disconnect. */
  readonly isUnidirectional?: boolean
  /** Pings outside the protocol: in place of its own (`isAlone`) or beside them. Their answers come to `pongFrame`. */
  readonly pingFrame?: { ping(): void; readonly isAlone: boolean } | undefined
  /** Answers a connect that failed, with the code of the error or disconnect, where the protocol is not to tell of it. */
  readonly answerFailure?: ((code: number, message: string) => void) | undefined
  /** Stops reading from the peer until `resume`: commands wait there instead of in memory. */
  pause(): void
  resume(): void
}

/** What is known of a connection from the way it was opened. */
export type Handshake = Omit<ConnectionInfo, 'client'>

/** Who the session is, once it has connected. */
export interface Identity {
  readonly user: string
  readonly info?: Payload
  /** What the app keeps with the connection; never sent to a client. */
  readonly meta?: Payload
  /** Unix seconds; 0 for never. */
  readonly expireAt: number
  /** Of the connection token that says so. */
  readonly token?: TokenMark
}

/**
 * One client connection.
 *
 * `connecting`: the only command taken is connect. `connected`: everything else. `refused`: connect was answered with
 * an error; nothing is read any more and the connection is dropped after a moment. `closed`: gone.
 * Commands run one at a time, in the order in which they came; one that waits for an answer holds back the rest.
 */
export class Session implements Alarm, WriterOwner {
  readonly client: string
  /** By which requests of an emulated connection, and the server API, name the session; a secret of its client's. */
  readonly key: string
  readonly wire: Wire
  readonly writer: Writer
  /** Of the handshake; let go once the session is accepted, since ten thousand of them are memory. */
  handshake: Handshake | undefined
  /** What proxies pass on of the connection's headers. */
  keptHeaders: KeptHeaders | undefined
  /** Whether the app is asked when the connection expires, in place of a token of the client's. */
  isRenewedByServer = false
  readonly transport: Handshake['transport']
  readonly protocol: Handshake['protocol']
  /** By channel; also those that are still joining. */
  readonly subscriptions = new Map<string, Subscription>()
  /** The channel that the running command wants, while the app decides; and why the server has ended it since. */
  deciding: { readonly channel: string; ended?: UnsubscribeReason } | undefined
  readonly #core: Core
  readonly #connection: Connection
  #state: 'connecting' | 'connected' | 'refused' | 'closed' = 'connecting'
  #identity: Identity = { user: '', expireAt: 0 }
  readonly #waiting: WaitingCommands
  #busy = false
  #paused = false
  // Monotonic milliseconds of what comes next; Infinity for nothing.
  #connectBy: number
  #pingAt = Number.POSITIVE_INFINITY
  #pongBy = Number.POSITIVE_INFINITY
  #closeAt = Number.POSITIVE_INFINITY

  constructor(core: Core, client: string, connection: Connection, handshake: Handshake) {
    this.#core = core
    this.client = client
    this.#connection = connection
    this.handshake = handshake
    this.transport = handshake.transport
    this.protocol = handshake.protocol
    this.key = connection.isEmulated || connection.isUnidirectional ? crypto.randomUUID() : ''
    this.wire = connection.wire
    this.#waiting = new WaitingCommands(this.isEmulated ? 0 : core.config.websocket.message_size_limit)
    const limit = core.config.client.queue_max_size
    this.writer = new Writer(connection, core.flusher, limit, this)
    this.#connectBy = core.clock.monotonic() + core.config.client.stale_close_delay
    this.scheduleAlarm()
  }

  get state(): 'connecting' | 'connected' | 'refused' | 'closed' {
    return this.#state
  }

  get user(): string {
    return this.#identity.user
  }

  /** As others see this connection. */
  get info(): ClientInfo {
    const { user, info } = this.#identity
    return info === undefined ? { user, client: this.client } : { user, client: this.client, connInfo: info }
  }

  /** What the app keeps with the connection. */
  get meta(): Payload | undefined {
    return this.#identity.meta
  }

  /** Of the connection token that it came in by, or the last that renewed it. */
  get token(): TokenMark | undefined {
    return this.#identity.token
  }

  get isUnidirectional(): boolean {
    return this.#connection.isUnidirectional === true
  }

  get isEmulated(): boolean {
    return this.#connection.isEmulated === true
  }

  /** More commands wait than a transport that can't be paused may add to. */
  get isCongested(): boolean {
    return this.#waiting.isCongested
  }

  /** A frame from the peer. */
  receive(frame: Frame): void {
    if (this.#state === 'closed' || this.#state === 'refused') return
    for (const command of this.wire.split(frame)) {
      // A sign of life waits for no command: a slow handler would have the connection closed for want of it.
      if (this.#busy && this.#pongBy < Number.POSITIVE_INFINITY && this.wire.isPong(command)) this.pong()
      else this.#waiting.push(command)
    }
    this.#run()
    if (this.#waiting.isFlooded) this.disconnect(disconnect('tooManyRequests'))
    else if (this.#waiting.isFull && !this.#paused) {
      this.#paused = true
      this.#connection.pause()
    }
  }

  /** Answers a command, behind everything that was published before. */
  reply(reply: Reply): void {
    if (this.#state === 'closed') return
    const message = this.wire.reply(reply)
    const { counters, tracer } = this.#core
    countReply(counters, this.transport, reply)
    if (tracer.isActive) tracer.reply(this, reply)
    this.#flushChannels()
    this.writer.enqueue(message)
  }

  /** Who it is: known before the session is accepted, since its subscriptions already carry it. */
  identify(identity: Identity): void {
    this.#identity = identity
    this.#core.registry.identify(this)
  }

  /** Sends something that was not asked for, behind everything that was published before. */
  push(push: Push): void {
    if (this.#state === 'closed') return
    let message: Uint8Array
    try {
      message = this.wire.push(push)
    } catch (error) {
      if (!isDisconnect(error)) throw error
      // What this connection can't carry is no failure of whoever sends it.
      this.disconnect(error)
      return
    }
    const { counters, tracer } = this.#core
    countPush(counters, this.transport, push)
    if (tracer.isActive) tracer.push(this, push)
    this.#flushChannels()
    this.writer.enqueue(message)
  }

  /** Connect succeeded: from now on pings go out and other commands are taken. The answer is still to be sent. */
  accept(): void {
    this.#state = 'connected'
    this.#core.counters.accepted.add(1, this.transport)
    this.#core.counters.actions.add(1, 'add_client')
    this.handshake = undefined
    this.#connectBy = Number.POSITIVE_INFINITY
    const interval = this.#core.config.client.ping_interval
    // The first pings are spread, or a server's restart would make everybody's fall together.
    if (interval > 0) this.#pingAt = this.#core.clock.monotonic() + interval * (0.5 + this.#core.clock.random() / 2)
    this.extend(this.#identity.expireAt)
  }

  /** Lets the transport answer a connect that failed; false when it leaves that to the protocol, or has told the end. */
  answerFailure(code: number, message: string): boolean {
    if (!this.#connection.answerFailure || this.#state === 'closed') return false
    this.#connection.answerFailure(code, message)
    this.closed()
    return true
  }

  /** Connect was answered with an error: nothing more is taken, and the connection is dropped after a moment. */
  refuse(): void {
    this.#state = 'refused'
    // One that is emulated has no Close to be told by: it is stale, as if it had not said anything.
    if (!this.isEmulated) {
      this.#connectBy = Number.POSITIVE_INFINITY
      this.#closeAt = this.#core.clock.monotonic() + refusedCloseDelay
    }
    this.#endSubscriptions()
    this.#core.registry.unidentify(this)
    this.scheduleAlarm()
  }

  /** Sets when the connection ends unless it is refreshed. @param expireAt unix seconds; 0 for never */
  extend(expireAt: number): void {
    this.#identity = { ...this.#identity, expireAt }
    const { clock, config } = this.#core
    // Only a client needs time to bring a token.
    const delay = this.isRenewedByServer ? 0 : config.client.expired_close_delay
    // Counted on the monotonic clock from here on: a jump of the wall clock closes nobody.
    this.#closeAt =
      expireAt > 0 ? clock.monotonic() + (expireAt * 1000 - clock.now()) + delay : Number.POSITIVE_INFINITY
    this.scheduleAlarm()
  }

  /** A refreshed connection: what is given anew replaces what was known. @param expireAt unix seconds; 0 for never */
  renew(expireAt: number, { info, meta, token }: Pick<Identity, 'info' | 'meta' | 'token'>): void {
    this.#identity = {
      ...this.#identity,
      ...(info === undefined ? {} : { info }),
      ...(meta === undefined ? {} : { meta }),
      ...(token === undefined ? {} : { token }),
    }
    this.extend(expireAt)
    if (info === undefined) return
    for (const subscription of this.subscriptions.values()) subscription.announceAgain()
  }

  /** The answer to a ping. */
  pong(): void {
    if (this.#pongBy === Number.POSITIVE_INFINITY) throw disconnect('badRequest')
    this.#pongBy = Number.POSITIVE_INFINITY
  }

  /** The answer to a ping outside the protocol, where one that was not asked for is allowed. */
  pongFrame(): void {
    this.#pongBy = Number.POSITIVE_INFINITY
  }

  /** What the client is told of pings: whether they come at all, and whether it has to answer them. */
  get pings(): { readonly areSent: boolean; readonly wantPongs: boolean } {
    const areSent = this.#connection.pingFrame?.isAlone !== true
    return { areSent, wantPongs: areSent && !this.isUnidirectional }
  }

  /** Ends a subscription from the server's side and tells the client. */
  unsubscribe(subscription: Subscription, reason: UnsubscribeReason): void {
    if (this.subscriptions.get(subscription.channelName) !== subscription) return
    if (subscription.grant.serverSide && reason.code === unsubscribeReason('insufficientState').code) {
      // The client has no subscription of its own to renew: it has to come back as a whole.
      this.disconnect(disconnect('insufficientState'))
      return
    }
    this.unsubscribeFrom(subscription.channelName, reason)
  }

  /**
   * The same by name; a client that has connected is told even when there was no subscription, as Centrifugo does. One
   * that is still being made is ended when it stands.
   */
  unsubscribeFrom(channel: string, reason: UnsubscribeReason): void {
    if (channel === '') return
    const subscription = this.subscriptions.get(channel)
    if (subscription?.isJoining) subscription.endOnceJoined(reason)
    else if (!subscription && this.deciding?.channel === channel) this.deciding.ended = reason
    else if (this.#state === 'connected') {
      subscription?.end(reason)
      this.push({ channel, unsubscribe: reason })
    }
  }

  /** The app has renewed the connection. @param expireAt unix seconds; 0 for never */
  refreshed(expireAt: number, info?: Payload): void {
    this.renew(expireAt, info === undefined ? {} : { info })
    this.push({ refresh: expiryOf(this.#core.clock, expireAt) })
  }

  /** Closes the connection: what was published before goes out, then Close, then nothing. */
  disconnect(reason: Disconnect): void {
    if (this.#state === 'closed') return
    this.#core.counters.disconnects.add(1, reason.code)
    this.#flushChannels()
    this.writer.close(reason)
    this.#end(reason)
  }

  /** The peer is gone. */
  closed(): void {
    if (this.#state === 'closed') return
    this.writer.abandon()
    this.#end(connectionClosed)
  }

  onSlow(reason: Disconnect): void {
    this.disconnect(reason)
  }

  /** Plans the next of pings, pongs and limits. Call when one of them has changed. */
  scheduleAlarm(): void {
    if (this.#state === 'closed') return
    let next = Math.min(this.#connectBy, this.#pingAt, this.#pongBy, this.#closeAt)
    for (const subscription of this.subscriptions.values()) next = Math.min(next, this.#endOf(subscription))
    if (next === Number.POSITIVE_INFINITY) this.#core.keepalive.cancel(this)
    else this.#core.keepalive.plan(this, next)
  }

  onAlarm(): void {
    try {
      this.#onAlarm()
    } catch (error) {
      this.#fail(error)
    }
  }

  #onAlarm(): void {
    const now = this.#core.clock.monotonic()
    if (now >= this.#connectBy) this.disconnect(disconnect('stale'))
    else if (now >= this.#pongBy) this.disconnect(disconnect('noPong'))
    else if (now >= this.#closeAt) this.#expire()
    else {
      if (now >= this.#pingAt) this.#ping(now)
      for (const subscription of this.subscriptions.values()) {
        if (now >= this.#endOf(subscription)) this.#expireSubscription(subscription)
      }
    }
    this.scheduleAlarm()
  }

  #expire(): void {
    if (this.#state === 'refused') this.disconnect(connectionClosed)
    else if (this.isRenewedByServer) {
      this.#closeAt = Number.POSITIVE_INFINITY
      renewConnection(this.#core, this)
    } else this.disconnect(disconnect('connectionExpired'))
  }

  /** A subscription has outlived its lifetime: the app may prolong it. */
  #expireSubscription(subscription: Subscription): void {
    if (subscription.grant.isRenewedByServer) {
      subscription.extend(0)
      renewSubscription(this.#core, this, subscription)
    } else this.endExpired(subscription)
  }

  /** Ends a subscription that has expired. */
  endExpired(subscription: Subscription): void {
    if (subscription.grant.serverSide) this.disconnect(disconnect('subscriptionExpired'))
    else this.unsubscribe(subscription, unsubscribeReason('expired'))
  }

  #ping(now: number): void {
    const { ping_interval: interval, pong_timeout: timeout } = this.#core.config.client
    this.#pingAt = now + interval
    const { pingFrame } = this.#connection
    if (timeout > 0 && (pingFrame || !this.isUnidirectional)) this.#pongBy = now + timeout
    if (!pingFrame?.isAlone) this.writer.enqueue(this.wire.ping)
    pingFrame?.ping()
  }

  /** When a subscription is ended, monotonic milliseconds. */
  #endOf(subscription: Subscription): number {
    const { expired_sub_close_delay: delay } = this.#core.config.client
    return subscription.expiresAt + (subscription.grant.isRenewedByServer ? 0 : delay)
  }

  /** What nobody expected ends this connection and no other; uncaught it would end the process. */
  #fail(error: unknown): void {
    this.#core.report(error, 'session')
    this.disconnect(disconnect('serverError'))
  }

  #run(): void {
    try {
      this.#runWaiting()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Runs what waits, until one has to wait itself. */
  #runWaiting(): void {
    if (this.#busy) return
    for (;;) {
      // What a peer that reads too slowly has asked for is not worth working out: nothing can be answered.
      if (this.#state === 'closed' || this.#state === 'refused' || this.writer.isSealed) {
        this.#waiting.clear()
        return
      }
      const command = this.#waiting.shift()
      if (command === undefined) break
      const running = this.#runOne(command)
      if (isPromise(running)) {
        this.#busy = true
        void running.then(() => {
          this.#busy = false
          this.deciding = undefined
          this.#run()
        })
        return
      }
      this.deciding = undefined
    }
    if (this.#paused) {
      this.#paused = false
      this.#connection.resume()
    }
  }

  #runOne(command: Frame): void | Promise<void> {
    try {
      const decoded = this.wire.decode(command)
      const { counters, tracer } = this.#core
      countReceived(counters, this.transport, decoded, command)
      if (tracer.isActive) tracer.command(this, decoded)
      return dispatch(this.#core, this, decoded)
    } catch (error) {
      if (!(error instanceof MalformedCommand)) throw error
      this.#core.logger.info({ client: this.client, reason: error.message }, 'malformed command')
      this.disconnect(disconnect('badRequest'))
      return undefined
    }
  }

  #flushChannels(): void {
    for (const subscription of this.subscriptions.values()) subscription.flush()
  }

  #end(reason: Disconnect): void {
    const { tracer } = this.#core
    if (tracer.isActive) tracer.disconnect(this, reason)
    const wasConnected = this.#state === 'connected'
    this.#state = 'closed'
    this.#waiting.clear()
    this.#core.keepalive.cancel(this)
    // Unread, the peer's answer to Close would be waited for in vain.
    if (this.#paused) this.#connection.resume()
    this.#endSubscriptions()
    this.#core.registry.removeSession(this)
    if (!wasConnected) return
    this.#core.counters.actions.add(1, 'remove_client')
    this.#core.say.disconnected(this, reason)
  }

  #endSubscriptions(): void {
    for (const subscription of this.subscriptions.values()) subscription.end(unsubscribeReason('disconnect'))
  }
}

/** How long a refused connection is left open, so that the error arrives. */
const refusedCloseDelay = 5000

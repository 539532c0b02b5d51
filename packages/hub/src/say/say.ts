/**
 * The app's say, as commands ask for it. Whom it asks is looked up for every event: the proxy that the configuration
 * enables there, else the app's handler.
 */
import {
  disconnect,
  isDisconnect,
  isReplyError,
  replyError,
  type ConnectRequest,
  type Payload,
  type SubscribeRequest,
  type UnsubscribeReason,
} from '@backchannel/protocol'
import type { ChannelOptions } from '../config/config.ts'
import type { Core } from '../core.ts'
import type { HubHandlers } from '../handlers.ts'
import { chain, isPromise, type MaybePromise } from '../maybe-promise.ts'
import { parsePayload } from '../payloads.ts'
import { ProxyFailure } from '../proxy/ask.ts'
import type { KeptHeaders } from '../proxy/headers.ts'
import { Proxies } from '../proxy/proxies.ts'
import type { Handshake, Session } from '../session/session.ts'
import {
  expired,
  type ConnectDecision,
  type PublishDecision,
  type RenewDecision,
  type SubscribeDecision,
} from './decisions.ts'
import {
  clientEvent,
  connectEvent,
  readConnect,
  readPublish,
  readRefresh,
  readRpc,
  readSubRefresh,
  readSubscribe,
} from './handler-decisions.ts'
import { Deadlines } from './deadlines.ts'

/** How long something lives on whose renewal could not be decided, seconds. */
const grace = 60

/** What a line in the log says of whom it is about. */
type Subject = Pick<Session, 'client' | 'user' | 'state'> | undefined

export class Say {
  readonly #core: Core
  readonly #handlerTimeout: number
  readonly #deadlines: Deadlines
  readonly #proxies: Proxies

  /** @param handlerTimeout milliseconds; 0 for none */
  constructor(core: Core, handlerTimeout: number) {
    this.#core = core
    this.#handlerTimeout = handlerTimeout
    this.#deadlines = new Deadlines(core.clock)
    this.#proxies = new Proxies(core, this.#deadlines)
  }

  /** Which of a connection's headers have to be kept, since proxies pass them on. */
  headersToKeep(handshake: Handshake, request: ConnectRequest): KeptHeaders | undefined {
    return this.#proxies.headersToKeep(handshake, request.headers)
  }

  /** Whether the app renews connections, in place of the clients' tokens. */
  get refreshes(): boolean {
    return this.#proxies.refreshes || this.#handlers.onRefresh !== undefined
  }

  /** The same for subscriptions of a channel. */
  subRefreshes(options: ChannelOptions): boolean {
    return options.sub_refresh_proxy_enabled || this.#handlers.onSubRefresh !== undefined
  }

  /** Whether the app decides about subscriptions without a token. */
  decidesSubscribe(options: ChannelOptions): boolean {
    return options.subscribe_proxy_enabled || this.#handlers.onSubscribe !== undefined
  }

  /** Undefined: the app has no opinion. */
  connect(session: Session, handshake: Handshake, request: ConnectRequest): MaybePromise<ConnectDecision | undefined> {
    if (this.#proxies.connects) {
      return this.#guard('connect proxy', session, () => this.#proxies.connect(session, request))
    }
    return this.#ask('onConnect', session, (handlers) =>
      chain(handlers.onConnect?.(connectEvent(session.client, handshake, request)), (answer) =>
        answer ? readConnect(answer) : undefined,
      ),
    )
  }

  /** Never fails: what could not be decided lives on for a while. @throws Disconnect */
  refresh(session: Session): MaybePromise<RenewDecision> {
    if (this.#proxies.refreshes) {
      return this.#renew('refresh proxy', session, () => this.#proxies.refresh(session))
    }
    return this.#renew('onRefresh', session, () =>
      chain(this.#inTime(this.#handlers.onRefresh?.(clientEvent(session))), readRefresh),
    )
  }

  /** Never fails: what could not be decided lives on for a while. @throws Disconnect */
  subRefresh(session: Session, channel: string, options: ChannelOptions): MaybePromise<RenewDecision> {
    if (options.sub_refresh_proxy_enabled) {
      return this.#renew('sub_refresh proxy', session, () => this.#proxies.subRefresh(session, channel, options))
    }
    return this.#renew('onSubRefresh', session, () =>
      chain(this.#inTime(this.#handlers.onSubRefresh?.({ ...clientEvent(session), channel })), readSubRefresh),
    )
  }

  /** Undefined: the app has no opinion. */
  subscribe(
    session: Session,
    request: SubscribeRequest,
    options: ChannelOptions,
  ): MaybePromise<SubscribeDecision | undefined> {
    if (options.subscribe_proxy_enabled) {
      return this.#guard('subscribe proxy', session, () => this.#proxies.subscribe(session, request, options))
    }
    const { channel, data } = request
    return this.#ask('onSubscribe', session, (handlers) =>
      chain(handlers.onSubscribe?.({ ...clientEvent(session), channel, data: parsePayload(data) }), (answer) =>
        answer ? readSubscribe(answer) : undefined,
      ),
    )
  }

  /** Undefined: the app has no opinion. */
  publish(
    session: Session,
    channel: string,
    data: Payload,
    options: ChannelOptions,
  ): MaybePromise<PublishDecision | undefined> {
    if (options.publish_proxy_enabled) {
      return this.#guard('publish proxy', session, () => this.#proxies.publish(session, channel, data, options))
    }
    return this.#ask('onPublish', session, (handlers) =>
      chain(handlers.onPublish?.({ ...clientEvent(session), channel, data: parsePayload(data) }), (answer) =>
        answer ? readPublish(answer) : undefined,
      ),
    )
  }

  /** @throws ReplyError 104, 108 when nobody answers this method */
  rpc(session: Session, method: string, data: Payload): MaybePromise<Payload | undefined> {
    const options = this.#proxies.rpcOptions(method)
    if (options?.proxy_enabled) {
      return this.#guard('rpc proxy', session, () => this.#proxies.rpc(session, method, data, options))
    }
    if (this.#handlers.onRpc) {
      return this.#ask('onRpc', session, (handlers) =>
        chain(handlers.onRpc?.({ ...clientEvent(session), method, data: parsePayload(data) }), readRpc),
      )
    }
    if (this.#proxies.rpcs) throw replyError(options ? 'notAvailable' : 'methodNotFound')
    throw replyError(this.#core.config.rpc.ping.enabled ? 'methodNotFound' : 'notAvailable')
  }

  /** A call by the server API, which no proxy is asked about. @throws ReplyError 104 without a handler */
  apiRpc(method: string, data: unknown): MaybePromise<Payload | undefined> {
    if (!this.#handlers.onRpc) throw replyError('methodNotFound')
    const event = { method, data, client: undefined, user: undefined, meta: undefined }
    return this.#ask('onRpc', undefined, (handlers) => chain(handlers.onRpc?.(event), readRpc))
  }

  /** @throws Disconnect 3508 without a handler */
  message(session: Session, data: Payload): MaybePromise<void> {
    // Otherwise a client would never know that nobody listens.
    if (!this.#handlers.onMessage) throw disconnect('notAvailable')
    return this.#ask('onMessage', session, (handlers) =>
      handlers.onMessage?.({ ...clientEvent(session), data: parsePayload(data) }),
    )
  }

  /** Tells the app. */
  disconnected(session: Session, { code, reason }: { code: number; reason: string }): void {
    if (!this.#handlers.onDisconnect) return
    this.#tell('onDisconnect', session, (handlers) =>
      handlers.onDisconnect?.({ ...clientEvent(session), code, reason }),
    )
  }

  /** Tells the app. */
  unsubscribed(session: Session, channel: string, { code, reason }: UnsubscribeReason): void {
    if (!this.#handlers.onUnsubscribe) return
    this.#tell('onUnsubscribe', session, (handlers) =>
      handlers.onUnsubscribe?.({ ...clientEvent(session), channel, code, reason }),
    )
  }

  /** How many answers are waited for. */
  get waiting(): number {
    return this.#deadlines.size
  }

  /** Nobody is waited for any more. */
  close(): void {
    this.#deadlines.close()
  }

  get #handlers(): HubHandlers {
    return this.#core.handlers
  }

  #inTime<T>(answer: MaybePromise<T>): MaybePromise<T> {
    return this.#deadlines.hold(this.#handlerTimeout, answer)
  }

  /**
   * Asks a handler, if there is one: what it throws on purpose is thrown on, everything else is logged and becomes
   * error 100.
   */
  #ask<T>(
    stage: keyof HubHandlers,
    subject: Subject,
    run: (handlers: HubHandlers) => MaybePromise<T>,
  ): MaybePromise<T | undefined> {
    if (!this.#handlers[stage]) return undefined
    return this.#guard(stage, subject, () => this.#inTime(run(this.#handlers)))
  }

  #guard<T>(stage: string, subject: Subject, run: () => MaybePromise<T>): MaybePromise<T> {
    return attempt(run, (error) => {
      if (isDisconnect(error) || isReplyError(error)) throw error
      this.#log(stage, subject, error)
      throw replyError('internal')
    })
  }

  #renew(stage: string, session: Session, run: () => MaybePromise<RenewDecision>): MaybePromise<RenewDecision> {
    return attempt(run, (error) => {
      if (isDisconnect(error)) throw error
      // An app that answers with an error has decided.
      if (isReplyError(error)) return expired
      this.#log(stage, session, error)
      // Its answer could not be read: it has given one, so asking again would not help.
      const isUndecided = !stage.endsWith('proxy') || error instanceof ProxyFailure
      return isUndecided ? { expired: false, expireAt: Math.floor(this.#core.clock.now() / 1000) + grace } : expired
    })
  }

  #tell(stage: keyof HubHandlers, session: Session, run: (handlers: HubHandlers) => MaybePromise<void>): void {
    const told = attempt(
      () => run(this.#handlers),
      (error) => this.#log(stage, session, error, false),
    )
    if (isPromise(told)) void told
  }

  #log(stage: string, subject: Subject, error: unknown, isAsking = true): void {
    const { client, user, state } = subject ?? {}
    // Whoever has gone meanwhile is waiting for nothing.
    if (state === 'closed' && isAsking) return
    this.#core.logger.error({ err: error, stage, client, user }, 'asking the app failed')
  }
}

/** Runs what may throw now or reject later, and recovers from either in one place. */
function attempt<T>(run: () => MaybePromise<T>, recover: (error: unknown) => T): MaybePromise<T> {
  try {
    const running = run()
    return isPromise(running) ? Promise.resolve(running).catch(recover) : running
  } catch (error) {
    return recover(error)
  }
}

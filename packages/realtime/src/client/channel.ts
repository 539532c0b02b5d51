import type { Centrifuge, Subscription } from 'centrifuge'
import type { Callbacks } from './callbacks.ts'
import { defined } from '../defined.ts'
import { Observable } from './observable.ts'
import { readToken } from './read-token.ts'
import type { ChannelHandle, ChannelOptions, Publication, SubscriptionStatus, TokenRefusal } from './types.ts'

/** A listener whose payload type was checked where it came in. */
export type AnyChannelOptions = ChannelOptions<string, never>

interface Listener {
  options: AnyChannelOptions
  /** A callback that is due for this listener alone is not for one that has left. */
  left: boolean
}

/** What a channel needs of its connection. */
export interface ChannelHost {
  readonly client: Centrifuge
  readonly callbacks: Callbacks
  /** After `close()` nothing is called back. */
  isClosed(): boolean
  /** Once it is over for good: what that makes of its subscriptions. */
  ending(): SubscriptionStatus | undefined
  onRefused(refusal: TokenRefusal): void
}

/**
 * One subscription of the connection and all who listen to it: the protocol allows one per channel. The options of the
 * first listener make it, and after it has ended those of the next one who comes; tokens are asked from whoever of them
 * still listens.
 */
export class Channel {
  readonly name: string
  readonly #host: ChannelHost
  readonly #onEmpty: () => void
  readonly #listeners = new Set<Listener>()
  readonly #status: Observable<SubscriptionStatus>
  #subscription: Subscription | undefined
  #tokenStatus: number | undefined

  constructor(host: ChannelHost, name: string, onEmpty: () => void) {
    this.#host = host
    this.name = name
    this.#onEmpty = onEmpty
    this.#status = new Observable(host.ending() ?? { state: 'subscribing', code: 0, reason: 'subscribe called' })
  }

  add(options: AnyChannelOptions): ChannelHandle {
    const listener: Listener = { options, left: false }
    this.#listeners.add(listener)
    const status = this.#status.value
    if (status.state === 'subscribing') {
      if (this.#subscription === undefined) this.#subscribe(options)
    } else {
      // Came late: hears where things stand, or starts a new attempt; but not before its handle is in hand.
      queueMicrotask(() => {
        if (listener.left || this.#status.value !== status) return
        if (status.state === 'subscribed' || this.#host.ending()) this.#tell(listener, status)
        else this.#subscribe(options)
      })
    }
    const { name } = this
    const observable = this.#status
    return {
      channel: name,
      get status() {
        return listener.left ? leftStatus : observable.value
      },
      onChange: observable.onChange,
      close: () => this.#leave(listener),
    }
  }

  /** The connection is over: it would not subscribe again. The listeners stay, to see why. */
  endWithConnection(status: SubscriptionStatus): void {
    this.#host.client.removeSubscription(this.#subscription ?? null)
    if (this.#status.value.state !== 'unsubscribed') this.#change(status)
  }

  /** Ends the subscription; the last thing that listeners hear. */
  end(status: SubscriptionStatus): void {
    this.#host.client.removeSubscription(this.#subscription ?? null)
    if (this.#status.value.state !== 'unsubscribed') this.#change(status)
    for (const listener of this.#listeners) listener.left = true
    this.#listeners.clear()
  }

  #leave(listener: Listener): void {
    if (listener.left) return
    listener.left = true
    this.#listeners.delete(listener)
    if (this.#listeners.size > 0) return
    // Not at once: who leaves and comes back within the same moment (a component that mounts twice, an edited one that
    // is replaced) keeps the subscription and misses nothing.
    queueMicrotask(() => {
      if (this.#listeners.size === 0) this.#onEmpty()
    })
  }

  #subscribe({ token, recoverable, since }: AnyChannelOptions): void {
    const { client } = this.#host
    client.removeSubscription(this.#subscription ?? null)
    const getToken = this.#tokenSource() === undefined ? undefined : () => this.#readToken()
    this.#subscription = client.newSubscription(this.name, defined({ token, getToken, recoverable, since }))
    this.#listen(this.#subscription)
    this.#subscription.subscribe()
  }

  #listen(subscription: Subscription): void {
    const open = <Context>(handler: (context: Context) => void) => {
      return (context: Context) => {
        // Of a connection that is over, only what the teardown of its subscriptions emits could still come.
        if (!this.#host.isClosed() && !this.#host.ending()) handler(context)
      }
    }
    subscription.on(
      'subscribing',
      open(({ code, reason }) => this.#change({ state: 'subscribing', code, reason })),
    )
    subscription.on(
      'subscribed',
      open((context) => {
        const { wasRecovering, recovered, streamPosition, data } = context
        this.#change({
          state: 'subscribed',
          code: 0,
          reason: '',
          recovery: wasRecovering ? (recovered ? 'recovered' : 'failed') : 'none',
          ...defined({ position: streamPosition, data: data as unknown }),
        })
      }),
    )
    subscription.on(
      'unsubscribed',
      open(({ code, reason }) => {
        const tokenStatus = code === unauthorizedCode ? this.#tokenStatus : undefined
        this.#change({ state: 'unsubscribed', code, reason, ...defined({ tokenStatus }) })
        if (code === unauthorizedCode) this.#host.onRefused(defined({ channel: this.name, status: tokenStatus }))
      }),
    )
    subscription.on(
      'publication',
      open((context) => {
        const publication = context as Publication<never>
        // Who joins in a callback hears from the next one on.
        const listeners = [...this.#listeners]
        for (const listener of listeners) {
          // Asked before each: any callback may close what comes next.
          if (!listener.left) this.#host.callbacks.run(listener.options.onMessage, this.name, publication.data)
          if (!listener.left) this.#host.callbacks.run(listener.options.onPublication, this.name, publication)
        }
      }),
    )
    subscription.on(
      'error',
      open(({ type, error }) =>
        this.#host.callbacks.report({
          stage: type === 'subscribe' || type === 'refresh' ? 'subscribe' : 'token',
          message: error.message,
          code: error.code,
          channel: this.name,
        }),
      ),
    )
  }

  #change(status: SubscriptionStatus): void {
    const { value } = this.#status
    if (value.state === status.state && value.code === status.code && value.reason === status.reason) return
    this.#status.set(status)
    const listeners = [...this.#listeners]
    for (const listener of listeners) {
      // A callback may have changed it again: everybody has heard of that then, and this one is past.
      if (this.#status.value !== status) return
      if (!listener.left) this.#tell(listener, status)
    }
  }

  #tell(listener: Listener, status: SubscriptionStatus): void {
    this.#host.callbacks.run(listener.options.onSubscription, this.name, status)
  }

  #tokenSource(): ChannelOptions['getToken'] {
    for (const { options } of this.#listeners) if (options.getToken) return options.getToken
    return undefined
  }

  #readToken(): Promise<string> {
    const source = this.#tokenSource()
    this.#tokenStatus = undefined
    if (source === undefined) return Promise.reject(new Error('Nobody listens to the channel any more'))
    return readToken(source, { channel: this.name }, (status) => {
      this.#tokenStatus = status
    })
  }
}

/** Centrifuge's code for a token source that refused. */
export const unauthorizedCode = 1

/** What a handle shows once its owner has left. */
export const leftStatus: SubscriptionStatus = Object.freeze({ state: 'unsubscribed', code: 0, reason: 'closed' })

import { Centrifuge } from 'centrifuge'
import { defined } from '../defined.ts'
import { Callbacks } from './callbacks.ts'
import { checkUrl } from './check-url.ts'
import { Channel, leftStatus, unauthorizedCode, type AnyChannelOptions, type ChannelHost } from './channel.ts'
import { Observable } from './observable.ts'
import { readToken } from './read-token.ts'
import type { TokenSource } from './token-answer.ts'
import type {
  ChannelHandle,
  ChannelOptions,
  ConnectionOptions,
  ConnectionStatus,
  Publication,
  RealtimeConnection,
  SubscriptionStatus,
  TokenRefusal,
} from './types.ts'

/**
 * Opens a connection that any number of channels share. It connects in the next microtask: one that is closed at once
 * opens no socket, and no callback runs before the caller has the connection in hand.
 * @throws TypeError for a `url` that is not a `ws:` or `wss:` URL
 */
export function createConnection(options: ConnectionOptions): RealtimeConnection {
  return new Connection(options)
}

class Connection implements RealtimeConnection, ChannelHost {
  readonly client: Centrifuge
  readonly callbacks: Callbacks
  readonly #options: ConnectionOptions
  readonly #channels = new Map<string, Channel>()
  readonly #status = new Observable<ConnectionStatus>({
    state: 'connecting',
    connected: false,
    code: 0,
    reason: 'connect called',
  })
  readonly onChange = this.#status.onChange
  #closed = false
  /** What `onState` heard last. */
  #toldConnected = false
  #tokenStatus: number | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.callbacks = new Callbacks(options.onError)
    const { url, debug, getToken, reconnectDelay, websocket } = options
    checkUrl(url)
    const readNext = (source: TokenSource) => {
      this.#tokenStatus = undefined
      return readToken(source, {}, (status) => {
        this.#tokenStatus = status
      })
    }
    this.client = new Centrifuge(
      url,
      defined({
        debug,
        getToken: getToken ? () => readNext(getToken) : undefined,
        minReconnectDelay: reconnectDelay?.min,
        maxReconnectDelay: reconnectDelay?.max,
        websocket,
      }),
    )
    // Not among the options: with `debug` the client prints those.
    if (options.token !== undefined) this.client.setToken(options.token)
    this.#listen()
    queueMicrotask(() => {
      if (!this.#closed) this.#connect()
    })
  }

  get status(): ConnectionStatus {
    return this.#status.value
  }

  isClosed(): boolean {
    return this.#closed
  }

  ending(): SubscriptionStatus | undefined {
    const { state, code, reason, tokenStatus } = this.#status.value
    return state === 'disconnected' ? { state: 'unsubscribed', code, reason, ...defined({ tokenStatus }) } : undefined
  }

  subscribe<Name extends string, Data = unknown>(options: ChannelOptions<Name, Data>): ChannelHandle {
    const { channel: name } = options
    if (this.#closed) return closedHandle(name)
    // Which payload the channel carries is settled by the signature above; inside, it is only passed on.
    const listener = options as unknown as AnyChannelOptions
    let channel = this.#channels.get(name)
    if (channel === undefined) {
      const created = new Channel(this, name, () => {
        // Another may have taken its place meanwhile.
        if (this.#channels.get(name) === created) this.#channels.delete(name)
        created.end(leftStatus)
      })
      this.#channels.set(name, created)
      channel = created
    }
    return channel.add(listener)
  }

  setToken(token: string): void {
    this.client.setToken(token)
  }

  close(): void {
    if (this.#closed) return
    // First, so that nothing of what the teardown emits comes through; listeners are told below, once.
    this.#closed = true
    this.client.disconnect()
    for (const channel of this.#channels.values()) channel.end(leftStatus)
    this.#channels.clear()
    if (this.#status.value.state !== 'disconnected') {
      this.#change({ state: 'disconnected', connected: false, code: 0, reason: 'closed' })
    }
  }

  onRefused(refusal: TokenRefusal): void {
    // The change of state, told just before, may have made the app close.
    if (!this.#closed) this.callbacks.run(this.#options.onUnauthorized, refusal.channel, refusal)
  }

  /** Nobody stands above a microtask: what is thrown in one ends a Node process. */
  #connect(): void {
    try {
      this.client.connect()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.callbacks.report({ stage: 'connect', message, error })
      if (!this.#closed) this.#end({ code: 0, reason: 'connect failed' })
    }
  }

  #listen(): void {
    this.client.on('connecting', ({ code, reason }) => {
      if (!this.#closed) this.#change({ state: 'connecting', connected: false, code, reason })
    })
    this.client.on('connected', ({ client }) => {
      if (!this.#closed) {
        this.#change({ state: 'connected', connected: true, code: 0, reason: 'connected', clientId: client })
      }
    })
    this.client.on('disconnected', ({ code, reason }) => {
      if (this.#closed) return
      const tokenStatus = code === unauthorizedCode ? this.#tokenStatus : undefined
      this.#end({ code, reason, ...defined({ tokenStatus }) })
      if (code === unauthorizedCode) this.onRefused(defined({ status: tokenStatus }))
    })
    this.client.on('publication', (context) => {
      const publication = context as Publication
      if (!this.#closed) this.callbacks.run(this.#options.onServerPublication, publication.channel, publication)
    })
    this.client.on('error', ({ type, error }) => {
      if (this.#closed) return
      const stage = type === 'connectToken' || type === 'refreshToken' || type === 'configuration' ? 'token' : 'connect'
      this.callbacks.report({ stage, message: error.message, code: error.code })
    })
  }

  /** For good: the connection, then its subscriptions, which centrifuge would leave waiting for it. */
  #end(why: { code: number; reason: string; tokenStatus?: number }): void {
    this.#change({ state: 'disconnected', connected: false, ...why })
    const channels = [...this.#channels.values()]
    for (const channel of channels) {
      // Any callback may close.
      if (!this.#closed) channel.endWithConnection({ state: 'unsubscribed', ...why })
    }
  }

  #change(status: ConnectionStatus): void {
    const before = this.#status.value
    if (before.state === status.state && before.code === status.code && before.reason === status.reason) return
    this.#status.set(status)
    this.callbacks.run(this.#options.onConnection, undefined, status)
    // A callback may have changed it again, by closing: what was told there is the latest.
    if (this.#status.value !== status || this.#toldConnected === status.connected) return
    this.#toldConnected = status.connected
    this.callbacks.run(this.#options.onState, undefined, status.connected)
  }
}

function closedHandle(channel: string): ChannelHandle {
  return { channel, status: leftStatus, onChange: () => () => {}, close: () => {} }
}

import {
  Centrifuge,
  type Options,
  type PublicationContext,
  type Subscription,
  type SubscriptionOptions,
} from 'centrifuge'
import { WebSocket } from 'ws'

import { waitFor } from './wait-for.ts'

/** An event of the client, in the order in which they came. */
export interface Event {
  name: string
  code?: number
  reason?: string
  [field: string]: unknown
}

/** The official client, unmodified, with what happened to it written down. */
export class Peer {
  readonly client: Centrifuge
  readonly events: Event[] = []
  readonly #sockets: WebSocket[] = []
  #held: Promise<unknown> = Promise.resolve()

  constructor(url: string, certificate: string | undefined, options: Partial<Options>) {
    const sockets = this.#sockets
    const websocket = class extends WebSocket {
      constructor(address: string, protocols?: string[]) {
        super(address, protocols ?? [], { perMessageDeflate: false, ...(certificate ? { ca: certificate } : {}) })
        sockets.push(this)
      }
    }
    this.client = new Centrifuge(url, {
      websocket,
      minReconnectDelay: 20,
      maxReconnectDelay: 200,
      // Asked for before every connection; holding the answer back holds the client back.
      getData: () => this.#held,
      ...options,
    })
    for (const name of [
      'connecting',
      'connected',
      'disconnected',
      'subscribed',
      'unsubscribed',
      'publication',
    ] as const) {
      this.client.on(name, (context: object) => this.events.push({ name, ...context }))
    }
    this.client.on('error', (context) => this.events.push({ name: 'error', ...context.error, type: context.type }))
  }

  /** How many messages have come that are pings. */
  pings = 0

  /** Counts the pings of the socket that is open now. */
  countPings(): void {
    this.#sockets.at(-1)?.on('message', (data: Buffer) => {
      if (data.toString() === '{}') this.pings += 1
    })
  }

  async connect(): Promise<this> {
    this.client.connect()
    await this.client.ready(10_000)
    return this
  }

  /** Cuts the line: no Close frame, nothing. The client comes back by itself. */
  cut(): void {
    this.#sockets.at(-1)?.terminate()
  }

  /** The next connection waits for this. */
  holdUntil(event: Promise<unknown>): void {
    this.#held = event
  }

  /** Stops and begins again to take bytes from the line. */
  pause(): void {
    this.#sockets.at(-1)?.pause()
  }

  resume(): void {
    this.#sockets.at(-1)?.resume()
  }

  event(name: string, after = 0): Promise<Event> {
    return waitFor(`the client event "${name}"`, () => this.events.slice(after).find((event) => event.name === name))
  }

  subscription(channel: string, options: Partial<SubscriptionOptions> = {}): Listener {
    return new Listener(this.client.newSubscription(channel, options))
  }

  /** Subscribes and waits until the server has agreed. */
  async subscribe(channel: string, options: Partial<SubscriptionOptions> = {}): Promise<Listener> {
    const listener = this.subscription(channel, options)
    listener.subscription.subscribe()
    await listener.subscription.ready(10_000)
    return listener
  }

  async end(): Promise<void> {
    this.client.disconnect()
    await waitFor('the sockets to close', () =>
      this.#sockets.every(({ readyState }) => readyState === WebSocket.CLOSED),
    )
  }
}

/** One subscription of a peer, with what it heard. */
export class Listener {
  readonly subscription: Subscription
  readonly events: Event[] = []
  readonly publications: PublicationContext[] = []

  constructor(subscription: Subscription) {
    this.subscription = subscription
    for (const name of ['subscribing', 'subscribed', 'unsubscribed'] as const) {
      subscription.on(name, (context: object) => this.events.push({ name, ...context }))
    }
    subscription.on('error', (context) => this.events.push({ name: 'error', ...context.error }))
    subscription.on('publication', (context) => this.publications.push(context))
  }

  /** What was published, in the order in which it was heard. */
  get data(): unknown[] {
    return this.publications.map(({ data }) => data as unknown)
  }

  event(name: string, after = 0): Promise<Event> {
    return waitFor(`the subscription event "${name}"`, () =>
      this.events.slice(after).find((event) => event.name === name),
    )
  }

  hears(count: number): Promise<unknown> {
    return waitFor(`${count} publications`, () => this.publications.length >= count)
  }
}

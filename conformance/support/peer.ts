import {
  Centrifuge,
  type Options,
  type PublicationContext,
  type Subscription,
  type SubscriptionOptions,
} from 'centrifuge'
import { Centrifuge as CentrifugeProtobuf } from 'centrifuge/build/protobuf'
import { WebSocket } from 'ws'

import { EventSource } from './event-source.ts'
import { waitFor } from './wait-for.ts'

/** An event of the client, in the order in which they came. */
export interface Event {
  name: string
  code?: number
  reason?: string
  [field: string]: unknown
}

/** What the official client is told to use. `fallback`: a WebSocket that is refused, then an HTTP stream. */
export type ClientWay = 'websocket' | 'websocket protobuf' | 'http_stream' | 'http_stream protobuf' | 'sse' | 'fallback'

function transportsOf(way: ClientWay, url: string) {
  const at = (path: string) => new URL(path, url.replace(/^ws/, 'http')).href
  if (way.startsWith('websocket')) return url
  const stream = { transport: 'http_stream', endpoint: at('/connection/http_stream') } as const
  if (way === 'fallback') return [{ transport: 'websocket', endpoint: `${url}-refused` } as const, stream]
  return [way === 'sse' ? ({ transport: 'sse', endpoint: at('/connection/sse') } as const) : stream]
}

/** The official client, unmodified, with what happened to it written down. */
export class Peer {
  readonly client: Centrifuge
  readonly events: Event[] = []
  readonly #sockets: WebSocket[] = []
  #held: Promise<unknown> = Promise.resolve()

  readonly #isProtobuf: boolean

  constructor(url: string, certificate: string | undefined, options: Partial<Options>, way: ClientWay = 'websocket') {
    this.#isProtobuf = way.endsWith('protobuf')
    const sockets = this.#sockets
    const websocket = class extends WebSocket {
      constructor(address: string, protocols?: string[]) {
        super(address, protocols ?? [], { perMessageDeflate: false, ...(certificate ? { ca: certificate } : {}) })
        sockets.push(this)
      }
    }
    // The same class but for its codec; only their private members make them two types.
    const Client = this.#isProtobuf ? (CentrifugeProtobuf as unknown as typeof Centrifuge) : Centrifuge
    this.client = new Client(transportsOf(way, url), {
      websocket,
      eventsource: EventSource,
      emulationEndpoint: new URL('/emulation', url.replace(/^ws/, 'http')).href,
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

  /** Data as this client's codec sends it. */
  toSend(value: unknown): unknown {
    return this.#isProtobuf ? Buffer.from(JSON.stringify(value)) : value
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

/** Data as it was meant: Protobuf hands on its bytes. */
export const received = (data: unknown): unknown =>
  data instanceof Uint8Array ? (JSON.parse(Buffer.from(data).toString()) as unknown) : data

/** One subscription of a peer, with what it heard. */
export class Listener {
  readonly subscription: Subscription
  readonly events: Event[] = []
  readonly publications: PublicationContext[] = []

  constructor(subscription: Subscription) {
    this.subscription = subscription
    for (const name of ['subscribing', 'subscribed', 'unsubscribed', 'join', 'leave'] as const) {
      subscription.on(name, (context: object) => this.events.push({ name, ...context }))
    }
    subscription.on('error', (context) => this.events.push({ name: 'error', ...context.error }))
    subscription.on('publication', (context) => this.publications.push(context))
  }

  /** What was published, in the order in which it was heard. */
  get data(): unknown[] {
    return this.publications.map(({ data }) => received(data))
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

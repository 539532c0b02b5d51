/**
 * The relay over Valkey's (or Redis') publish/subscribe: one channel per room. It may lose what it is given: every
 * update is in the database before it is said here, and an instance that was away reads it from there.
 */
import { Redis } from 'iovalkey'
import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { Logger } from '@backchannel/hub/node'
import type { Order, Relay, RoomLine, RoomNews } from './relay.ts'

const kinds = { update: 0, awareness: 1, ask: 2, askBack: 3, order: 4 } as const
const idLength = 8
/** No room's: a name has at least a character. */
const ordersChannel = ''

export class ValkeyRelay implements Relay {
  readonly #rooms = new Map<string, RoomNews>()
  /** Hears its own words, too, and knows them by this. */
  readonly #id = randomBytes(idLength)
  readonly #prefix: string
  readonly #log: Logger
  readonly #publisher: Redis
  readonly #subscriber: Redis
  #isDown = false
  #wasReady = false
  #isClosed = false
  onOrder: (order: Order) => void = () => {}

  constructor(url: string, prefix: string, log: Logger) {
    this.#prefix = prefix
    this.#log = log
    const options = { lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy }
    // What can't be said now is old news once the connection is back.
    this.#publisher = new Redis(url, { ...options, enableOfflineQueue: false })
    this.#subscriber = new Redis(url, { ...options, autoResubscribe: false })
    for (const client of [this.#publisher, this.#subscriber]) {
      client.on('error', (error: Error) => this.#down(error))
      // A server that is shut down says nothing more.
      client.on('close', () => this.#down(new Error('the connection was closed')))
      client.connect().catch(() => {})
    }
    this.#subscriber.on('ready', () => void this.#subscribeAll())
    // One of the two may be lost, or late, alone: what could not be said was not heard.
    this.#publisher.on('ready', () => {
      this.#up()
      for (const news of this.#rooms.values()) news.back()
    })
    this.#subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => this.#hear(channel, message))
  }

  join(room: string, news: RoomNews): RoomLine {
    this.#rooms.set(room, news)
    if (this.#subscriber.status === 'ready') {
      this.#subscriber.subscribe(this.#channel(room)).then(
        () => this.#rooms.get(room) === news && news.back(),
        (error: Error) => this.#down(error),
      )
    }
    const say = (kind: number, content: Uint8Array): void => this.#say(room, kind, content)
    return {
      update: (update) => say(kinds.update, update),
      awareness: (update) => say(kinds.awareness, update),
      ask: (stateVector) => say(kinds.ask, stateVector),
      askBack: (stateVector) => say(kinds.askBack, stateVector),
      leave: () => {
        if (this.#rooms.get(room) !== news) return
        this.#rooms.delete(room)
        if (this.#subscriber.status === 'ready') this.#subscriber.unsubscribe(this.#channel(room)).catch(() => {})
      },
    }
  }

  order(order: Order): void {
    this.#say(ordersChannel, kinds.order, Buffer.from(JSON.stringify(order)))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#rooms.clear()
    this.#publisher.disconnect()
    this.#subscriber.disconnect()
  }

  async #subscribeAll(): Promise<void> {
    const rooms = Array.from(this.#rooms)
    try {
      await this.#subscriber.subscribe(
        ...[ordersChannel, ...rooms.map(([room]) => room)].map((name) => this.#channel(name)),
      )
    } catch (error) {
      return this.#down(error as Error)
    }
    this.#up()
    for (const [room, news] of rooms) if (this.#rooms.get(room) === news) news.back()
  }

  #hear(channel: Buffer, message: Buffer): void {
    if (message.subarray(0, idLength).equals(this.#id)) return
    const news = this.#rooms.get(channel.toString().slice(this.#prefix.length))
    const content = message.subarray(idLength + 1)
    try {
      if (message[idLength] === kinds.update) news?.update(content)
      else if (message[idLength] === kinds.awareness) news?.awareness(content)
      else if (message[idLength] === kinds.ask) news?.ask(content)
      else if (message[idLength] === kinds.askBack) news?.askBack(content)
      else if (message[idLength] === kinds.order) this.onOrder(JSON.parse(content.toString()) as Order)
    } catch (error) {
      this.#log.warn({ err: error, channel: channel.toString() }, 'collab: a message of another instance is broken')
    }
  }

  #say(room: string, kind: number, content: Uint8Array): void {
    if (this.#publisher.status !== 'ready') return
    this.#publisher
      .publish(this.#channel(room), Buffer.concat([this.#id, Uint8Array.of(kind), content]))
      .catch((error: Error) => this.#down(error))
  }

  #up(): void {
    if (this.#publisher.status !== 'ready' || this.#subscriber.status !== 'ready') return
    if (this.#isDown) this.#log.info({}, 'collab: Valkey is back, and rooms are shared between instances again')
    this.#isDown = false
    this.#wasReady = true
  }

  #down(error: Error): void {
    if (this.#isDown || this.#isClosed) return
    this.#isDown = true
    const what = this.#wasReady ? 'is gone' : 'is not there'
    this.#log.warn({ err: error.message }, `collab: Valkey ${what}: instances don't share rooms until it is back`)
  }

  #channel(room: string): string {
    return this.#prefix + room
  }
}

/** Milliseconds until the next try; all instances lose it at once, so each adds a share at random. */
function retryStrategy(times: number): number {
  return Math.min(100 * 2 ** Math.min(times, 6), 3000) * (1 + Math.random() / 2)
}

import type { Broker } from '../broker/broker.ts'
import { Channel } from '../fanout/channel.ts'
import type { Flusher } from '../fanout/fanout.ts'
import { chain, isPromise, type MaybePromise } from '../maybe-promise.ts'

interface Entry {
  readonly channel: Channel
  /** Settled once the broker delivers this channel here. */
  ready: MaybePromise<void>
}

/** What a connection is found by. */
export interface Addressed {
  readonly client: string
  /** A second name that only its owner knows; empty for none. */
  readonly key: string
  /** Empty for nobody who is known. */
  readonly user: string
}

/**
 * Finds connections by client and user, channels by name. It only finds: what they hold is theirs. Both faces have one:
 * of the protocol's sessions, and of the connections of `createRealtime`.
 */
export class Registry<Session extends Addressed> {
  readonly #broker: Pick<Broker, 'subscribe' | 'unsubscribe'>
  readonly #flusher: Flusher
  readonly #onBrokerError: (error: unknown, channel: string) => void
  readonly #sessions = new Map<string, Session>()
  readonly #byKey = new Map<string, Session>()
  /** Most users have one: a set for each of ten thousand would be 2 MB. */
  readonly #byUser = new Map<string, Session | Set<Session>>()
  readonly #channels = new Map<string, Entry>()
  /** Channels that the broker is still letting go of; who comes back waits. */
  readonly #leaving = new Map<string, Promise<void>>()

  constructor(
    broker: Pick<Broker, 'subscribe' | 'unsubscribe'>,
    flusher: Flusher,
    onBrokerError: (error: unknown, channel: string) => void,
  ) {
    this.#broker = broker
    this.#flusher = flusher
    this.#onBrokerError = onBrokerError
  }

  get sessions(): Iterable<Session> {
    return this.#sessions.values()
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  get userCount(): number {
    return this.#byUser.size
  }

  get channels(): Iterable<Channel> {
    return Array.from(this.#channels.values(), (entry) => entry.channel)
  }

  get channelCount(): number {
    return this.#channels.size
  }

  addSession(session: Session): void {
    this.#sessions.set(session.client, session)
    if (session.key !== '') this.#byKey.set(session.key, session)
  }

  removeSession(session: Session): void {
    this.#sessions.delete(session.client)
    this.#byKey.delete(session.key)
    this.unidentify(session)
  }

  /** A session that was not let in is nobody's. */
  unidentify(session: Session): void {
    const known = this.#byUser.get(session.user)
    if (known instanceof Set) known.delete(session)
    if (known === session || (known instanceof Set && known.size === 0)) this.#byUser.delete(session.user)
  }

  /** A session's user is known from now on. */
  identify(session: Session): void {
    const known = this.#byUser.get(session.user)
    if (known instanceof Set) known.add(session)
    else this.#byUser.set(session.user, known === undefined || known === session ? session : new Set([known, session]))
  }

  session(client: string): Session | undefined {
    return this.#sessions.get(client)
  }

  /** The emulated or unidirectional session with this key. */
  withKey(key: string): Session | undefined {
    return this.#byKey.get(key)
  }

  ofUser(user: string): ReadonlySet<Session> {
    const known = this.#byUser.get(user)
    if (known instanceof Set) return known
    return new Set(known === undefined ? [] : [known])
  }

  /** What the broker still has to do for channels that were let go of. */
  get leaving(): Iterable<Promise<void>> {
    return this.#leaving.values()
  }

  /** The channel, if somebody here hears it. */
  channel(name: string): Channel | undefined {
    return this.#channels.get(name)?.channel
  }

  /** The channel for a new subscription; the caller begins its join at once, and goes on when `ready`. */
  acquire(name: string): { channel: Channel; ready: MaybePromise<void> } {
    const known = this.#channels.get(name)
    if (known) return known
    const entry: Entry = { channel: new Channel(name, this.#flusher), ready: undefined }
    // What it throws at once leaves no channel that nothing is delivered to.
    entry.ready = chain(this.#leaving.get(name), () => this.#broker.subscribe(name))
    this.#channels.set(name, entry)
    if (isPromise(entry.ready)) {
      entry.ready.then(
        () => (entry.ready = undefined),
        () => {},
      )
    }
    return entry
  }

  /** After a subscription has gone: lets go of a channel that nobody hears. */
  release(channel: Channel): void {
    const { name } = channel
    if (!channel.idle || this.#channels.get(name)?.channel !== channel) return
    const { ready } = this.#channels.get(name) ?? {}
    this.#channels.delete(name)
    const left = this.#leave(name, ready)
    if (!isPromise(left)) return
    const settled = left.then(
      () => {},
      (error: unknown) => this.#onBrokerError(error, name),
    )
    this.#leaving.set(name, settled)
    void settled.then(() => {
      if (this.#leaving.get(name) === settled) this.#leaving.delete(name)
    })
  }

  /** Whoever ends a subscription can't do anything about a broker that fails: it is reported, never thrown. */
  #leave(name: string, ready: MaybePromise<void>): MaybePromise<void> {
    try {
      return chain(ready, () => this.#broker.unsubscribe(name))
    } catch (error) {
      this.#onBrokerError(error, name)
    }
  }
}

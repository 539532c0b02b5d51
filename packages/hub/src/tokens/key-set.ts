import type { JWK } from 'jose'
import type { Clock } from '../clock.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { Deadlines } from '../say/deadlines.ts'
import type { Keys } from './fetch-keys.ts'

/** How long keys are good without being asked for again, as Centrifugo's. */
const freshMs = 60 * 60 * 1000
/** How long they are good at all, when they can't be had again: a key that was taken back must end some time. */
const staleMs = 4 * freshMs
/** How long old keys are used before the next try to renew them. */
const retryMs = 30 * 1000
/** Between two requests. Tokens with a key that is not known come as fast as anybody likes to make them up. */
const spacingMs = 1000
/** Tokens that wait for keys; above it they are refused. */
const maxWaiting = 1000

/**
 * The keys that one URL gives. A token whose key is not known waits for a request that begins after it came: the
 * answer to one before it may be older than the key. All that wait share that request, and requests keep their
 * distance, so that neither many tokens nor made up ones become a flood.
 */
export class KeySet {
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #fetch: () => Promise<Keys>
  readonly #onError: (error: unknown) => void
  #keys: Keys = new Map()
  // Monotonic milliseconds.
  #fetchedAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  /** The request under way. */
  #running: Promise<void> | undefined
  /** The one after it, which has not begun. */
  #next: Promise<void> | undefined
  #waiting = 0

  constructor(clock: Clock, deadlines: Deadlines, fetch: () => Promise<Keys>, onError: (error: unknown) => void) {
    this.#clock = clock
    this.#deadlines = deadlines
    this.#fetch = fetch
    this.#onError = onError
  }

  /** The key with this id; undefined when there is none, or when nobody can be asked. */
  find(id: string): MaybePromise<JWK | undefined> {
    const key = this.#known(id)
    const now = this.#clock.monotonic()
    if (key && (now - this.#fetchedAt < freshMs || now - this.#askedAt < retryMs)) return key
    if (this.#waiting >= maxWaiting) return key
    this.#waiting++
    return this.#renewed(id).finally(() => this.#waiting--)
  }

  #known(id: string): JWK | undefined {
    return this.#clock.monotonic() - this.#fetchedAt < staleMs ? this.#keys.get(id) : undefined
  }

  async #renewed(id: string): Promise<JWK | undefined> {
    const askedAt = this.#askedAt
    await this.#running
    // The request that was under way may have done, also by failing where there is an old key.
    if (this.#askedAt === askedAt || !this.#known(id)) await (this.#next ??= this.#ask())
    return this.#known(id)
  }

  /** Asks as soon as it may. */
  async #ask(): Promise<void> {
    await this.#running
    const wait = this.#askedAt + spacingMs - this.#clock.monotonic()
    if (wait > 0) await new Promise<void>((resolve) => this.#deadlines.set(wait, resolve))
    this.#next = undefined
    this.#running = this.#run()
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      this.#keys = await this.#fetch()
      this.#fetchedAt = this.#clock.monotonic()
    } catch (error) {
      this.#onError(error)
    } finally {
      this.#askedAt = this.#clock.monotonic()
      this.#running = undefined
    }
  }
}

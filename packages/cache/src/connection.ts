/**
 * One connection to a server, and the circuit before it: after a failure every call is refused at once, while new
 * connections are tried in the background until one answers.
 */
import { Redis } from 'iovalkey'
import type { Warn } from './log.ts'
import { StoreError } from './store.ts'
import type { ServerAddress } from './url.ts'

/**
 * `connecting`: a first attempt, or one right after a connection was lost; calls wait for it within their time.
 * `down`: calls are refused.
 */
type State = 'idle' | 'connecting' | 'up' | 'down' | 'closed'

export interface ConnectionOptions {
  readonly address: ServerAddress
  /** What a call may take, waiting for the connection included. */
  readonly timeoutMs: number
  readonly warn: Warn
  /** Done on a new connection until `isPrepared`, before calls are let through. */
  readonly prepare: (redis: Redis) => Promise<void>
  readonly isPrepared: () => boolean
}

const firstRetryMs = 50
const maxRetryMs = 5_000
const connectTimeoutMs = 3_000
/** How long a connection has to live until its end counts as a new failure, not as one more. */
const steadyMs = 5_000
/** A socket that is ended but not acknowledged is destroyed after it. */
const disconnectTimeoutMs = 100
/** Answers that say that this server can't serve for now, whatever is asked. */
const unfit = /^(?:LOADING|MASTERDOWN|CLUSTERDOWN|NOAUTH|WRONGPASS|BUSY|READONLY|UNKILLABLE)\b/

export class Connection {
  readonly #options: ConnectionOptions
  readonly server: string
  #state: State = 'idle'
  #redis: Redis | undefined
  /** The connection of an attempt in progress. */
  #trying: Redis | undefined
  /** The attempt that calls wait for. Never rejects. */
  #attempt: Promise<void> | undefined
  /** Attempts since the last steady connection. */
  #attempts = 0
  /** What calls get while it is down: the same for all, since making an error is what a quick miss would wait for. */
  #refusal: StoreError
  #upSince = 0
  #downSince = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    const { host, port, db } = options.address
    this.server = `${host.includes(':') ? `[${host}]` : host}:${port}/${db}`
    this.#refusal = new StoreError('unreachable', `${this.server} is down`)
  }

  get state(): 'idle' | 'up' | 'down' | 'off' {
    if (this.#state === 'closed') return 'off'
    return this.#state === 'connecting' ? 'down' : this.#state
  }

  /**
   * Calls the server. `again` lets a call whose connection broke be made once more on the next one, for what may happen
   * twice.
   * @throws StoreError
   */
  async run<T>(call: (redis: Redis) => Promise<T>, again: boolean): Promise<T> {
    if (this.#state === 'down') throw this.#refusal
    const end = performance.now() + this.#options.timeoutMs
    const redis = this.#redis ?? (await this.#ready(end))
    try {
      return await this.#within(end, call(redis))
    } catch (error) {
      const failure = this.#judge(redis, error)
      if (!again || failure.kind === 'refused' || this.#state !== 'connecting') throw failure
    }
    const next = await this.#ready(end)
    try {
      return await this.#within(end, call(next))
    } catch (error) {
      throw this.#judge(next, error)
    }
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    clearTimeout(this.#timer)
    const connections = [this.#redis, this.#trying].filter((redis) => redis !== undefined)
    this.#redis = undefined
    await Promise.all(connections.map(discard))
    await this.#attempt
  }

  async #ready(end: number): Promise<Redis> {
    if (this.#state === 'idle') this.#open()
    if (this.#state === 'connecting' && this.#attempt) {
      await this.#within(end, this.#attempt).catch(() => {
        if (this.#state === 'connecting') this.#goDown('no connection in time')
      })
    }
    if (this.#state === 'up' && this.#redis) return this.#redis
    throw this.#state === 'closed' ? new StoreError('unreachable', 'the cache is closed') : this.#refusal
  }

  #within<T>(end: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new StoreError('unreachable', `no answer within ${this.#options.timeoutMs} ms`))
      // One more turn: when this process was busy, the answer has arrived and is only not read yet.
      const timer = setTimeout(() => setImmediate(() => setImmediate(late)), Math.max(end - performance.now(), 0))
      work.then(
        (result) => {
          clearTimeout(timer)
          resolve(result)
        },
        (error: Error) => {
          clearTimeout(timer)
          reject(error)
        },
      )
    })
  }

  /** What a failed call says about the connection. */
  #judge(redis: Redis, error: unknown): StoreError {
    const message = error instanceof Error ? error.message : String(error)
    const isReply = error instanceof Error && error.name === 'ReplyError'
    if (isReply && !unfit.test(message)) return new StoreError('refused', message)
    const isTimeout = error instanceof StoreError
    if (isReply || isTimeout) this.#lose(redis, message)
    // A call hears of it before the event tells: a socket that the other side ended takes no more writes.
    else this.#broke(redis)
    return isTimeout ? error : new StoreError('unreachable', message)
  }

  /** Calls are refused from now on, until an attempt succeeds. */
  #lose(redis: Redis, reason: string): void {
    if (this.#redis !== redis) return
    this.#redis = undefined
    void discard(redis)
    this.#goDown(reason)
    this.#retryLater()
  }

  #goDown(reason: string): void {
    if (this.#state === 'down' || this.#state === 'closed') return
    this.#state = 'down'
    this.#downSince = performance.now()
    this.#refusal = new StoreError('unreachable', `${this.server} is down: ${reason}`)
    this.#options.warn('down', `${this.server} is down, so every read is a miss until it is back: ${reason}`)
  }

  #retryLater(): void {
    if (this.#state === 'closed') return
    if (performance.now() - this.#upSince > steadyMs && this.#upSince > 0) this.#attempts = 0
    this.#upSince = 0
    const ceiling = Math.min(firstRetryMs * 2 ** this.#attempts, maxRetryMs)
    // Spread, so that many processes don't come back in one moment.
    this.#timer = setTimeout(() => this.#open(), ceiling * (0.5 + Math.random() / 2))
    this.#timer.unref()
  }

  #open(): void {
    if (this.#state === 'idle') this.#state = 'connecting'
    this.#attempts++
    this.#attempt = this.#try()
  }

  async #try(): Promise<void> {
    const { address, timeoutMs, prepare, isPrepared, warn } = this.#options
    const redis = new Redis({
      host: address.host,
      port: address.port,
      db: address.db,
      ...(address.username !== undefined && { username: address.username }),
      ...(address.password !== undefined && { password: address.password }),
      ...(address.tls && { tls: {} }),
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      // Attempts are made here, each with a connection of its own: nothing is left over in a queue.
      retryStrategy: () => null,
      enableReadyCheck: false,
      connectTimeout: connectTimeoutMs,
      // Calls have their own, shorter limit; this one ends what is done between them.
      socketTimeout: connectTimeoutMs,
      disconnectTimeout: disconnectTimeoutMs,
    })
    // Also what is no answer to a call, such as a database that doesn't exist.
    let failure: Error | undefined
    this.#trying = redis
    redis.on('error', (error: Error) => (failure ??= error))
    try {
      await redis.connect()
      await this.#within(performance.now() + timeoutMs, redis.ping())
      // Asked last, without a wait behind it: calls that come meanwhile may add to what has to be done.
      while (!isPrepared()) await prepare(redis)
      if (failure) throw failure
      if (redis.status !== 'ready') throw new Error('the connection broke')
    } catch (error) {
      void discard(redis)
      this.#goDown((failure ?? (error as Error)).message)
      this.#retryLater()
      return
    } finally {
      this.#trying = undefined
    }
    if (this.#isClosed()) return discard(redis)
    redis.once('close', () => this.#broke(redis))
    this.#redis = redis
    if (this.#state === 'down') {
      const seconds = ((performance.now() - this.#downSince) / 1000).toFixed(1)
      warn('up', `${this.server} is back after ${seconds} s`)
    }
    this.#state = 'up'
    this.#upSince = performance.now()
  }

  /** Asked after a wait, in which anything may have happened. */
  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** The server or the network ended it. Servers end idle connections too, so the first attempt is made at once. */
  #broke(redis: Redis): void {
    if (this.#redis !== redis) return
    this.#redis = undefined
    void discard(redis)
    const wasSteady = performance.now() - this.#upSince > steadyMs
    if (!wasSteady && this.#attempts > 1) {
      this.#goDown('the connection broke')
      this.#retryLater()
      return
    }
    if (wasSteady) this.#attempts = 0
    this.#state = 'connecting'
    this.#open()
  }
}

/** Resolves when its socket is closed. */
function discard(redis: Redis): Promise<void> {
  if (redis.status === 'end' || redis.status === 'wait') return Promise.resolve()
  return new Promise((resolve) => {
    redis.once('end', () => resolve())
    redis.disconnect()
  })
}

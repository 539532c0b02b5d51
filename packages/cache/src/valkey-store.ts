/** Entries on a Valkey or Redis server. */
import { createHash } from 'node:crypto'
import type { Redis } from 'iovalkey'
import { Connection } from './connection.ts'
import type { Warn } from './log.ts'
import * as scripts from './scripts.ts'
import {
  type Claim,
  type Loaded,
  lostLock,
  lostLockMs,
  type Store,
  StoreError,
  type StoreStatus,
  type Write,
} from './store.ts'
import type { ServerAddress } from './url.ts'

export interface ValkeyStoreOptions {
  readonly address: ServerAddress
  readonly prefix: string
  readonly timeoutMs: number
  readonly warn: Warn
}

/** Keys that could not be deleted, above which it is cheaper to empty the cache than to remember them. */
const maxOwed = 50_000
const perRound = 1_000

export class ValkeyStore implements Store {
  readonly #connection: Connection
  readonly #prefix: string
  /** What no read may see again: deleted here while the server was out of reach. */
  readonly #owed = new Set<string>()
  #owesAll = false

  constructor({ address, prefix, timeoutMs, warn }: ValkeyStoreOptions) {
    this.#prefix = prefix
    this.#connection = new Connection({
      address,
      timeoutMs,
      warn,
      prepare: (redis) => this.#settle(redis),
      isPrepared: () => this.#owed.size === 0 && !this.#owesAll,
    })
  }

  get(key: string): Promise<string | null> {
    return this.#connection.run((redis) => redis.get(key), true)
  }

  async getMany(keys: readonly string[]): Promise<(string | null)[]> {
    return keys.length === 0 ? [] : this.#connection.run((redis) => redis.mget([...keys]), true)
  }

  async getWithTtl(key: string): Promise<{ text: string; ttlMs: number | null } | null> {
    const replies = await this.#all((redis) => redis.multi().get(key).pttl(key), true)
    const [text, ttlMs] = replies as [string | null, number]
    return text === null ? null : { text, ttlMs: ttlMs === -1 ? null : ttlMs }
  }

  async set(entries: readonly Write[], ttlMs: number | undefined): Promise<void> {
    try {
      await this.#all((redis) => {
        const pipeline = redis.pipeline()
        for (const { key, lock, text } of entries) {
          if (lock !== undefined) pipeline.set(lock, lostLock, 'PX', lostLockMs, 'XX')
          if (ttlMs === undefined) pipeline.set(key, text)
          else pipeline.set(key, text, 'PX', ttlMs)
        }
        return pipeline
      }, true)
    } catch (error) {
      const keys = entries.map(({ key }) => key)
      // A server without memory for the new text can still drop the old one.
      if (error instanceof StoreError && error.kind === 'refused') await this.delete(keys, [])
      else this.#owe(keys)
      throw error
    }
  }

  async delete(keys: readonly string[], locks: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    try {
      await this.#all((redis) => {
        const pipeline = redis.pipeline()
        for (const lock of locks) pipeline.set(lock, lostLock, 'PX', lostLockMs, 'XX')
        return pipeline.unlink([...keys])
      }, true)
    } catch (error) {
      this.#owe(keys)
      throw error
    }
  }

  getAndDelete(key: string): Promise<string | null> {
    return this.#connection.run((redis) => redis.getdel(key), false)
  }

  increment(key: string, by: number, ttlMs: number | undefined): Promise<number | null> {
    return this.#script<number | null>(scripts.increment, [key], [by, ttlMs ?? ''], false)
  }

  tagVersions(keys: readonly string[], fresh: string, ttlMs: number | undefined): Promise<string[]> {
    return this.#script<string[]>(scripts.tagVersions, keys, [fresh, ttlMs ?? ''], true)
  }

  async acquire({ lock, entry, token, ttlMs, from }: Claim): Promise<{ owner: string; text: string | null }> {
    const args = [token, ttlMs, from ?? lostLock, lostLock]
    // A second time would find the lock of the first and take it for somebody else's.
    const [owner, text] = await this.#script<[string, string | null]>(scripts.acquire, [lock, entry], args, false)
    return { owner, text }
  }

  async renew(lock: string, token: string, ttlMs: number): Promise<boolean> {
    return (await this.#script<number>(scripts.renew, [lock], [token, ttlMs], true)) === 1
  }

  async release(lock: string, token: string): Promise<void> {
    await this.#script<number>(scripts.release, [lock], [token], true)
  }

  async storeLoaded({ lock, token, entry, seen, text, ttlMs, tags }: Loaded): Promise<boolean> {
    const keys = [lock, entry, ...tags.map(({ key }) => key)]
    const was = seen === null ? '' : createHash('sha1').update(seen).digest('hex')
    const args = [token, text, ttlMs ?? '', was, ...tags.map(({ version }) => version)]
    return (await this.#script<number>(scripts.storeLoaded, keys, args, false)) === 1
  }

  status(): StoreStatus {
    return { state: this.#connection.state, server: this.#connection.server, entries: null, bytes: null }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #script<T>(script: scripts.Script, keys: readonly string[], args: (string | number)[], again: boolean): Promise<T> {
    return this.#connection.run(async (redis) => {
      try {
        return (await redis.evalsha(script.sha, keys.length, ...keys, ...args)) as T
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
        return (await redis.eval(script.text, keys.length, ...keys, ...args)) as T
      }
    }, again)
  }

  /** The answers of all its commands; the first error among them is thrown. */
  #all(make: (redis: Redis) => ReturnType<Redis['pipeline']>, again: boolean): Promise<unknown[]> {
    return this.#connection.run(async (redis) => {
      const replies = (await make(redis).exec()) ?? []
      return replies.map(([error, reply]) => {
        if (error) throw error
        return reply
      })
    }, again)
  }

  #owe(keys: readonly string[]): void {
    if (this.#owesAll) return
    for (const key of keys) this.#owed.add(key)
    if (this.#owed.size <= maxOwed) return
    this.#owed.clear()
    this.#owesAll = true
  }

  /** Makes up for what could not be deleted, before any read. */
  async #settle(redis: Redis): Promise<void> {
    if (this.#owesAll) {
      this.#owesAll = false
      try {
        await this.#empty(redis)
      } catch (error) {
        this.#owesAll = true
        throw error
      }
    }
    const keys = [...this.#owed].slice(0, perRound)
    if (keys.length > 0) await redis.unlink(keys)
    for (const key of keys) this.#owed.delete(key)
  }

  async #empty(redis: Redis): Promise<void> {
    const pattern = `${this.#prefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}*`
    let cursor = '0'
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', perRound)
      if (keys.length > 0) await redis.unlink(keys)
      cursor = next
    } while (cursor !== '0')
  }
}

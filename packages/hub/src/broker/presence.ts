import type { ClientInfo } from '@backchannel/protocol'
import type { MaybePromise } from '../maybe-promise.ts'

/**
 * Who is in a channel. An entry belongs to one connection (`client`); one user may have several.
 * Every verb may answer with a value or with a promise. Those for one channel and connection are carried out in the
 * order in which they were called.
 */
export interface PresenceStore {
  add(channel: string, info: ClientInfo): MaybePromise<void>
  remove(channel: string, client: string): MaybePromise<void>
  /** By client id. */
  get(channel: string): MaybePromise<ReadonlyMap<string, ClientInfo>>
}

/** Presence of this process; an entry lives as long as its subscription. */
export class MemoryPresence implements PresenceStore {
  readonly #channels = new Map<string, Map<string, ClientInfo>>()

  /** Entries in all channels. */
  get size(): number {
    let size = 0
    for (const clients of this.#channels.values()) size += clients.size
    return size
  }

  add(channel: string, info: ClientInfo): void {
    let clients = this.#channels.get(channel)
    if (!clients) this.#channels.set(channel, (clients = new Map()))
    clients.set(info.client, info)
  }

  remove(channel: string, client: string): void {
    const clients = this.#channels.get(channel)
    if (clients?.delete(client) && clients.size === 0) this.#channels.delete(channel)
  }

  get(channel: string): ReadonlyMap<string, ClientInfo> {
    return new Map(this.#channels.get(channel))
  }
}

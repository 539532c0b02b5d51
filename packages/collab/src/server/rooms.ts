/** The rooms that are in memory: loaded when somebody enters, unloaded some time after the last has left. */
import { closeReasons } from './close-codes.ts'
import { Room, type RoomSettings } from './room.ts'

export class TooManyRooms extends Error {
  override name = 'TooManyRooms'
}

interface Entry {
  readonly room: Room
  /** Those who are about to enter, or work on it without being in it. */
  holders: number
  timer: NodeJS.Timeout | undefined
}

export class Rooms {
  readonly #entries = new Map<string, Entry>()
  readonly #settings: RoomSettings
  readonly #maxRooms: number
  readonly #unloadDelayMs: number
  /** Nobody enters a document that is being removed. */
  readonly #removals = new Map<string, Promise<void>>()

  constructor(settings: RoomSettings, maxRooms: number, unloadDelayMs: number) {
    this.#settings = settings
    this.#maxRooms = maxRooms
    this.#unloadDelayMs = unloadDelayMs
  }

  get count(): number {
    return this.#entries.size
  }

  [Symbol.iterator](): Iterator<Room> {
    return Array.from(this.#entries.values(), ({ room }) => room)[Symbol.iterator]()
  }

  find(name: string): Room | undefined {
    return this.#entries.get(name)?.room
  }

  /**
   * Gives a loaded room to `use`, and keeps it in memory meanwhile and as long as there are guests.
   * @throws TooManyRooms; what the store throws
   */
  async with<T>(name: string, use: (room: Room) => T | Promise<T>): Promise<T> {
    while (this.#removals.has(name)) await this.#removals.get(name)?.catch(() => {})
    const entry = this.#acquire(name)
    entry.holders++
    try {
      await entry.room.loaded
      return await use(entry.room)
    } finally {
      entry.holders--
      this.#release(name, entry)
    }
  }

  /** A guest has left. */
  left(room: Room): void {
    const entry = this.#entries.get(room.name)
    if (entry?.room === room) this.#release(room.name, entry)
  }

  /**
   * Closes a room, waits until nothing of it is on its way to the store, and calls `remove`; who wants to enter meanwhile
   * waits for that.
   */
  async remove(name: string, remove: () => Promise<void>): Promise<void> {
    while (this.#removals.has(name)) await this.#removals.get(name)?.catch(() => {})
    const removal = (async () => {
      const room = this.find(name)
      room?.close(closeReasons.deleted)
      await room?.quiet()
      await remove()
    })()
    this.#removals.set(name, removal)
    try {
      await removal
    } finally {
      this.#removals.delete(name)
    }
  }

  /** Ends all of them, once what was received is stored. */
  async close(): Promise<void> {
    const entries = Array.from(this.#entries.values())
    for (const { timer } of entries) clearTimeout(timer)
    this.#entries.clear()
    await Promise.all(
      entries.map(async ({ room }) => {
        await room.settle()
        room.close(closeReasons.goingAway)
      }),
    )
  }

  #acquire(name: string): Entry {
    let entry = this.#entries.get(name)
    // A closed one is out of order: whoever comes next begins anew, from the store.
    if (!entry || entry.room.isClosed) {
      if (!entry && this.#entries.size >= this.#maxRooms) throw new TooManyRooms(`More than ${this.#maxRooms} rooms`)
      clearTimeout(entry?.timer)
      entry = { room: new Room(name, this.#settings), holders: 0, timer: undefined }
      this.#entries.set(name, entry)
    }
    clearTimeout(entry.timer)
    entry.timer = undefined
    return entry
  }

  #release(name: string, entry: Entry): void {
    if (this.#entries.get(name) !== entry || !isUnused(entry)) return
    if (entry.room.isClosed) {
      this.#entries.delete(name)
      return
    }
    clearTimeout(entry.timer)
    // Most of those who leave are back at once: a reload, a lost connection.
    entry.timer = setTimeout(() => void this.#unload(name, entry), this.#unloadDelayMs)
    entry.timer.unref()
  }

  async #unload(name: string, entry: Entry): Promise<void> {
    entry.timer = undefined
    await entry.room.settle()
    // Somebody may have come meanwhile, and finds it as it is; or have come and gone, and left something to be stored.
    if (this.#entries.get(name) !== entry || !isUnused(entry) || entry.timer !== undefined) return
    if (!entry.room.isSettled) return this.#release(name, entry)
    this.#entries.delete(name)
    entry.room.close(closeReasons.goingAway)
  }
}

function isUnused({ room, holders }: Entry): boolean {
  return holders === 0 && room.guestCount === 0
}

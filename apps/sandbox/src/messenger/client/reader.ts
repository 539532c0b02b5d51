/** Tells the server up to where I have read: now and then, the furthest place of each room, until it was heard. */
import type { Api } from './api.ts'

const afterMs = 400
const afterFailureMs = 5000

export class Reader {
  readonly #api: Api
  readonly #owed = new Map<number, number>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(api: Api) {
    this.#api = api
  }

  read(roomId: number, seq: number): void {
    this.#owed.set(roomId, Math.max(seq, this.#owed.get(roomId) ?? 0))
    this.#flushAfter(afterMs)
  }

  /** At once: the page may be going. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const owed = [...this.#owed]
    this.#owed.clear()
    for (const [roomId, seq] of owed) void this.#tell(roomId, seq)
  }

  close(): void {
    this.flush()
    this.#closed = true
  }

  async #tell(roomId: number, seq: number): Promise<void> {
    try {
      await this.#api.send('POST', `/api/rooms/${roomId}/read`, { seq })
    } catch (error) {
      const mayPass = error instanceof Error && 'mayPass' in error && error.mayPass === true
      // Out of the room, or signed out: nobody is owed anything.
      if (!mayPass || this.#closed) return
      this.#owed.set(roomId, Math.max(seq, this.#owed.get(roomId) ?? 0))
      this.#flushAfter(afterFailureMs)
    }
  }

  #flushAfter(milliseconds: number): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => this.flush(), milliseconds)
  }
}

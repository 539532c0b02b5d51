/**
 * What I wrote and the server has not confirmed. It is kept in the browser until it is, over reloads and outages, and goes
 * out in the order it was written, one message of a room at a time. Each has an id of its own that the server remembers,
 * so sending it twice, also by two tabs, writes it once.
 */
import type { Message } from '../model.ts'
import { ApiError, type Api } from './api.ts'
import { pauseAfter } from './pauses.ts'
import type { Outgoing } from './types.ts'

export interface SenderOptions {
  api: Api
  userId: string
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'> | undefined
  onChange: () => void
  onSent: (message: Message) => void
}

export class Sender {
  readonly #options: SenderOptions
  readonly #prefix: string
  /** Rooms with a message under way. */
  readonly #busy = new Set<number>()
  #list: readonly Outgoing[]
  #failures = 0
  /** The server has asked for a pause until then. */
  #notBefore = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(options: SenderOptions) {
    this.#options = options
    this.#prefix = `messenger.outgoing.${options.userId}.`
    this.#list = this.#stored()
  }

  get list(): readonly Outgoing[] {
    return this.#list
  }

  send(roomId: number, content: string): void {
    const clientId = crypto.randomUUID()
    const createdAt = new Date().toISOString()
    this.#put({ clientId, roomId, content, createdAt, status: 'waiting', failure: null })
    this.#flush()
  }

  retry(clientId: string): void {
    const failed = this.#list.find((outgoing) => outgoing.clientId === clientId && outgoing.status === 'failed')
    if (failed === undefined) return
    // Behind what was written meanwhile: the room has gone on without it.
    this.#remove(clientId)
    this.#put({ ...failed, createdAt: new Date().toISOString(), status: 'waiting', failure: null })
    this.#flush()
  }

  discard(clientId: string): void {
    if (this.#list.some((outgoing) => outgoing.clientId === clientId && outgoing.status !== 'sending')) {
      this.#remove(clientId)
      this.#options.onChange()
    }
  }

  /** The server has it: by its answer, or by the event that came first. */
  confirm(clientId: string): void {
    if (!this.#list.some((outgoing) => outgoing.clientId === clientId)) return
    this.#remove(clientId)
    this.#options.onChange()
  }

  /** Whatever was waited for, the network or the time that the server asked for, is tried now. */
  flush(): void {
    this.#notBefore = 0
    this.#flush()
  }

  #flush(): void {
    if (performance.now() < this.#notBefore) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#closed) return
    for (const roomId of new Set(this.#list.map((outgoing) => outgoing.roomId))) void this.#sendRoom(roomId)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #sendRoom(roomId: number): Promise<void> {
    if (this.#busy.has(roomId)) return
    this.#busy.add(roomId)
    try {
      for (let next = this.#next(roomId); next !== undefined && !this.#closed; next = this.#next(roomId)) {
        if (!(await this.#attempt(next))) return
      }
    } finally {
      this.#busy.delete(roomId)
    }
  }

  /** @returns whether the room's next message may go */
  async #attempt(outgoing: Outgoing): Promise<boolean> {
    this.#put({ ...outgoing, status: 'sending' })
    try {
      const { clientId, content } = outgoing
      const message = await this.#options.api.send<Message>('POST', `/api/rooms/${outgoing.roomId}/messages`, {
        client_id: clientId,
        content,
      })
      this.#failures = 0
      this.#remove(clientId)
      this.#options.onSent(message)
      return true
    } catch (error) {
      const { mayPass, status, message, retryAfter } =
        error instanceof ApiError ? error : new ApiError(0, String(error))
      // Confirmed meanwhile, by the event.
      if (!this.#list.some(({ clientId }) => clientId === outgoing.clientId)) return true
      // Without a session it waits for the next one.
      if (mayPass || status === 401) {
        this.#put({ ...outgoing, status: 'waiting' })
        this.#later(retryAfter)
        return false
      }
      this.#put({ ...outgoing, status: 'failed', failure: message })
      return true
    }
  }

  #next(roomId: number): Outgoing | undefined {
    return this.#list.find((outgoing) => outgoing.roomId === roomId && outgoing.status === 'waiting')
  }

  #later(retryAfter: number | undefined): void {
    const pause = pauseAfter(this.#failures++)
    if (this.#closed) return
    if (retryAfter !== undefined) this.#notBefore = performance.now() + retryAfter
    this.#timer ??= setTimeout(() => this.flush(), retryAfter ?? pause)
  }

  #put(outgoing: Outgoing): void {
    const place = this.#list.findIndex(({ clientId }) => clientId === outgoing.clientId)
    this.#list = place === -1 ? [...this.#list, outgoing] : this.#list.with(place, outgoing)
    try {
      // Under way when the page goes is waiting when it comes back.
      const status = outgoing.status === 'sending' ? 'waiting' : outgoing.status
      this.#options.storage?.setItem(this.#prefix + outgoing.clientId, JSON.stringify({ ...outgoing, status }))
    } catch {
      // Full, or forbidden: then it lives as long as the page.
    }
    this.#options.onChange()
  }

  #remove(clientId: string): void {
    this.#list = this.#list.filter((outgoing) => outgoing.clientId !== clientId)
    try {
      this.#options.storage?.removeItem(this.#prefix + clientId)
    } catch {
      // Forbidden, as above.
    }
  }

  /** One entry per message, so that two tabs never write over each other. */
  #stored(): Outgoing[] {
    const { storage } = this.#options
    if (storage === undefined) return []
    try {
      return Array.from({ length: storage.length }, (_, index) => storage.key(index))
        .filter((key) => key?.startsWith(this.#prefix))
        .flatMap((key) => readOutgoing(storage.getItem(key ?? '')))
        .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))
    } catch {
      return []
    }
  }
}

/** What the storage holds may be an older version's, or somebody's own. */
function readOutgoing(text: string | null): Outgoing[] {
  try {
    const { clientId, roomId, content, createdAt, status, failure } = JSON.parse(text ?? 'null') as Outgoing
    const isSound =
      typeof clientId === 'string' &&
      Number.isSafeInteger(roomId) &&
      typeof content === 'string' &&
      typeof createdAt === 'string'
    if (!isSound) return []
    const hasFailed = status === 'failed'
    return [
      {
        clientId,
        roomId,
        content,
        createdAt,
        status: hasFailed ? 'failed' : 'waiting',
        failure: hasFailed ? String(failure) : null,
      },
    ]
  } catch {
    return []
  }
}

export function browserStorage(): SenderOptions['storage'] {
  try {
    return globalThis.localStorage
  } catch {
    // Forbidden: messages live as long as the page.
    return undefined
  }
}

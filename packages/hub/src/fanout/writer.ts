import { disconnect, type Disconnect } from '@backchannel/protocol'
import type { Flusher } from './fanout.ts'
import type { Sink } from './sink.ts'

/** What stands in the queue is handed to the socket at the end of the tick, or as soon as it is this much. */
const eagerBytes = 64 * 1024
/** Sinks don't keep the array, so one does for all. */
const batchOfOne: Uint8Array[] = []

export interface WriterOwner {
  /** Called once, after the writer has closed a peer that reads too slowly. */
  onSlow(reason: Disconnect): void
}

/**
 * The one ordered outgoing queue of a connection: replies, pushes, pings and Close pass here and nowhere else.
 *
 * `open` takes messages; `sealed` has said Close and takes nothing more. The bound is on what the sink has taken and
 * not got rid of: that is the memory which a slow reader holds. Queueing never calls out, so the fan-out can walk its
 * members without minding that one of them ends; the owner hears of it at the end of the tick.
 */
export class Writer {
  readonly #sink: Sink
  readonly #flusher: Flusher
  readonly #maxQueued: number
  readonly #owner: WriterOwner
  readonly #pending: Uint8Array[] = []
  #pendingBytes = 0
  #scheduled = false
  #state: 'open' | 'sealed' = 'open'

  constructor(sink: Sink, flusher: Flusher, maxQueued: number, owner: WriterOwner) {
    this.#sink = sink
    this.#flusher = flusher
    this.#maxQueued = maxQueued
    this.#owner = owner
  }

  /** Close was said, or can't be said any more. */
  get isSealed(): boolean {
    return this.#state === 'sealed'
  }

  /** Queues whole messages; they leave with everything else of this tick in one write. */
  enqueue(messages: Uint8Array): void {
    if (this.#state === 'sealed') return
    this.#pending.push(messages)
    this.#pendingBytes += messages.byteLength
    if (this.#pendingBytes >= eagerBytes) this.flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      this.#flusher.writerDirty(this)
    }
  }

  /**
   * Hands messages straight to the sink when nothing else is to go with them. For the end of the tick only: it spares
   * the second sweep.
   */
  send(messages: Uint8Array): void {
    const isClear = this.#state === 'open' && this.#pendingBytes === 0 && this.#sink.bytesQueued <= this.#maxQueued
    if (!isClear) return this.enqueue(messages)
    batchOfOne[0] = messages
    this.#sink.write(batchOfOne)
  }

  /** Hands everything queued to the sink. Called at the end of the tick. */
  flush(): void {
    this.#scheduled = false
    if (this.#pendingBytes === 0) return
    if (this.#sink.bytesQueued > this.#maxQueued) {
      // What stands here is dropped; what the sink has is whole messages, and Close comes right behind them.
      const slow = disconnect('slow')
      this.#seal(slow)
      this.#flusher.afterFlush(() => this.#owner.onSlow(slow))
      return
    }
    this.#sink.write(this.#pending)
    this.#clear()
  }

  /** Sends what is queued, then Close; nothing follows. */
  close(reason: Disconnect): void {
    if (this.#state === 'open') this.flush()
    if (this.#state === 'open') this.#seal(reason)
  }

  /** The connection is gone: nothing can be sent any more. */
  abandon(): void {
    this.#state = 'sealed'
    this.#clear()
  }

  #seal(reason: Disconnect): void {
    this.#state = 'sealed'
    this.#clear()
    this.#sink.close(reason.code, reason.reason)
  }

  #clear(): void {
    this.#pending.length = 0
    this.#pendingBytes = 0
  }
}

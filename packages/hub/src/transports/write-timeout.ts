import type { Writable } from 'node:stream'
import type { Clock } from '../clock.ts'

const nothing = Buffer.alloc(0)

/** Whose writes are timed. */
export interface TimedWrites {
  /** The limit's own note: a write waits, and its alarm is set. */
  isWriteTimed: boolean
  /** What was written has not been taken in time. */
  onWriteTimeout(): void
}

/**
 * The limit for one write: what a peer has not taken when it is over stays untaken. A connection has one alarm at a time,
 * and none while everything is taken at once, which is nearly always. Several may share a limit.
 */
export class WriteTimeout {
  readonly #clock: Clock
  readonly #ms: number

  /** @param ms 0 for no limit */
  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.#ms = ms
  }

  /** After a write on this stream. */
  watch(stream: Writable, writes: TimedWrites): void {
    if (stream.writableLength === 0 || writes.isWriteTimed || this.#ms === 0) return
    writes.isWriteTimed = true
    const cancel = this.#clock.setTimer(() => writes.onWriteTimeout(), this.#ms)
    // Stands behind everything that was written, and is done when that is, or when nothing can be written any more.
    stream.write(nothing, () => {
      writes.isWriteTimed = false
      cancel()
    })
  }
}

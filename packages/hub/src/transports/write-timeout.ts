import type { Writable } from 'node:stream'
import { disconnect } from '@backchannel/protocol'
import type { Clock } from '../clock.ts'
import type { Core } from '../core.ts'
import type { Session } from '../session/session.ts'

const nothing = Buffer.alloc(0)

/**
 * The limit for one write: what a peer has not taken when it is over stays untaken. There is one alarm at a time, and
 * none while everything is taken at once, which is nearly always.
 */
export class WriteTimeout {
  readonly #clock: Clock
  readonly #ms: number
  readonly #onTimeout: () => void
  #isArmed = false

  /** @param ms 0 for no limit */
  constructor(clock: Clock, ms: number, onTimeout: () => void) {
    this.#clock = clock
    this.#ms = ms
    this.#onTimeout = onTimeout
  }

  /** After a write on this stream. */
  watch(stream: Writable): void {
    if (stream.writableLength === 0) return
    const done = this.arm()
    // Stands behind everything that was written, and is done when that is, or when nothing can be written any more.
    if (done) stream.write(nothing, done)
  }

  /** Begins the time of one write. @returns what to call when it is done, well or not; undefined when none is needed */
  arm(): (() => void) | undefined {
    if (this.#isArmed || this.#ms === 0) return undefined
    this.#isArmed = true
    const cancel = this.#clock.setTimer(this.#onTimeout, this.#ms)
    return () => {
      this.#isArmed = false
      cancel()
    }
  }
}

/**
 * Closes the session of a peer that does not take what was written: 3009.
 * @param ms 0 for no limit
 * @param sessionOf asked when the time is over: a session needs its sink first
 */
export function writeTimeout(core: Core, ms: number, sessionOf: () => Session): WriteTimeout {
  return new WriteTimeout(core.clock, ms, () => sessionOf().disconnect(disconnect('writeError')))
}

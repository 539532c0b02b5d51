import type { Channel } from './channel.ts'
import type { Clock } from '../clock.ts'
import { Tally } from '../telemetry/counters.ts'
import type { Writer } from './writer.ts'

/**
 * From so many recipients on, whose writes take a millisecond, a tick goes on for one more turn of the event loop: what
 * came in during the last sweep is often still on its way through the kernel, and goes along instead of costing a sweep
 * of its own. With eight publishers at once and 1,000 subscribers a delivery costs 0.73 of what it costs without; a second
 * turn gains nothing more, and one publisher alone loses nothing.
 */
const gathersFrom = 256
/** Milliseconds: a loop whose turns take longer is busy with something else, which deliveries must not wait for. */
const shortTurn = 1

/**
 * The end of the tick, in two sweeps: the logs of the channels that were published to become shared bytes in the
 * writers' queues, then every writer with something queued writes once. A channel costs one encoding per variant and
 * tick, a connection one write per tick, however much was published. A tick of one channel alone takes one sweep, since
 * each writer's objects are cold by the second (in a CPU profile 11 % of the cost of the writes, 6 % with one sweep).
 */
export class Flusher {
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  #channels: Channel[] = []
  #writers: Writer[] = []
  #after: (() => void)[] = []
  #scheduled = false
  /** Milliseconds that the last turn took that was waited for; counts for less with every tick. */
  #lastGathering = 0
  /** How many publications were queued for clients, by the variant's key. */
  readonly deliveries = new Tally()

  /** @param onError where what nobody expected goes: the end of a tick has no caller that could catch it */
  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock
    this.#onError = onError
  }

  /** The channel's log has something that its subscribers have not. */
  channelDirty(channel: Channel): void {
    this.#channels.push(channel)
    this.#schedule()
  }

  /** The writer's queue has something that its sink has not. */
  writerDirty(writer: Writer): void {
    this.#writers.push(writer)
    this.#schedule()
  }

  /** Runs when the sweeps are through: what would change members or sessions in the middle of them. */
  afterFlush(callback: () => void): void {
    this.#after.push(callback)
    this.#schedule()
  }

  report(error: unknown): void {
    this.#onError(error)
  }

  /** What waits for the end of the tick. */
  get waiting(): number {
    return this.#channels.length + this.#writers.length + this.#after.length
  }

  /** Ends the tick now. */
  flush(): void {
    const channels = this.#channels
    this.#channels = []
    // The usual tick: the bytes of one channel need not wait in the queues for those of another.
    const isOnly = channels.length === 1
    for (const channel of channels) channel.flush(isOnly)
    const writers = this.#writers
    this.#writers = []
    for (const writer of writers) writer.flush()
    this.#scheduled = false
    const after = this.#after
    this.#after = []
    for (const callback of after) this.#guard(callback)
  }

  #guard(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#onError(error)
    }
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const began = this.#clock.monotonic()
    this.#clock.endOfTick(() => {
      if (this.#recipients < gathersFrom || !this.#hasTime(began)) this.flush()
      else this.#gather()
    })
  }

  #gather(): void {
    const began = this.#clock.monotonic()
    this.#clock.endOfTick(() => {
      this.#lastGathering = this.#clock.monotonic() - began
      this.flush()
    })
  }

  /** Whether one more turn is likely to be short: this one is, and so was the last that was waited for, or long ago. */
  #hasTime(began: number): boolean {
    const wasShort = this.#lastGathering < shortTurn
    this.#lastGathering /= 2
    return wasShort && this.#clock.monotonic() - began < shortTurn
  }

  /** How many writes the tick would end with; who hears several channels counts several times. */
  get #recipients(): number {
    return this.#channels.reduce((sum, { subscriberCount }) => sum + subscriberCount, this.#writers.length)
  }
}

import type { Clock } from '../clock.ts'

/** Something with a next thing to do. It plans itself anew when its time has come. */
export interface Alarm {
  onAlarm(): void
}

/** Alarms within this many milliseconds ring together: ten thousand connections arm one timer, not ten thousand. */
const resolution = 100
/** Nobody is planned further ahead; the far ones are asked again, so that the sorted list of buckets stays short. */
const horizon = 60_000

/** One timer for all sessions' pings, pongs, time limits and expiries. */
export class Keepalive {
  readonly #clock: Clock
  readonly #buckets = new Map<number, Set<Alarm>>()
  readonly #bucketOf = new Map<Alarm, number>()
  #order: number[] = []
  #armed: { bucket: number; cancel: () => void } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Alarms that are planned. */
  get size(): number {
    return this.#bucketOf.size
  }

  /** Rings at `at` (monotonic milliseconds) or up to 100 ms later, in place of what was planned for this alarm. */
  plan(alarm: Alarm, at: number): void {
    const now = this.#clock.monotonic()
    // Never into the bucket that is ringing: an alarm that is always late must not keep the loop busy.
    const bucket = Math.max(Math.ceil(Math.min(at, now + horizon) / resolution), Math.floor(now / resolution) + 1)
    const previous = this.#bucketOf.get(alarm)
    if (previous === bucket) return
    if (previous !== undefined) this.#buckets.get(previous)?.delete(alarm)
    this.#bucketOf.set(alarm, bucket)
    let alarms = this.#buckets.get(bucket)
    if (!alarms) {
      alarms = new Set()
      this.#buckets.set(bucket, alarms)
      this.#insert(bucket)
    }
    alarms.add(alarm)
    this.#arm()
  }

  cancel(alarm: Alarm): void {
    const bucket = this.#bucketOf.get(alarm)
    if (bucket === undefined) return
    this.#bucketOf.delete(alarm)
    this.#buckets.get(bucket)?.delete(alarm)
    if (this.#bucketOf.size === 0) this.stop()
  }

  /** Forgets everything that was planned. */
  stop(): void {
    this.#armed?.cancel()
    this.#armed = undefined
    this.#buckets.clear()
    this.#bucketOf.clear()
    this.#order = []
  }

  #insert(bucket: number): void {
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#order[middle] ?? 0) < bucket) low = middle + 1
      else high = middle
    }
    this.#order.splice(low, 0, bucket)
  }

  #arm(): void {
    const [next] = this.#order
    if (next === undefined || this.#armed?.bucket === next) return
    this.#armed?.cancel()
    const delay = Math.max(0, next * resolution - this.#clock.monotonic())
    this.#armed = { bucket: next, cancel: this.#clock.setTimer(() => this.#ring(), delay) }
  }

  #ring(): void {
    this.#armed = undefined
    const now = this.#clock.monotonic()
    while (this.#order.length > 0 && (this.#order[0] ?? 0) * resolution <= now) {
      const bucket = this.#order.shift() ?? 0
      const alarms = this.#buckets.get(bucket)
      this.#buckets.delete(bucket)
      if (!alarms) continue
      for (const alarm of alarms) {
        // Cancelled or planned anew by one that rang before it.
        if (this.#bucketOf.get(alarm) !== bucket) continue
        this.#bucketOf.delete(alarm)
        alarm.onAlarm()
      }
    }
    this.#arm()
  }
}

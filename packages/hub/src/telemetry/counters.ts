/** What has happened since the hub started, in plain numbers: counting costs next to nothing, reading is metrics.ts's. */

/** How often something with certain labels happened. */
export interface TallyCell {
  count: number
}

/** How often something happened, by what it is labelled with. */
export class Tally {
  readonly #cells = new Map<string, TallyCell>()

  /** @param labels none of them holds a line feed */
  add(count: number, ...labels: readonly (string | number)[]): void {
    this.cell(...labels).count += count
  }

  /** Where it is counted, for what happens too often to be looked up each time. */
  cell(...labels: readonly (string | number)[]): TallyCell {
    const key = labels.length === 1 ? String(labels[0]) : labels.join('\n')
    let cell = this.#cells.get(key)
    if (!cell) this.#cells.set(key, (cell = { count: 0 }))
    return cell
  }

  get entries(): readonly { readonly labels: readonly string[]; readonly count: number }[] {
    return Array.from(this.#cells, ([key, { count }]) => ({ labels: key.split('\n'), count }))
  }
}

/** How long something took, in seconds: how often it was no longer than each of the bounds. */
export interface Duration {
  readonly labels: readonly string[]
  readonly sum: number
  readonly count: number
  /** One per bound, each with what the ones before hold. */
  readonly within: readonly number[]
}

export class Durations {
  /** Seconds, growing. */
  readonly bounds: readonly number[]
  readonly #entries = new Map<string, { sum: number; count: number; readonly counts: number[] }>()

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
  }

  /** @param labels none of them holds a line feed */
  add(milliseconds: number, ...labels: readonly string[]): void {
    const seconds = milliseconds / 1000
    const key = labels.length === 1 ? (labels[0] ?? '') : labels.join('\n')
    let entry = this.#entries.get(key)
    if (!entry) {
      entry = { sum: 0, count: 0, counts: this.bounds.map(() => 0) }
      this.#entries.set(key, entry)
    }
    entry.sum += seconds
    entry.count += 1
    const { bounds } = this
    for (let index = 0; index < bounds.length; index++) {
      if (seconds > (bounds[index] ?? 0)) continue
      entry.counts[index] = (entry.counts[index] ?? 0) + 1
      break
    }
  }

  get entries(): readonly Duration[] {
    return Array.from(this.#entries, ([key, { sum, count, counts }]) => {
      let total = 0
      return { labels: key.split('\n'), sum, count, within: counts.map((own) => (total += own)) }
    })
  }
}

/** Centrifugo's own bounds, so that what is drawn from its histograms can be drawn from these. */
const callBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const commandBounds = [0.0001, 0.00025, 0.0005, 0.001, ...callBounds]

export class Counters {
  /** By transport. */
  readonly accepted = new Tally()
  /** Connections that were turned away because there are as many as may be. */
  refusedByLimit = 0
  /** By the command's kind and the transport. */
  readonly received = new Tally()
  /** The same, in bytes. */
  readonly receivedBytes = new Tally()
  /** By what the message is and the transport; publications are counted by the fan-out. */
  readonly sent = new Tally()
  /** By the command's kind. */
  readonly commands = new Durations(commandBounds)
  /** By the command's kind and the code. */
  readonly replyErrors = new Tally()
  /** By code. */
  readonly disconnects = new Tally()
  /** By whether it succeeded and whether it brought publications, `yes` or `no`. */
  readonly recoveries = new Tally()
  /** By what was done. */
  readonly actions = new Tally()
  /** What went to the broker and what came from it, by what it is. */
  readonly toBroker = new Tally()
  readonly fromBroker = new Tally()
  /** Over HTTP, by method. */
  readonly apiCalls = new Durations(callBounds)
  /** By method and code. */
  readonly apiErrors = new Tally()
  /** By event and the proxy's name. */
  readonly proxyCalls = new Durations(callBounds)
  readonly proxyErrors = new Tally()
  readonly proxyInflight = new Tally()
}

/** What a run measured, as it is written to `results/<name>.json`: every table, picture and comparison is made from this. */
export interface Results {
  /** ISO 8601, the day. */
  readonly date: string
  /** Machine, versions of the tools, settings of the run: a line each. */
  readonly facts: readonly string[]
  /** In the order of the columns; the first is what is built here, and ratios are its figure over the other's. */
  readonly peers: readonly PeerFacts[]
  readonly scenarios: readonly ScenarioFacts[]
  readonly samples: readonly Sample[]
  /** What a reader must know of single figures: a load generator that was the bottleneck, for one. */
  readonly notes: readonly string[]
}

export interface PeerFacts {
  readonly name: string
  readonly title: string
  readonly version: string
  /** Its settings in a sentence. */
  readonly settings: string
}

/** A group of rows that are measured in the same way. */
export interface ScenarioFacts {
  readonly name: string
  readonly title: string
  /** What is done, in a sentence or two. */
  readonly about: string
  readonly rounds: number
  readonly metrics: readonly Metric[]
  /** The peer whose figures stand above those of the others in ratios. @default the run's first peer */
  readonly subject?: string
  /** What the rows' `x` counts, as a growth picture writes it below its axis: "subscribers". */
  readonly xTitle?: string
  readonly rows: readonly RowFacts[]
}

export interface RowFacts {
  readonly name: string
  readonly title: string
  /** Where the row stands on a growth picture: subscribers, channels. */
  readonly x?: number
}

export interface Metric {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly better: 'less' | 'more'
  /** Ratios of it are stable enough to be held against an earlier run: CPU and memory, not times. */
  readonly guarded: boolean
}

/** One figure of one peer in one round. */
export interface Sample {
  readonly scenario: string
  readonly row: string
  readonly metric: string
  readonly peer: string
  readonly round: number
  readonly value: number
}

import type { Bench } from '../bench.ts'
import type { Peer } from '../peers/peer.ts'
import type { Metric, RowFacts } from '../results.ts'

/** How long and how large a run is. */
export interface Settings {
  readonly rounds: number
  /** Seconds of each measurement, and of the load before it. */
  readonly seconds: number
  readonly warmUp: number
  /** Whether a first round goes before those that count, on servers that stay up. */
  readonly rehearses: boolean
  /** Multiplies every number of clients and channels; 1 but for tests. */
  readonly scale: number
  readonly cpuProfile?: string | undefined
}

/** Something that is measured, on every peer that can do it. */
export interface Scenario {
  readonly name: string
  readonly title: string
  /** What is done, in a sentence or two. */
  readonly about: string
  readonly metrics: readonly Metric[]
  /** The peer that the others are compared with. @default the run's first peer */
  readonly subject?: string
  /** What grows from row to row, for those that are drawn. */
  readonly xTitle?: string
  readonly stages: readonly Stage[]
}

/** What is up at the same time, so that it can be measured in turns. */
export interface Stage {
  readonly peers: readonly Peer[]
  readonly rows: readonly RowFacts[]
  /** At most so many rounds: for what is large, or hardly varies. */
  readonly maxRounds?: number
  /** It needs no rehearsal: `open` has brought the servers up to speed. */
  readonly isWarm?: boolean
  /** Each peer is started for its measurement and stopped after it: for what is about starting, or needs much memory. */
  readonly oneByOne?: boolean
  open(bench: Bench, peer: Peer): Promise<Contender>
}

/** A peer that is ready to be measured. */
export interface Contender {
  readonly version: string
  measure(row: string): Promise<Measured>
  close(): Promise<void>
}

export interface Measured {
  /** By the metric's name. */
  readonly figures: Readonly<Record<string, number>>
  /** The load generator held the run back, so that figures about speed are lower bounds. */
  readonly isLoadLimited?: boolean
}

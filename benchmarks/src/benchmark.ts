import { buildLoadGenerator, LoadGenerator, type RunResult } from './load-generator.ts'
import { type Cores, pinned, pinThisProcess } from './machine.ts'
import { burstSize, type Mode } from './modes.ts'
import { channel, payloadOf } from './payload.ts'
import type { Peer, RunningPeer } from './peers/peer.ts'

export interface Plan {
  peers: readonly Peer[]
  modes: readonly Mode[]
  rounds: number
  subscribers: number
  payloadBytes: number
  /** Seconds of each measurement, and of the load before it. */
  seconds: number
  warmUp: number
  /** Undefined pins nothing. */
  cores?: Cores | undefined
  cpuProfile?: string | undefined
}

export interface Measurement extends RunResult {
  peer: string
  mode: string
  round: number
}

export interface Outcome {
  /** By peer name. */
  versions: Record<string, string>
  measurements: Measurement[]
}

/** A peer that runs, with its subscribers. */
interface Contender {
  peer: Peer
  running: RunningPeer
  load: LoadGenerator
}

export type Progress = (text: string) => void

/** Owns every process of a run: `stop` ends them all, whatever state the run is in. */
export class Benchmark {
  readonly #plan: Plan
  readonly #progress: Progress
  readonly #toStop: { stop(): Promise<void> }[] = []
  #stopping: Promise<unknown> | undefined

  constructor(plan: Plan, progress: Progress) {
    this.#plan = plan
    this.#progress = progress
  }

  /** All pids of servers and load generators. */
  readonly pids: number[] = []

  /**
   * Measures round by round: in each round every mode, in each mode every peer right after the other, in an order that
   * turns. So whatever else the machine does meets all peers alike.
   */
  async run(): Promise<Outcome> {
    const { rounds, modes } = this.#plan
    const contenders = await this.#start()
    const measurements: Measurement[] = []
    for (let round = 1; round <= rounds; round++) {
      for (const mode of modes) {
        for (const contender of rotated(contenders, round - 1)) {
          measurements.push(await this.#measure(contender, mode, round))
        }
      }
    }
    const versions = Object.fromEntries(contenders.map(({ peer, running }) => [peer.name, running.version]))
    return { versions, measurements }
  }

  async stop(): Promise<void> {
    this.#stopping ??= Promise.allSettled(this.#toStop.toReversed().map((process) => process.stop()))
    await this.#stopping
  }

  async #start(): Promise<Contender[]> {
    const { peers, cores, subscribers, payloadBytes, cpuProfile } = this.#plan
    const program = await buildLoadGenerator()
    // The servers inherit the core from here. This process sleeps while something is measured.
    if (cores) await pinThisProcess(cores.server)
    const contenders: Contender[] = []
    for (const peer of peers) {
      this.#progress(`Starting ${peer.title}, ${subscribers} subscribers`)
      try {
        const running = await peer.start({ payload: payloadOf(payloadBytes), burst: burstSize, cpuProfile })
        this.#own(running, ...running.pids)
        const command = cores ? pinned(cores.load, program) : ([program] as const)
        const load = await LoadGenerator.connect(command, running, channel, subscribers)
        this.#own(load, load.pid)
        contenders.push({ peer, running, load })
      } catch (error) {
        throw new Error(`${peer.title} can't be measured: ${messageOf(error)}`, { cause: error })
      }
    }
    return contenders
  }

  #own(process: { stop(): Promise<void> }, ...pids: number[]): void {
    this.#toStop.push(process)
    this.pids.push(...pids)
  }

  async #measure({ peer, running, load }: Contender, mode: Mode, round: number): Promise<Measurement> {
    const { subscribers, seconds, warmUp } = this.#plan
    try {
      const request = { ...mode.request(running, subscribers), warmUp, seconds, pids: running.pids }
      const result = await load.run(request)
      this.#progress(
        `round ${round} ${mode.name.padEnd(5)} ${peer.name.padEnd(10)} ` +
          `${((result.serverCpu / result.deliveries) * 1e6).toPrecision(3)} CPU-s per million deliveries`,
      )
      return { peer: peer.name, mode: mode.name, round, ...result }
    } catch (error) {
      throw new Error(`${peer.title}, ${mode.name}, round ${round}: ${messageOf(error)}`, { cause: error })
    }
  }
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const shift = by % items.length
  return [...items.slice(shift), ...items.slice(0, shift)]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

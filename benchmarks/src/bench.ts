import { buildGoProgram } from './go-program.ts'
import { LoadGenerator } from './load-generator.ts'
import { type Cores, pinned, pinProcess } from './machine.ts'
import type { Peer, RunningPeer, StartOptions } from './peers/peer.ts'
import type { Results, Sample, ScenarioFacts } from './results.ts'
import type { Contender, Scenario, Settings, Stage } from './scenarios/scenario.ts'

export type Progress = (text: string) => void

interface Stoppable {
  stop(): Promise<void>
}

/** Owns every process of a run: `stop` ends them all, whatever state the run is in. */
export class Bench {
  readonly settings: Settings
  readonly #cores: Cores | undefined
  readonly #progress: Progress
  readonly #processes = new Set<Stoppable>()
  readonly #versions = new Map<string, string>()
  #stopping: Promise<unknown> | undefined
  /** All pids of servers and load generators that were ever started. */
  readonly pids: number[] = []

  /** @param cores undefined pins nothing */
  constructor(settings: Settings, cores: Cores | undefined, progress: Progress) {
    this.settings = settings
    this.#cores = cores
    this.#progress = progress
  }

  /** @param only leaves out all other peers */
  async run(
    scenarios: readonly Scenario[],
    only: readonly Peer[],
  ): Promise<Pick<Results, 'scenarios' | 'samples' | 'notes'> & { versions: ReadonlyMap<string, string> }> {
    // The servers inherit the core from here. This process sleeps while something is measured.
    if (this.#cores) await pinProcess(process.pid, this.#cores.server)
    const samples: Sample[] = []
    const limited: string[] = []
    const facts: ScenarioFacts[] = []
    for (const { stages, ...scenario } of scenarios) {
      const rows = []
      let most = 0
      for (const stage of stages) {
        const peers = stage.peers.filter((peer) => only.includes(peer))
        if (peers.length === 0) continue
        rows.push(...stage.rows)
        const rounds = Math.min(this.settings.rounds, stage.maxRounds ?? Infinity)
        most = Math.max(most, rounds)
        for await (const { row, peer, round, measured } of this.#measure({ ...stage, peers }, rounds)) {
          if (round === 0) {
            this.#progress(`${scenario.name} ${row}, rehearsal, ${peer.name}`)
            continue
          }
          const entries = scenario.metrics.flatMap(({ name: metric }) => {
            const value = measured.figures[metric]
            return value === undefined ? [] : [{ scenario: scenario.name, row, metric, peer: peer.name, round, value }]
          })
          samples.push(...entries)
          if (measured.isLoadLimited) limited.push(`${scenario.title}, ${row}, ${peer.title}`)
          const shown = entries.map(({ metric, value }) => `${metric} ${value.toPrecision(3)}`)
          this.#progress(`${scenario.name} ${row}, round ${round}, ${peer.name}: ${shown.join(', ')}`)
        }
      }
      facts.push({ ...scenario, rows, rounds: most })
    }
    const notes = Array.from(
      new Set(limited),
      (what) =>
        `${what}: the load generator was the bottleneck, so what is said of speed is a lower bound (CPU is not affected).`,
    )
    return { scenarios: facts, samples, notes, versions: this.#versions }
  }

  /**
   * Round by round: in each round every row, in each row every peer right after the other, in an order that turns. So
   * whatever else the machine does meets all peers alike. Round 0 is a rehearsal: V8 compiles while it runs.
   */
  async *#measure(stage: Stage, rounds: number) {
    const { peers, rows, oneByOne = false, isWarm = oneByOne } = stage
    const contenders = oneByOne ? [] : await this.#openAll(stage)
    for (let round = this.settings.rehearses && !isWarm ? 0 : 1; round <= rounds; round++) {
      if (oneByOne) {
        for (const peer of rotated(peers, round)) {
          const contender = await this.#open(stage, peer)
          for (const { name } of rows) yield { row: name, peer, round, measured: await measure(peer, contender, name) }
          await contender.close()
        }
        continue
      }
      for (const { name } of rows) {
        for (const { peer, contender } of rotated(contenders, round)) {
          yield { row: name, peer, round, measured: await measure(peer, contender, name) }
        }
      }
    }
    for (const { contender } of contenders) await contender.close()
  }

  async #openAll(stage: Stage) {
    const contenders = []
    for (const peer of stage.peers) contenders.push({ peer, contender: await this.#open(stage, peer) })
    return contenders
  }

  async #open(stage: Stage, peer: Peer): Promise<Contender> {
    try {
      const contender = await stage.open(this, peer)
      this.#versions.set(peer.name, contender.version)
      return contender
    } catch (error) {
      throw new Error(
        `${peer.title} can't be measured (${stage.rows.map(({ name }) => name).join(', ')}): ${messageOf(error)}`,
        { cause: error },
      )
    }
  }

  /** So many of them, at the run's scale; at least one. */
  size(count: number): number {
    return Math.max(1, Math.round(count * this.settings.scale))
  }

  async start(peer: Peer, options: StartOptions = {}): Promise<RunningPeer> {
    const running = await peer.start({ cpuProfile: this.settings.cpuProfile, ...options })
    return this.#own(running, ...running.pids)
  }

  /** From now on the server may use the load generator's core, too. */
  async unpin({ pids }: RunningPeer): Promise<void> {
    if (!this.#cores) return
    for (const pid of pids) await pinProcess(pid, this.#cores.server, this.#cores.load)
  }

  async #loadGenerator(): Promise<LoadGenerator> {
    const program = await buildGoProgram('loadgen')
    const load = await LoadGenerator.start(this.#cores ? pinned(this.#cores.load, program) : [program])
    return this.#own(load, load.pid)
  }

  /** A server and the load generator that is to be pointed at it; `close` ends both. */
  async startWithLoad(
    peer: Peer,
    options: StartOptions = {},
  ): Promise<{ running: RunningPeer; load: LoadGenerator; close: () => Promise<void> }> {
    const running = await this.start(peer, options)
    const load = await this.#loadGenerator()
    const close = async (): Promise<void> => {
      await this.end(load)
      await this.end(running)
    }
    return { running, load, close }
  }

  #own<T extends Stoppable>(process: T, ...pids: number[]): T {
    this.#processes.add(process)
    this.pids.push(...pids)
    return process
  }

  /** Ends one server or load generator. */
  async end(process: Stoppable): Promise<void> {
    await process.stop()
    this.#processes.delete(process)
  }

  async stop(): Promise<void> {
    this.#stopping ??= Promise.allSettled([...this.#processes].toReversed().map((process) => process.stop()))
    await this.#stopping
  }
}

async function measure(peer: Peer, contender: Contender, row: string) {
  try {
    return await contender.measure(row)
  } catch (error) {
    throw new Error(`${peer.title}, ${row}: ${messageOf(error)}`, { cause: error })
  }
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const shift = by % items.length
  return [...items.slice(shift), ...items.slice(0, shift)]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

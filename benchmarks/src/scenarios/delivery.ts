import type { Bench } from '../bench.ts'
import type { EngineOptions } from '../engine-config.ts'
import type { RunRequest, RunResult } from '../load-generator.ts'
import { cpuPer, latency, rateOf } from '../metrics.ts'
import type { Mode } from '../modes.ts'
import { channel, payloadOf } from '../payload.ts'
import type { Peer, RunningPeer, Wire } from '../peers/peer.ts'
import type { Contender, Measured, Stage } from './scenario.ts'

/** Above this share of its core a process is what holds the run back. */
const busy = 0.9

export const deliveryMetrics = [
  cpuPer('delivery'),
  rateOf('deliveries'),
  latency('p50', 'Latency at a fixed rate, median'),
  latency('p99', 'Latency at a fixed rate, 99 % within'),
]

/** Subscribers of one channel, and how they are published to. */
export interface Audience {
  readonly subscribers: number
  readonly payloadBytes: number
  readonly engine?: EngineOptions
  /** Another than the peer's own. */
  readonly wire?: Wire
}

/** A stage of one audience and several modes; `prefix` begins the rows' names and titles. */
export function audienceStage(
  peers: readonly Peer[],
  modes: readonly Mode[],
  audience: Audience,
  prefix: { name: string; title: string },
  more: Pick<Stage, 'maxRounds'> & { x?: number } = {},
): Stage {
  const { x, ...rest } = more
  const rowName = ({ name }: Mode): string => `${prefix.name}-${name}`
  return {
    peers,
    ...rest,
    rows: modes.map((mode) => ({
      name: rowName(mode),
      title: `${prefix.title}, ${mode.title}`,
      ...(x === undefined ? {} : { x }),
    })),
    async open(bench, peer) {
      const payload = payloadOf(audience.payloadBytes)
      const subscribers = bench.size(audience.subscribers)
      const { running, contender } = await openAudience(bench, peer, { ...audience, subscribers })
      return contender((row) => {
        const mode = modes.find((one) => rowName(one) === row)
        if (!mode) throw new Error(`no row ${row}`)
        return { ...mode.request(running, payload, subscribers), lasts: mode.lasts ?? 1 }
      })
    },
  }
}

/** Starts the server and connects its subscribers. */
export async function openAudience(
  bench: Bench,
  peer: Peer,
  {
    subscribers,
    engine = {},
    wire,
    spread = false,
  }: Pick<Audience, 'subscribers' | 'engine' | 'wire'> & { spread?: boolean },
): Promise<{
  running: RunningPeer
  contender: (requestOf: (row: string) => Request, figures?: (result: RunResult) => Measured) => Contender
}> {
  const { running, load, close } = await bench.startWithLoad(peer, engine)
  await load.connect({ ...endpointOf(running, wire), channel, subscribers, spread })
  return {
    running,
    contender: (requestOf, figures = deliveryFigures) => ({
      version: running.version,
      async measure(row) {
        const { warmUp, seconds } = bench.settings
        const { lasts = 1, ...request } = requestOf(row)
        return figures(await load.run({ warmUp, seconds: seconds * lasts, pids: running.pids, ...request }))
      },
      close,
    }),
  }
}

type Request = Pick<RunRequest, 'call' | 'window' | 'rate' | 'everyone' | 'address' | 'pages'> & {
  readonly lasts?: number
}

/** Where and how the load generator connects to it. */
export function endpointOf(running: RunningPeer, wire = running.wire) {
  const path = running.paths[wire]
  if (path === undefined) throw new Error(`it does not speak ${wire}`)
  return { address: running.address, path, wire, tokenKey: running.tokenKey }
}

export function deliveryFigures(result: RunResult): Measured {
  const { deliveries, seconds, serverCpu, p50, p99 } = result
  return {
    figures: {
      cpu: (serverCpu / deliveries) * 1e6,
      // In an open loop the rate is given, in a closed one the latency follows from the rate.
      ...(p50 === undefined ? { rate: deliveries / seconds } : { p50: p50 / 1000, p99: (p99 ?? 0) / 1000 }),
    },
    isLoadLimited: isLoadLimited(result),
  }
}

export function isLoadLimited({
  serverCpu,
  loadgenCpu,
  seconds,
}: Pick<RunResult, 'serverCpu' | 'loadgenCpu' | 'seconds'>): boolean {
  return loadgenCpu / seconds > busy && loadgenCpu > serverCpu
}

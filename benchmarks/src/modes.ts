import type { RunningPeer } from './peers/peer.ts'
import type { RunRequest } from './load-generator.ts'

/** Deliveries per second of the open loop: a moderate load for every peer. */
const openLoopRate = 20_000

export const burstSize = 100

export interface Mode {
  readonly name: string
  readonly description: string
  /** Latency is taken: in an open loop only, where a slow server can't slow the questions down. */
  readonly latency: boolean
  request(peer: RunningPeer, subscribers: number): Pick<RunRequest, 'call' | 'window' | 'rate'>
}

export const modes: readonly Mode[] = [
  {
    name: 'win1',
    description: 'one publish outstanding',
    latency: false,
    request: (peer) => ({ call: peer.publish, window: 1, rate: 0 }),
  },
  {
    name: 'win8',
    description: 'eight publishes outstanding',
    latency: false,
    request: (peer) => ({ call: peer.publish, window: 8, rate: 0 }),
  },
  {
    name: 'burst',
    description: `bursts of ${burstSize}, one outstanding`,
    latency: false,
    request: (peer) => ({ call: peer.burst, window: 1, rate: 0 }),
  },
  {
    name: 'seq',
    description: `open loop, ${openLoopRate.toLocaleString('en')} deliveries/s`,
    latency: true,
    request: (peer, subscribers) => ({ call: peer.publish, window: 1, rate: openLoopRate / subscribers }),
  },
]

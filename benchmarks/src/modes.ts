import { burstCall, publishCall } from './peers/calls.ts'
import type { RunningPeer } from './peers/peer.ts'
import type { RunRequest } from './load-generator.ts'

/** Deliveries per second of the open loop: a moderate load for every peer. */
const openLoopRate = 20_000

export interface Mode {
  readonly name: string
  readonly title: string
  /** So many times as long as the others. */
  readonly lasts?: number
  request(peer: RunningPeer, payload: string, subscribers: number): Pick<RunRequest, 'call' | 'window' | 'rate'>
}

const windowOf = (window: number, name: string, title: string): Mode => ({
  name,
  title,
  request: (_, payload) => ({ call: publishCall(payload), window, rate: 0 }),
})

const burstOf = (size: number): Mode => ({
  name: 'burst',
  title: `bursts of ${size}`,
  request: (peer, payload) => ({ call: burstCall(peer, payload, size), window: 1, rate: 0 }),
})

export const win1 = windowOf(1, 'win1', 'one publish outstanding')
export const win8 = windowOf(8, 'win8', 'eight publishes outstanding')
export const burst = burstOf(100)
/** For many subscribers: a burst of 100 would be more than their sockets take at once. */
export const shortBurst = burstOf(20)
/** Latency is taken here only, where a slow server can't slow the questions down. */
export const seq: Mode = {
  name: 'seq',
  title: `open loop, ${openLoopRate.toLocaleString('en')} deliveries/s`,
  // With 5,000 subscribers four publications a second make the rate: too few for percentiles in the usual time.
  lasts: 4,
  request: (_, payload, subscribers) => ({
    call: publishCall(payload),
    window: 1,
    // A publication has as many deliveries as there are subscribers.
    rate: openLoopRate / subscribers,
  }),
}

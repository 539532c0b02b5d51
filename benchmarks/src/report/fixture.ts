import type { Metric, PeerFacts, Results, RowFacts, Sample, ScenarioFacts } from '../results.ts'

const perDelivery: Metric = { name: 'cpu', title: 'Server CPU per delivery', unit: 'µs', better: 'less', guarded: true }
const rate: Metric = { name: 'rate', title: 'Deliveries', unit: 'per second', better: 'more', guarded: false }
const memory: Metric = { name: 'rss', title: 'Memory of a connection', unit: 'KB', better: 'less', guarded: true }

const sizes = [100, 1_000, 5_000]
const modes = [
  {
    name: 'win1',
    title: 'one publish outstanding',
    cpu: { hub: [4.7, 4.6, 10.2], centrifugo: [5.5, 11, 18], 'socket.io': [9.8, 13.1, 18.1], ws: [6.6, 6.7, 9.9] },
  },
  {
    name: 'burst',
    title: 'bursts of 100',
    cpu: { hub: [0.075, 0.06, 0.5], centrifugo: [1.02, 1.2, 6.2], 'socket.io': [5.4, 5.7, 7.6], ws: [5.2, 5.4, 7] },
  },
]
const idle = { hub: 5.4, centrifugo: 27.7, 'socket.io': 22.8, ws: 9.1 }

/** The rounds differ by a few percent, for all peers alike: figures move while ratios hold still. */
const noise = [0.95, 1, 1.1]

const peers: PeerFacts[] = [
  { name: 'hub', title: 'Backchannel hub', version: '0.1.0', settings: 'memory broker' },
  { name: 'centrifugo', title: 'Centrifugo', version: '6.9.1', settings: 'memory engine' },
  { name: 'socket.io', title: 'Socket.IO', version: '4.8.4', settings: 'WebSocket only' },
  { name: 'ws', title: 'ws', version: '8.21.1', settings: 'one shared buffer' },
]

const fanOut: ScenarioFacts = {
  name: 'fan-out',
  title: 'Fan-out',
  about: 'One channel, everybody subscribed.',
  rounds: noise.length,
  metrics: [perDelivery, rate],
  xTitle: 'subscribers',
  rows: modes.flatMap(({ name, title }) =>
    sizes.map((x): RowFacts => {
      const row = { name: `${x}-128-${name}`, title: `${x} subscribers, ${title}` }
      return name === 'win1' ? { ...row, x } : row
    }),
  ),
}

const idleConnections: ScenarioFacts = {
  name: 'idle',
  title: 'Idle connections',
  about: 'Connected, subscribed, silent.',
  rounds: noise.length,
  metrics: [memory],
  rows: [{ name: '10000', title: '10,000 connections' }],
}

function rounds(cell: Omit<Sample, 'round' | 'value'>, median: number): Sample[] {
  return noise.map((factor, round) => ({ ...cell, round, value: median * factor }))
}

const samples = [
  ...modes.flatMap(({ name: mode, cpu }) =>
    Object.entries(cpu).flatMap(([peer, figures]) =>
      figures.flatMap((figure, index) => {
        const row = `${sizes[index]}-128-${mode}`
        return [
          ...rounds({ scenario: 'fan-out', row, metric: 'cpu', peer }, figure),
          ...rounds({ scenario: 'fan-out', row, metric: 'rate', peer }, 1e6 / figure),
        ]
      }),
    ),
  ),
  ...Object.entries(idle).flatMap(([peer, figure]) =>
    rounds({ scenario: 'idle', row: '10000', metric: 'rss', peer }, figure),
  ),
]

/** A run of two scenarios with four peers, as the tests change it. */
export const example: Results = {
  date: '2026-11-21',
  facts: ['two cores'],
  peers,
  scenarios: [fanOut, idleConnections],
  samples,
  notes: ['the load generator was the bottleneck of ws'],
}

import type { Metric, PeerFacts, Results } from '../results.ts'
import { type Cell, Figures } from './figures.ts'
import { figure, table } from './markdown.ts'

/** A figure that stands for the rest, with what it should be. */
export interface HeadlineEntry extends Cell {
  readonly title: string
  /** By peer: what the ratio of the first peer's figure to this one's is meant to reach. */
  readonly targets?: Readonly<Record<string, number>>
}

export const headlineEntries: readonly HeadlineEntry[] = [
  { scenario: 'fan-out', row: '1000-128-win1', metric: 'cpu', title: 'A delivery: 1,000 subscribers, one at a time' },
  { scenario: 'fan-out', row: '1000-128-win8', metric: 'cpu', title: 'A delivery: 1,000 subscribers, eight at a time' },
  {
    scenario: 'fan-out',
    row: '1000-128-burst',
    metric: 'cpu',
    title: 'A delivery: bursts of 100 (Centrifugo: HTTP batch)',
  },
  { scenario: 'fan-out', row: '1000-128-seq', metric: 'cpu', title: 'A delivery: 1,000 subscribers, fixed rate' },
  { scenario: 'personal', row: '10000', metric: 'cpu', title: 'A channel of a broadcast to 10,000' },
  { scenario: 'http-publish', row: 'win8', metric: 'cpu', title: 'A publish over HTTP, nobody subscribed' },
  { scenario: 'connect', row: '5000', metric: 'cpu', title: 'A client that connects and subscribes' },
  { scenario: 'idle', row: '10000', metric: 'rss', title: 'An idle connection: memory' },
  {
    scenario: 'fan-out',
    row: '1000-128-win8',
    metric: 'rate',
    title: 'Deliveries per second, eight publishes outstanding, one core',
  },
]

const engines = ['centrifugo', 'socket-io'] as const
const others = [...engines, 'centrifugo-protobuf', 'ws-naive', 'ws-shared', 'crossws'] as const

function each(peers: readonly string[], ratio: number): Record<string, number> {
  return Object.fromEntries(peers.map((name) => [name, ratio]))
}

/** What the hub is meant to reach beside the others, for the page about performance. */
export const targetEntries: readonly HeadlineEntry[] = [
  ...(
    [
      ['100-128-win1', '100 subscribers, one at a time', { centrifugo: 0.9 }],
      ['1000-128-win1', '1,000 subscribers, one at a time', { ...each(engines, 0.45), 'ws-shared': 0.8 }],
      ['5000-128-win1', '5,000 subscribers, one at a time', { centrifugo: 0.65 }],
      ['1000-128-seq', '1,000 subscribers, 20,000 deliveries/s', each(engines, 0.6)],
      ['1000-128-win8', '1,000 subscribers, eight at a time', { centrifugo: 0.2, 'socket-io': 0.1 }],
      ['1000-128-burst', '1,000 subscribers, bursts of 100', { centrifugo: 0.07, 'socket-io': 0.015, floor: 1.5 }],
    ] as const
  ).map(([row, title, targets]) => ({ scenario: 'fan-out', row, metric: 'cpu', title: `CPU, ${title}`, targets })),
  ...(['win1', 'win8', 'burst'] as const).map((mode) => ({
    scenario: 'fan-out',
    row: `1000-128-${mode}`,
    metric: 'rate',
    title: `Deliveries per second, one core, ${mode}`,
    targets: each(others, 1),
  })),
  ...([100, 1000, 5000] as const).map((subscribers) => ({
    scenario: 'fan-out',
    row: `${subscribers}-128-seq`,
    metric: 'p99',
    title: `p99 at 20,000 deliveries/s, ${subscribers.toLocaleString('en')} subscribers`,
    targets: each(engines, 1),
  })),
  { scenario: 'idle', row: '10000', metric: 'rss', title: 'An idle connection', targets: { centrifugo: 0.45 } },
  {
    scenario: 'idle',
    row: '10000-saving',
    metric: 'rss',
    title: 'An idle connection, settings that save memory',
    targets: { centrifugo: 0.45 },
  },
  {
    scenario: 'connect',
    row: '5000',
    metric: 'cpu',
    title: 'Connect and subscribe',
    targets: { centrifugo: 1.5, 'socket-io': 0.6 },
  },
  {
    scenario: 'personal',
    row: '10000',
    metric: 'cpu',
    title: 'A personal channel of 10,000',
    targets: { centrifugo: 1 },
  },
  { scenario: 'personal', row: '10000', metric: 'time', title: 'All 10,000 of them', targets: { centrifugo: 1 } },
  ...([1, 8] as const).map((window) => ({
    scenario: 'http-publish',
    row: `win${window}`,
    metric: 'cpu',
    title: `A publish over HTTP, ${window} outstanding`,
    targets: { centrifugo: 1.3 },
  })),
]

/** An entry that was measured, with the metric it is in. */
export interface MeasuredEntry {
  readonly entry: HeadlineEntry
  readonly metric: Metric
}

/** The entries of which the run has samples. */
export function measuredEntries(results: Results, entries: readonly HeadlineEntry[]): MeasuredEntry[] {
  const figures = new Figures(results)
  return entries.flatMap((entry) => {
    const metric = results.scenarios
      .find(({ name }) => name === entry.scenario)
      ?.metrics.find(({ name }) => name === entry.metric)
    const measured = results.peers.some(({ name }) => figures.spread(entry, name) !== undefined)
    return metric !== undefined && measured ? [{ entry, metric }] : []
  })
}

/** The short table, as Markdown: an entry to a line, a peer to a column, and targets with whether they were reached. */
export function headline(results: Results, entries: readonly HeadlineEntry[] = headlineEntries): string {
  const figures = new Figures(results)
  const measured = measuredEntries(results, entries)
  const peers = results.peers.filter(({ name }) =>
    measured.some(({ entry }) => figures.spread(entry, name) !== undefined),
  )
  const first = results.peers[0]
  const withTargets = measured.some(({ entry }) => entry.targets !== undefined)
  const lines = measured.map(({ entry, metric }) => [
    `${entry.title} (${metric.unit})`,
    ...peers.map((peer) => cellText(figures, entry, first, peer)),
    ...(withTargets ? [targetsText(figures, results, { entry, metric })] : []),
  ])
  const head = ['', ...peers.map(({ title }) => title), ...(withTargets ? ['Targets'] : [])]
  return [
    table(head, lines),
    `Medians of ${results.date}. In brackets: ${first?.title ?? ''} over the other, within a round.`,
  ].join('\n\n')
}

function cellText(figures: Figures, entry: HeadlineEntry, first: PeerFacts | undefined, peer: PeerFacts): string {
  const measured = figures.spread(entry, peer.name)
  if (measured === undefined) return ''
  if (peer === first) return `**${figure(measured.median)}**`
  const ratio = first && figures.ratio(entry, first.name, peer.name)
  return ratio === undefined ? figure(measured.median) : `${figure(measured.median)} (${figure(ratio.median)} ×)`
}

function targetsText(figures: Figures, { peers }: Results, { entry, metric }: MeasuredEntry): string {
  const [first, ...others] = peers
  return others
    .flatMap(({ name, title }) => {
      const target = entry.targets?.[name]
      const ratio = first && figures.ratio(entry, first.name, name)?.median
      if (target === undefined || ratio === undefined) return []
      const reached = metric.better === 'less' ? ratio <= target : ratio >= target
      return [`${title} ${metric.better === 'less' ? '≤' : '≥'} ${figure(target)} ×: ${reached ? 'reached' : 'missed'}`]
    })
    .join(', ')
}

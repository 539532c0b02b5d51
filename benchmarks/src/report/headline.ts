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
  { scenario: 'fan-out', row: '1000-128-burst', metric: 'cpu', title: 'A delivery: 1,000 subscribers, bursts of 100' },
  { scenario: 'fan-out', row: '1000-128-seq', metric: 'cpu', title: 'A delivery: 1,000 subscribers, fixed rate' },
  { scenario: 'personal', row: '10000', metric: 'cpu', title: 'A channel of a broadcast to 10,000' },
  { scenario: 'http-publish', row: 'win8', metric: 'cpu', title: 'A publish over HTTP, nobody subscribed' },
  { scenario: 'connect', row: '5000', metric: 'cpu', title: 'A client that connects and subscribes' },
  { scenario: 'idle', row: '10000', metric: 'rss', title: 'An idle connection: memory' },
  { scenario: 'fan-out', row: '1000-128-win8', metric: 'rate', title: 'Deliveries at most, 1,000 subscribers' },
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

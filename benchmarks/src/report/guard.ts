import type { Metric, Results } from '../results.ts'
import { type Cell, Figures } from './figures.ts'
import { figure } from './markdown.ts'

/**
 * How much worse a ratio may be than it was. On a shared machine of two cores the ratios of single rounds lie up to a
 * factor of 1.16 from their median, even with the peers side by side. A short run is little more than one round, and so
 * may the earlier one have been off, the other way: 1.16 twice.
 */
const tolerance = 1.35

interface GuardedCell {
  readonly scenario: string
  readonly row: string
  readonly metric: Metric
}

/** The first peer's figure over another's, in an earlier run and in this one. */
export interface GuardLine extends Cell {
  readonly peer: string
  /** undefined: that run has no round with a figure of both peers. */
  readonly before: number | undefined
  readonly now: number | undefined
  /** Above 1 it has become worse, whichever way is better; undefined where a run has no ratio. */
  readonly change: number | undefined
  /** By more than two runs of the same programs differ. */
  readonly worse: boolean
}

/**
 * Holds the ratios of a run against those of an earlier one. Never the figures: they are the machine's.
 *
 * @param isPart this run was not to measure everything: what only the earlier one has says nothing
 * @returns a line for each guarded ratio that either of them has
 */
export function compare(committed: Results, now: Results, isPart = false): GuardLine[] {
  const [earlier, later] = [new Figures(committed), new Figures(now)]
  const first = now.peers[0]?.name
  if (first === undefined) return []
  const runs = isPart ? [now] : [now, committed]
  const peers = new Set(runs.flatMap((run) => run.peers.map(({ name }) => name)))
  peers.delete(first)
  return guardedCells(runs).flatMap(({ scenario, row, metric }) =>
    [...peers].flatMap((peer): GuardLine[] => {
      const cell = { scenario, row, metric: metric.name }
      const ratioBefore = earlier.ratio(cell, first, peer)?.median
      const ratioNow = later.ratio(cell, first, peer)?.median
      if (ratioBefore === undefined && ratioNow === undefined) return []
      const line = { ...cell, peer, before: ratioBefore, now: ratioNow }
      if (ratioBefore === undefined || ratioNow === undefined) return [{ ...line, change: undefined, worse: false }]
      const change = metric.better === 'less' ? ratioNow / ratioBefore : ratioBefore / ratioNow
      return [{ ...line, change, worse: change > tolerance }]
    }),
  )
}

/** What the comparison found, for a terminal: the worst first, how many there were, what could not be compared. */
export function guardReport(lines: readonly GuardLine[]): string {
  const compared = lines
    .flatMap((line) => (line.change === undefined ? [] : [{ ...line, change: line.change }]))
    .toSorted((one, other) => other.change - one.change)
  const worse = compared.filter((line) => line.worse)
  const shown = compared.slice(0, Math.max(worse.length, 5))
  return [
    verdict(compared.length, worse.length),
    ...shown.map(
      (line) =>
        `  ${line.worse ? 'WORSE' : 'fine '}  ${titleOf(line)}: ` +
        `${figure(line.before ?? 0)} before, ${figure(line.now ?? 0)} now (× ${line.change.toFixed(2)})`,
    ),
    ...missing(lines),
  ].join('\n')
}

function verdict(compared: number, worse: number): string {
  if (compared === 0) return 'No ratio was compared: the two runs have no guarded figures of the same peers in common.'
  return worse === 0
    ? `${compared} ratios compared, none is worse than before by more than a factor of ${tolerance}.`
    : `${compared} ratios compared, ${worse} worse than before by more than a factor of ${tolerance}:`
}

const titleOf = ({ scenario, row, metric, peer }: GuardLine) => `${scenario} ${row}, ${metric}, against ${peer}`

/** By scenario and peer, since a short run leaves most rows out. */
function missing(lines: readonly GuardLine[]): string[] {
  const groups = new Map<string, GuardLine[]>()
  for (const line of lines) {
    if (line.change !== undefined) continue
    const group = `${line.scenario} against ${line.peer}, ${line.now === undefined ? 'only in the earlier run' : 'only in this run'}`
    groups.set(group, [...(groups.get(group) ?? []), line])
  }
  if (groups.size === 0) return []
  return [
    'Not compared:',
    ...[...groups].map(([group, members]) => `  ${group}: ${members.map((it) => `${it.row} ${it.metric}`).join(', ')}`),
  ]
}

/** Every row of every guarded metric. Where the runs say different things of a metric, the first one counts. */
function guardedCells(runs: readonly Results[]): GuardedCell[] {
  const cells = new Map<string, GuardedCell>()
  for (const { scenarios } of runs) {
    for (const { name: scenario, metrics, rows } of scenarios) {
      for (const metric of metrics) {
        for (const row of rows) {
          const key = JSON.stringify([scenario, row.name, metric.name])
          if (!cells.has(key)) cells.set(key, { scenario, row: row.name, metric })
        }
      }
    }
  }
  return [...cells.values()].filter(({ metric }) => metric.guarded)
}

import type { Metric, PeerFacts, Results, ScenarioFacts } from '../results.ts'
import { Figures } from './figures.ts'
import { spread, table } from './markdown.ts'

/** Everything that a run measured, as Markdown: a table for each metric of each scenario, then what was compared. */
export function tables(results: Results): string {
  const figures = new Figures(results)
  return [
    `Measured on ${results.date}. Medians of the rounds, lowest–highest in brackets. Ratios are taken within a round.`,
    ...results.scenarios.flatMap((scenario) => section(results, scenario, figures)),
    '## Peers',
    list(results.peers.map(({ title, version, settings }) => `${title} ${version}: ${settings}`)),
    ...(results.notes.length === 0 ? [] : ['## Notes', list(results.notes)]),
    '## Machine and run',
    list(results.facts),
  ]
    .join('\n\n')
    .concat('\n')
}

function section(results: Results, scenario: ScenarioFacts, figures: Figures): string[] {
  const measured = new Set(results.samples.filter((it) => it.scenario === scenario.name).map(({ peer }) => peer))
  const peers = results.peers.filter(({ name }) => measured.has(name))
  if (peers.length === 0) return []
  const subject = peers.find(({ name }) => name === (scenario.subject ?? results.peers[0]?.name))
  const rounds = `${scenario.rounds} ${scenario.rounds === 1 ? 'round' : 'rounds'}.`
  return [
    `## ${scenario.title}`,
    `${scenario.about} ${rounds}`,
    ...scenario.metrics.flatMap((metric) => metricTable(scenario, metric, peers, subject, figures)),
  ]
}

function metricTable(
  { name: scenario, rows }: ScenarioFacts,
  metric: Metric,
  peers: readonly PeerFacts[],
  first: PeerFacts | undefined,
  figures: Figures,
): string[] {
  const others = first === undefined ? [] : peers.filter((peer) => peer !== first)
  const lines = rows.flatMap((row) => {
    const cell = { scenario, row: row.name, metric: metric.name }
    const measured = peers.map((peer) => figures.spread(cell, peer.name))
    // A row that this metric says nothing of, such as the latency of a closed loop.
    if (measured.every((it) => it === undefined)) return []
    const ratios = others.map((peer) => first && figures.ratio(cell, first.name, peer.name))
    return [
      [
        row.title,
        ...measured.map((it) => (it === undefined ? '' : spread(it))),
        ...ratios.map((it) => (it === undefined ? '' : `**${spread(it)}**`)),
      ],
    ]
  })
  if (lines.length === 0) return []
  const head = ['', ...peers.map(({ title }) => title), ...others.map(({ name }) => `${first?.name} / ${name}`)]
  return [`**${metric.title}**, ${metric.unit}; ${metric.better} is better`, table(head, lines)]
}

const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join('\n')

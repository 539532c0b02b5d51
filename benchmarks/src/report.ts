import type { Measurement, Outcome, Plan } from './benchmark.ts'
import { type Spread, spreadOf } from './stats.ts'

/** Above this share of its core a process is what holds the run back. */
const busy = 0.9

/** What the run says, as Markdown: CPU per delivery with ratios, then the indications. */
export function report(plan: Plan, outcome: Outcome, facts: readonly string[]): string {
  const { subscribers, payloadBytes, rounds, seconds, warmUp } = plan
  return [
    `Fan-out of one channel to ${subscribers} subscribers, ${payloadBytes} bytes of JSON. ` +
      `Median of ${rounds} interleaved ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s after ${warmUp} s of warm-up, lowest–highest in brackets.`,
    '',
    '**Server CPU seconds per million deliveries**, whole process, HTTP publish included',
    '',
    ...cpuTable(plan, outcome),
    '',
    '**Indications** (they depend on the machine more than the figures above)',
    '',
    ...indicationTable(plan, outcome),
    '',
    ...notes(plan, outcome),
    ...plan.peers.map((peer) => `- ${peer.title} ${outcome.versions[peer.name]}: ${peer.settings}`),
    ...facts.map((fact) => `- ${fact}`),
    '',
  ].join('\n')
}

export const cpuPerMillion = ({ serverCpu, deliveries }: Measurement): number => (serverCpu / deliveries) * 1e6

function cpuTable({ peers, modes }: Plan, outcome: Outcome): string[] {
  const [subject, ...others] = peers
  const head = [
    'mode',
    ...peers.map(({ title }) => title),
    ...others.map(({ title }) => `${subject?.title} / ${title}`),
  ]
  const rows = modes.map((mode) => {
    const of = (peer: string) => select(outcome, peer, mode.name)
    return [
      `${mode.name}: ${mode.description}`,
      ...peers.map(({ name }) => format(spreadOf(of(name).map(cpuPerMillion)))),
      // Within a round the peers stand side by side, so the ratio is taken there and not of the medians.
      ...others.map(({ name }) => `**${format(ratio(of(subject?.name ?? ''), of(name)))}**`),
    ]
  })
  return table(head, rows)
}

function ratio(subject: readonly Measurement[], other: readonly Measurement[]): Spread {
  return spreadOf(
    subject.flatMap((measurement) =>
      other
        .filter(({ round }) => round === measurement.round)
        .map((counterpart) => cpuPerMillion(measurement) / cpuPerMillion(counterpart)),
    ),
  )
}

function indicationTable({ peers, modes }: Plan, outcome: Outcome): string[] {
  const head = ['mode', 'server', 'deliveries/s', 'p50 ms', 'p99 ms', 'server core', 'load generator core']
  const rows = modes.flatMap((mode) =>
    peers.map(({ name, title }) => {
      const of = select(outcome, name, mode.name)
      const median = (figure: (measurement: Measurement) => number) => spreadOf(of.map(figure)).median
      const latency = (key: 'p50' | 'p99') => (mode.latency ? median((it) => (it[key] ?? 0) / 1000).toFixed(2) : '')
      return [
        mode.name,
        title,
        Math.round(median(({ deliveries, seconds }) => deliveries / seconds)).toLocaleString('en'),
        latency('p50'),
        latency('p99'),
        percent(median(serverShare)),
        percent(median(loadShare)),
      ]
    }),
  )
  return table(head, rows)
}

function notes({ peers, modes }: Plan, outcome: Outcome): string[] {
  return modes.flatMap((mode) =>
    peers.flatMap(({ name, title }) => {
      const of = select(outcome, name, mode.name)
      const limited = of.filter((it) => loadShare(it) > busy && loadShare(it) > serverShare(it))
      if (limited.length * 2 <= of.length) return []
      return [
        `- ${mode.name}, ${title}: the load generator was the bottleneck, so its deliveries/s are a lower bound (CPU per delivery is not affected).`,
      ]
    }),
  )
}

const serverShare = ({ serverCpu, seconds }: Measurement) => serverCpu / seconds
const loadShare = ({ loadgenCpu, seconds }: Measurement) => loadgenCpu / seconds

function select({ measurements }: Outcome, peer: string, mode: string): Measurement[] {
  return measurements.filter((measurement) => measurement.peer === peer && measurement.mode === mode)
}

const percent = (share: number) => `${Math.round(share * 100)} %`

const figure = (value: number) => (value >= 10 ? value.toFixed(1) : value.toPrecision(2))

function format({ median, min, max }: Spread): string {
  return min === max ? figure(median) : `${figure(median)} (${figure(min)}–${figure(max)})`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
}

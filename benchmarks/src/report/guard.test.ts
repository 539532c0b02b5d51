import { expect, test } from 'vitest'
import type { Results, Sample } from '../results.ts'
import { example } from './fixture.ts'
import { compare, guardReport } from './guard.ts'

const change = (factor: number, which: (sample: Sample) => boolean, results: Results = example): Results => ({
  ...results,
  samples: results.samples.map((sample) => (which(sample) ? { ...sample, value: sample.value * factor } : sample)),
})
const without = (which: (sample: Sample) => boolean): Results => ({
  ...example,
  samples: example.samples.filter((sample) => !which(sample)),
})
const isHub = ({ peer }: Sample) => peer === 'hub'
const worse = (lines: ReturnType<typeof compare>) => lines.filter((line) => line.worse)

test('compares every guarded ratio, and none of the others', () => {
  const lines = compare(example, example)
  expect(lines).toHaveLength((6 + 1) * 3)
  expect(lines.map(({ metric }) => metric)).not.toContain('rate')
  expect(lines.every((line) => line.change === 1 && !line.worse)).toBe(true)
})

test('does not look at absolute figures', () => {
  expect(
    worse(
      compare(
        example,
        change(10, () => true),
      ),
    ),
  ).toEqual([])
})

test('finds what has become worse by more than two runs differ', () => {
  const slower = (factor: number) =>
    compare(
      example,
      change(factor, (it) => isHub(it) && it.row === '1000-128-win1'),
    )
  expect(worse(slower(1.34))).toEqual([])
  expect(worse(slower(1.36))).toMatchObject([
    { row: '1000-128-win1', metric: 'cpu', peer: 'centrifugo', worse: true },
    { row: '1000-128-win1', metric: 'cpu', peer: 'socket.io', worse: true },
    { row: '1000-128-win1', metric: 'cpu', peer: 'ws', worse: true },
  ])
  expect(worse(slower(0.1))).toEqual([])
})

test('takes less for worse where more is better', () => {
  const guarded = (results: Results): Results => ({
    ...results,
    scenarios: results.scenarios.map((scenario) => ({
      ...scenario,
      metrics: scenario.metrics.map((metric) => ({ ...metric, guarded: metric.name === 'rate' })),
    })),
  })
  const lines = (factor: number) => worse(compare(guarded(example), guarded(change(factor, isHub))))
  expect(lines(1 / 1.34)).toEqual([])
  expect(lines(1 / 1.36)).toHaveLength(6 * 3)
  expect(lines(10)).toEqual([])
})

test('lets the newer run say what is guarded', () => {
  const unguarded: Results = {
    ...example,
    scenarios: example.scenarios.map((scenario) => ({
      ...scenario,
      metrics: scenario.metrics.map((metric) => ({ ...metric, guarded: false })),
    })),
  }
  expect(compare(example, unguarded)).toEqual([])
  expect(compare(unguarded, example)).toHaveLength(21)
})

test('tells what only one of the runs has', () => {
  const poor: Results = {
    ...without(({ scenario, peer }) => scenario === 'idle' || peer === 'ws'),
    scenarios: example.scenarios.slice(0, 1),
    peers: example.peers.filter(({ name }) => name !== 'ws'),
  }
  const lines = compare(example, poor)
  expect(lines.filter((line) => line.change === undefined)).toHaveLength(6 + 3)
  const report = guardReport(lines)
  expect(report).toContain('12 ratios compared, none is worse')
  expect(report).toContain('  idle against centrifugo, only in the earlier run: 10000 rss\n')
  expect(report).toMatch(/fan-out against ws, only in the earlier run: 100-128-win1 cpu, .*5000-128-burst cpu/)
  expect(guardReport(compare(poor, example))).toContain('  idle against centrifugo, only in this run: 10000 rss\n')
})

test('of a part says nothing of scenarios and peers that were not asked for', () => {
  const part: Results = {
    ...without(({ scenario, peer }) => scenario === 'idle' || peer === 'ws'),
    scenarios: example.scenarios.slice(0, 1),
    peers: example.peers.filter(({ name }) => name !== 'ws'),
  }
  const lines = compare(example, part, true)
  expect(lines).toHaveLength(12)
  expect(lines.filter((line) => line.change === undefined)).toEqual([])
})

test('does not call two runs alike that have nothing in common', () => {
  const report = guardReport(compare(example, { ...example, samples: [] }))
  expect(report).toMatch(/^No ratio was compared: /)
  expect(report).toContain('  idle against ws, only in the earlier run: 10000 rss')
})

test('reports the worst first, with some of what is fine when little is worse', () => {
  const cheaper = change(1 / 1.5, ({ peer, row }) => peer === 'centrifugo' && row === '100-128-win1')
  const cheapest = change(1 / 4, ({ peer, row }) => peer === 'ws' && row === '10000', cheaper)
  const lines = guardReport(compare(example, cheapest)).split('\n')
  expect(lines.slice(0, 3)).toEqual([
    '21 ratios compared, 2 worse than before by more than a factor of 1.35:',
    '  WORSE  idle 10000, rss, against ws: 0.59 before, 2.4 now (× 4.00)',
    '  WORSE  fan-out 100-128-win1, cpu, against centrifugo: 0.85 before, 1.3 now (× 1.50)',
  ])
  expect(lines.slice(3)).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^ {2}fine .*\(× 1\.00\)$/)))
})

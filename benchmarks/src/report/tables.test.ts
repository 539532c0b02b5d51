import { expect, test } from 'vitest'
import { example } from './fixture.ts'
import { tables } from './tables.ts'

test('has a table for each metric of a scenario, with ratios against every peer', () => {
  expect(tables(example)).toContain(
    [
      '## Fan-out',
      '',
      'One channel, everybody subscribed. 3 rounds.',
      '',
      '**Server CPU per delivery**, µs; less is better',
      '',
      '|  | Backchannel hub | Centrifugo | Socket.IO | ws | hub / centrifugo | hub / socket.io | hub / ws |',
      '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
      '| 100 subscribers, one publish outstanding | 4.7 (4.5–5.2) | 5.5 (5.2–6.1) | 9.8 (9.3–10.8) | 6.6 (6.3–7.3) | **0.85** | **0.48** | **0.71** |',
      '',
    ]
      .join('\n')
      .trimEnd(),
  )
  expect(tables(example)).toContain(
    '| 1000 subscribers, bursts of 100 | 16,700,000 (15,800,000–18,300,000) | 833,000 (792,000–917,000) |',
  )
})

test('leaves a cell empty where a peer has no sample, and a column away where it has none in the scenario', () => {
  const text = tables({
    ...example,
    samples: example.samples.filter(
      ({ peer, row, scenario }) =>
        !(peer === 'ws' && row === '1000-128-win1') && !(peer === 'socket.io' && scenario === 'idle'),
    ),
  })
  expect(text).toMatch(
    /^\| 1000 subscribers, one publish outstanding \| .* \| {2}\| \*\*0.42\*\* \| \*\*0.35\*\* \| {2}\|$/m,
  )
  expect(text).toContain(
    '| 10,000 connections | 5.4 (5.1–5.9) | 27.7 (26.3–30.5) | 9.1 (8.6–10) | **0.19** | **0.59** |',
  )
})

test('says nothing of rows, metrics and scenarios that were not measured', () => {
  const text = tables({
    ...example,
    samples: example.samples.filter(({ row, metric }) => row.startsWith('100-') && metric === 'cpu'),
  })
  expect(text.match(/^\|.*outstanding/gm)).toHaveLength(1)
  expect(text).not.toContain('**Deliveries**')
  expect(text).not.toContain('## Idle')
})

test('has no ratios where the first peer took no part', () => {
  const text = tables({ ...example, samples: example.samples.filter(({ peer }) => peer !== 'hub') })
  expect(text).toContain('|  | Centrifugo | Socket.IO | ws |\n')
})

test('ends with the peers, notes and facts', () => {
  expect(tables(example)).toMatch(/^Measured on 2026-11-21\./)
  expect(tables(example)).toContain('\n- Backchannel hub 0.1.0: memory broker\n- Centrifugo 6.9.1: memory engine\n')
  expect(tables(example)).toContain('## Notes\n\n- the load generator was the bottleneck of ws\n')
  expect(tables(example)).toMatch(/## Machine and run\n\n- two cores\n$/)
  expect(tables({ ...example, notes: [] })).not.toContain('## Notes')
})

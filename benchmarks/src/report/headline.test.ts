import { expect, test } from 'vitest'
import { example } from './fixture.ts'
import { headline, type HeadlineEntry } from './headline.ts'

const winOne: HeadlineEntry = { scenario: 'fan-out', row: '1000-128-win1', metric: 'cpu', title: 'One at a time' }
const most: HeadlineEntry = { scenario: 'fan-out', row: '1000-128-win1', metric: 'rate', title: 'At most' }
const idle: HeadlineEntry = { scenario: 'idle', row: '10000', metric: 'rss', title: 'Idle' }

test('has an entry to a line, with the ratio against each peer', () => {
  expect(headline(example, [winOne, idle])).toBe(
    [
      '|  | Backchannel hub | Centrifugo | Socket.IO | ws |',
      '| --- | ---: | ---: | ---: | ---: |',
      '| One at a time (µs) | **4.6** | 11 (0.42 ×) | 13.1 (0.35 ×) | 6.7 (0.69 ×) |',
      '| Idle (KB) | **5.4** | 27.7 (0.19 ×) | 22.8 (0.24 ×) | 9.1 (0.59 ×) |',
      '',
      'Medians of 2026-11-21. In brackets: Backchannel hub over the other, within a round.',
    ].join('\n'),
  )
})

test('leaves out entries and peers without samples', () => {
  const samples = example.samples.filter(({ peer, scenario }) => scenario === 'fan-out' && peer !== 'ws')
  const lines = headline({ ...example, samples }, [winOne, idle, { ...winOne, row: 'unknown' }]).split('\n')
  expect(lines.slice(0, 4)).toEqual([
    '|  | Backchannel hub | Centrifugo | Socket.IO |',
    '| --- | ---: | ---: | ---: |',
    '| One at a time (µs) | **4.6** | 11 (0.42 ×) | 13.1 (0.35 ×) |',
    '',
  ])
})

test('says which targets were reached, in the direction that is better', () => {
  const text = headline(example, [
    { ...winOne, targets: { centrifugo: 0.42, ws: 0.4, unknown: 1 } },
    { ...most, targets: { centrifugo: 2, 'socket.io': 3 } },
    idle,
  ])
  expect(text).toContain('| Socket.IO | ws | Targets |')
  expect(text).toContain('| Centrifugo ≤ 0.42 ×: reached, ws ≤ 0.40 ×: missed |')
  expect(text).toContain('| Centrifugo ≥ 2.0 ×: reached, Socket.IO ≥ 3.0 ×: missed |')
  expect(text).toMatch(/^\| Idle .*\| {2}\|$/m)
})

test('knows the rows of the fan-out', () => {
  const rows = headline(example).split('\n').slice(2, -2)
  expect(rows.map((row) => row.split(' | ')[0])).toEqual([
    '| A delivery: 1,000 subscribers, one at a time (µs)',
    '| A delivery: bursts of 100 (Centrifugo: HTTP batch) (µs)',
    '| An idle connection: memory (KB)',
  ])
})

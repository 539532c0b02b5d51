import { expect, test } from 'vitest'
import { Figures } from './figures.ts'

const cell = { scenario: 'fan-out', row: 'win1', metric: 'cpu' }
const samples = (peer: string, values: readonly number[]) =>
  values.map((value, round) => ({ ...cell, peer, round, value }))

test('takes ratios within a round, not of the medians', () => {
  // The second round was disturbed for both: of the medians the ratio would be 3/10.
  const figures = new Figures({ samples: [...samples('hub', [1, 30, 3]), ...samples('other', [2, 60, 10])] })
  expect(figures.ratio(cell, 'hub', 'other')).toEqual({ median: 0.5, min: 0.3, max: 0.5 })
  expect(figures.spread(cell, 'hub')).toEqual({ median: 3, min: 1, max: 30 })
})

test('compares only rounds that both have, and no figure of 0', () => {
  const hub = samples('hub', [1, 2, 0, 4])
  const other = samples('other', [0, 4, 5])
  expect(new Figures({ samples: [...hub, ...other] }).ratio(cell, 'hub', 'other')).toEqual({
    median: 0.5,
    min: 0.5,
    max: 0.5,
  })
})

test('keeps cells and peers apart, and has nothing where nothing was measured', () => {
  const figures = new Figures({
    samples: [...samples('hub', [1]), { ...cell, metric: 'rate', peer: 'hub', round: 0, value: 7 }],
  })
  expect(figures.spread(cell, 'hub')?.max).toBe(1)
  expect(figures.spread(cell, 'other')).toBeUndefined()
  expect(figures.spread({ ...cell, row: 'win8' }, 'hub')).toBeUndefined()
  expect(figures.ratio(cell, 'hub', 'other')).toBeUndefined()
})

import { expect, test } from 'vitest'
import { figure, spread, table } from './markdown.ts'

test.each([
  [0, '0'],
  [0.0754, '0.075'],
  [4.4321, '4.4'],
  [7, '7.0'],
  [9.96, '10'],
  [12.04, '12'],
  [27.66, '27.7'],
  [1_234, '1,230'],
  [12_818_403, '12,800,000'],
])('writes %d as %s', (value, text) => expect(figure(value)).toBe(text))

test('writes a spread only where there is one', () => {
  expect(spread({ median: 4.4, min: 4.3, max: 6.5 })).toBe('4.4 (4.3–6.5)')
  expect(spread({ median: 4.4, min: 4.4, max: 4.4 })).toBe('4.4')
  expect(spread({ median: 0.85, min: 0.8499, max: 0.8501 })).toBe('0.85')
})

test('keeps a cell in its column', () => {
  expect(table(['row', 'a|b'], [['two\nlines', '1']])).toBe('| row | a\\|b |\n| --- | ---: |\n| two lines | 1 |')
})

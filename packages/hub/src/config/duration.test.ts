import { expect, test } from 'vitest'
import { parseDuration } from './duration.ts'

test.each([
  ['0', 0],
  ['0s', 0],
  ['300ms', 300],
  ['25s', 25_000],
  ['1h30m', 5_400_000],
  ['1h0m0.5s', 3_600_500],
  ['1.5s', 1500],
  ['.5s', 500],
  ['1.s', 1000],
  ['250us', 0.25],
  ['250µs', 0.25],
  ['250μs', 0.25],
  ['1000000ns', 1],
  ['720h', 2_592_000_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBeCloseTo(ms, 9)
})

const wrong = [
  '',
  '25',
  's',
  '5 s',
  '-1s',
  '+1s',
  '1d',
  '25sec',
  'NaN',
  'Infinity',
  '1e3s',
  '.s',
  '1..5s',
  '1s2',
  ' 1s',
  '1S',
]

test.each(wrong.concat(`${'1s'.repeat(1000)}x`, '1s'.repeat(33)))('%.20s is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

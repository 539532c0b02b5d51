import { expect, test } from 'vitest'
import { parseDuration } from './duration.ts'

test.each([
  ['0', 0],
  ['0s', 0],
  ['300ms', 300],
  ['25s', 25_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['720h', 2_592_000_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '25', 's', '5 s', '-1s', '1d', '25sec', 'NaN', '1e3s', `${'1s'.repeat(1000)}x`])(
  '%s is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined()
  },
)

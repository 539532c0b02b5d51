import { expect, test } from 'vitest'
import { isDueEarly } from './early.ts'

/** The share of reads that refresh, so long before the end. */
function share(msLeft: number, { loadMs, beta }: { loadMs: number; beta: number }): number {
  const draws = Array.from({ length: 10_000 }, (_, index) => (index + 1) / 10_000)
  return draws.filter((random) => isDueEarly({ nowMs: -msLeft, freshUntil: 0, loadMs, beta }, random)).length / 10_000
}

test('is as likely as e to the minus time left over load time', () => {
  expect(share(0, { loadMs: 100, beta: 1 })).toBe(1)
  expect(share(100, { loadMs: 100, beta: 1 })).toBeCloseTo(Math.exp(-1), 3)
  expect(share(300, { loadMs: 100, beta: 1 })).toBeCloseTo(Math.exp(-3), 3)
  expect(share(300, { loadMs: 300, beta: 1 })).toBeCloseTo(Math.exp(-1), 3)
  expect(share(300, { loadMs: 100, beta: 3 })).toBeCloseTo(Math.exp(-1), 3)
  expect(share(10_000, { loadMs: 100, beta: 1 })).toBe(0)
})

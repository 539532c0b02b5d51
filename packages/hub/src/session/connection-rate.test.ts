import { expect, test } from 'vitest'
import { ConnectionRate } from './connection-rate.ts'
import { TestClock } from '../testing/test-clock.ts'

test('as many at once as in a second, and then one for each part of it', () => {
  const clock = new TestClock()
  const rate = new ConnectionRate(4, clock)
  const take = (): boolean[] => [0, 1, 2, 3, 4].map(() => rate.take())
  expect(take()).toEqual([true, true, true, true, false])
  clock.advance(250)
  expect(take()).toEqual([true, false, false, false, false])
  clock.advance(60_000)
  expect(take()).toEqual([true, true, true, true, false])
})

test('0 is no limit', () => {
  const rate = new ConnectionRate(0, new TestClock())
  expect(Array.from({ length: 1000 }, () => rate.take())).not.toContain(false)
})

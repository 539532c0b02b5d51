// That the benchmark measures what it says; how long it takes is nobody's concern here.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BenchDatabase, measureLatency, measureThroughput, openPglite } from './measure.ts'

let database: BenchDatabase
beforeAll(async () => {
  database = await openPglite()
})
afterAll(() => database?.end())

test.each([true, false])('a delay for each publication, ascending (notifications: %s)', async (listen) => {
  const delays = await measureLatency(database, 3, { listen })
  expect(delays).toHaveLength(3)
  expect(delays).toEqual(delays.toSorted((a, b) => a - b))
  expect(delays.every((delay) => delay > 0)).toBe(true)
})

test('every row is delivered once, each in its partition', async () => {
  const calls: unknown[] = []
  const publisher = (_: string, request: Readonly<Record<string, unknown>>) => calls.push(request['channel'])
  expect(await measureThroughput(database, publisher, { rows: 60, partitions: 4 })).toBeGreaterThan(0)
  expect(calls).toHaveLength(60)
  expect(new Set(calls)).toEqual(new Set(['room:0', 'room:1', 'room:2', 'room:3']))
})

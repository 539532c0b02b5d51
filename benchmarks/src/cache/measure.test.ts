import { requireServices } from '@backchannel/servers'
import { describe, expect, test } from 'vitest'
import { countLoads, measureDead, measureHits, type Plan } from './measure.ts'

/** Counts are asserted here, times never. */
const plan: Plan = { rounds: 2, reads: 50, windows: [1, 10] }

describe('the benchmark of the cache', await requireServices('redis'), () => {
  test('measures hits, and nothing else', async () => {
    const rounds = await measureHits(plan)
    expect(rounds.map(({ window }) => window)).toEqual([1, 10, 1, 10])
    for (const { bareTime, cacheTime } of rounds) expect(Math.min(bareTime, cacheTime)).toBeGreaterThan(0)
  })

  test('measures misses of dead servers', async () => {
    const { refused, silent } = await measureDead(plan)
    expect([refused.length, silent.length]).toEqual([2, 2])
  })

  test('counts one load for a thousand callers', async () => {
    expect(await countLoads(1000)).toBe(1)
  })
})

import { describe, expect, test } from 'vitest'
import { isPromise, mapLimited, type MaybePromise } from './maybe-promise.ts'

describe('mapLimited', () => {
  test('of what is here is here', () => {
    expect(mapLimited([1, 2, 3], 2, (value) => value * 2)).toEqual([2, 4, 6])
    expect(mapLimited([], 2, () => 1)).toEqual([])
  })

  test.each([1, 2, 3, 100])('keeps the order, with at most %i under way', async (limit) => {
    let open = 0
    let most = 0
    const slowly = async (value: number): Promise<number> => {
      most = Math.max(most, ++open)
      // The earlier, the later.
      for (let turn = 0; turn < 20 - value; turn++) await Promise.resolve()
      open--
      return value * 2
    }
    const values = Array.from({ length: 20 }, (_, index) => index)
    // Some of them at once.
    const use = (value: number): MaybePromise<number> => (value % 5 === 4 ? value * 2 : slowly(value))
    const all = mapLimited(values, limit, use)
    expect(isPromise(all)).toBe(true)
    expect(await all).toEqual(values.map((value) => value * 2))
    expect(most).toBe(Math.min(limit, 16))
  })

  test('one by one, nothing begins before the one before it has ended', async () => {
    const events: string[] = []
    await mapLimited(['a', 'b'], 1, async (name) => {
      events.push(`${name} begins`)
      await Promise.resolve()
      events.push(`${name} ends`)
    })
    expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  })

  test('a failure is the whole’s', async () => {
    await expect(mapLimited([1, 2], 1, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  })
})

import { describe, expect, test } from 'vitest'
import { dayOf, shortDateOf } from './dates.ts'

const now = new Date(2026, 10, 21, 12, 0)

describe('dates', () => {
  const iso = (year: number, month: number, day: number) => new Date(year, month - 1, day, 9, 5).toISOString()

  test('are as short as they can be', () => {
    expect(shortDateOf(iso(2026, 11, 21), now)).toBe('09:05')
    expect(shortDateOf(iso(2026, 11, 20), now)).toBe('Fri')
    expect(shortDateOf(iso(2026, 11, 14), now)).toBe('14 Nov')
    expect(shortDateOf(iso(2025, 11, 21), now)).toBe('21 Nov 2025')
  })

  test('of days are words', () => {
    expect(dayOf(iso(2026, 11, 22), now)).toBe('Today')
    expect(dayOf(iso(2026, 11, 20), now)).toBe('Yesterday')
    expect(dayOf(iso(2026, 11, 19), now)).toBe('Thursday 19 November')
    expect(dayOf(iso(2025, 11, 19), now)).toBe('19 November 2025')
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchesGlob } from './glob.ts'

test.each([
  ['', ''],
  ['*', ''],
  ['*', 'anything: #,'],
  ['**', 'a'],
  ['a', 'a'],
  ['a*', 'a'],
  ['a*', 'abc'],
  ['*c', 'abc'],
  ['a*c', 'ac'],
  ['a*b*c', 'aXbYbZc'],
  ['?', 'a'],
  ['a?c', 'abc'],
  ['*?', 'a'],
  ['?*', 'a'],
  ['a*?c', 'abbc'],
  ['room:*', 'room:\n'],
  ['a.b', 'a.b'],
  ['[ab]{c}', '[ab]{c}'],
  ['*aab', 'aaaaab'],
])('%j fits %j', (pattern, text) => {
  expect(matchesGlob(pattern, text)).toBe(true)
})

test.each([
  ['', 'a'],
  ['a', ''],
  ['a', 'A'],
  ['a', 'ab'],
  ['b', 'ab'],
  ['?', ''],
  ['?', 'ab'],
  ['a*c', 'abcd'],
  ['*?', ''],
  ['a.b', 'axb'],
  ['[ab]', 'a'],
  ['a|b', 'a'],
  ['*aab', 'aaaaa'],
])('%j does not fit %j', (pattern, text) => {
  expect(matchesGlob(pattern, text)).toBe(false)
})

describe('any pattern', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 12 })
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })

  test('fits what the regular expression of the same meaning fits', () => {
    fc.assert(
      fc.property(patterns, letters, (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's')
        expect(matchesGlob(pattern, text)).toBe(expression.test(text))
      }),
      { numRuns: 5000 },
    )
  })

  test('is done with any name, however many stars it has', () => {
    expect(matchesGlob(`${'*a'.repeat(100)}*b`, 'a'.repeat(5000))).toBe(false)
  })
})

import { expect, test } from 'vitest'
import { compileRegex } from './regex.ts'

test('a pattern matches anywhere unless it is anchored', () => {
  expect(compileRegex('b+').matches('abbc')).toBe(true)
  expect(compileRegex('^b+$').matches('abbc')).toBe(false)
  expect(compileRegex('^b+$').matches('bb')).toBe(true)
})

test('the syntax is RE2’s: classes of Unicode, named groups of either spelling, no look-around', () => {
  expect(compileRegex('^\\p{Greek}+$').matches('λόγος')).toBe(true)
  expect(compileRegex('^tenant-(?P<tenant>[a-z]+)$').groups('tenant-acme')).toEqual(new Map([['tenant', 'acme']]))
  expect(compileRegex('^(?<a>x)|(?<b>y)$').groups('y')).toEqual(new Map([['b', 'y']]))
  expect(compileRegex('^x$').groups('y')).toBeUndefined()
  expect(() => compileRegex('(?=x)')).toThrow('error parsing regexp')
  expect(() => compileRegex('(')).toThrow('error parsing regexp')
})

test('a pattern that would take a backtracking engine for ever is answered', () => {
  expect(compileRegex('^(a+)+$').matches(`${'a'.repeat(5000)}!`)).toBe(false)
})

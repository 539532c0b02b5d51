import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileChannelPattern } from './channel-pattern.ts'

const names = [
  'a',
  'b',
  'c',
  'ab',
  'abc',
  'bc',
  'a,b',
  '-',
  '!',
  '^',
  'a]',
  ']',
  '}',
  '\\',
  '*',
  '?',
  '[a]',
  '{a}',
  'é',
  '',
]

// What Centrifugo answers for these channels and patterns.
test.each<[string, string[]]>([
  ['*', names],
  ['?', names.filter((name) => name.length === 1)],
  ['[ab]', ['a', 'b']],
  ['[!ab]', names.filter((name) => name.length === 1 && name !== 'a' && name !== 'b')],
  ['[a-b]*', ['a', 'b', 'ab', 'abc', 'bc', 'a,b', 'a]']],
  ['[a-a]', ['a']],
  ['[^a]', ['a', '^']],
  ['[-a]', ['a', '-']],
  ['[*?]', ['*', '?']],
  ['[à-ü]', ['é']],
  ['[\\]]', [']']],
  ['[\\]a]', ['a', ']']],
  ['{a,bc}', ['a', 'bc']],
  ['{a,{b,c}}', ['a', 'b', 'c']],
  ['{a*,b?}', ['a', 'ab', 'abc', 'bc', 'a,b', 'a]']],
  ['{a,b', ['a', 'b']],
  ['a,b', ['a,b']],
  ['}', ['}']],
  ['a]', ['a]']],
  ['\\*', ['*']],
  ['\\[a\\]', ['[a]']],
  ['\\{a\\}', ['{a}']],
  ['a\\', ['a']],
  ['{\\}}', ['}']],
])('%s', (pattern, matching) => {
  const matches = compileChannelPattern(pattern)
  expect(names.filter((name) => matches(name))).toEqual(matching)
})

test.each([
  '[',
  '[a',
  '[]',
  '[a-',
  '[a-]',
  '[a-z',
  '[!',
  '[!]',
  '[z-a]',
  '[a-zb]',
  '[]a]',
  '{[}',
  'a[',
  `[${'a'.repeat(65_536)}]`,
])('%.20s is none', (pattern) => {
  expect(() => compileChannelPattern(pattern)).toThrow(SyntaxError)
})

test('any text is a pattern or none, and matches at once', () => {
  const unit = fc.constantFrom(...'abc*?[]{},-!\\é.+()|^$:'.split(''))
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), fc.string({ unit, maxLength: 60 }), (pattern, name) => {
      const outcome = ((): unknown => {
        try {
          return compileChannelPattern(pattern)(name)
        } catch (error) {
          return error
        }
      })()
      expect(typeof outcome === 'boolean' || outcome instanceof SyntaxError).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

import { expect, test } from 'vitest'
import { splitAround } from './split-around.ts'

test.each([
  ['Hello World', 'world', ['Hello ', 'World', '']],
  ['Hello World', 'none', ['Hello World', '', '']],
  ['Hello', '', ['Hello', '', '']],
  ['a*b', '*', ['a', '*', 'b']],
])('%j around %j', (text, query, parts) => {
  expect(splitAround(text, query)).toEqual(parts)
})

test('what stands far before the match is left out', () => {
  const [before, match] = splitAround(`${'x'.repeat(100)} needle`, 'needle')
  expect(match).toBe('needle')
  expect(before).toBe(`…${'x'.repeat(29)} `)
})

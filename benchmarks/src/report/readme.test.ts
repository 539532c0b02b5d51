import { expect, test } from 'vitest'
import { replaceSection } from './readme.ts'

const begin = '<!-- benchmark:begin -->'
const end = '<!-- benchmark:end -->'

test('replaces what stands between the markers, and nothing else', () => {
  const once = replaceSection(`before\n\n${begin}\nold\n${end}\n\nafter $&\n`, '\nnew $& $1\n')
  expect(once).toBe(`before\n\n${begin}\n\nnew $& $1\n\n${end}\n\nafter $&\n`)
  expect(replaceSection(once, 'new $& $1')).toBe(once)
})

test.each([
  ['begin is missing', end, `${begin} is missing`],
  ['end is missing', begin, `${end} is missing`],
  ['begin stands twice', `${begin}${begin}${end}`, `${begin} stands there more than once`],
  ['end stands twice', `${begin}${end}${end}`, `${end} stands there more than once`],
  ['end comes first', `${end}${begin}`, `${end} stands before ${begin}`],
])('refuses a text where %s', (_, text, message) => expect(() => replaceSection(text, 'new')).toThrow(message))

import { describe, expect, test } from 'vitest'
import { plainText } from './plain-text.ts'

describe('plain text', () => {
  test.each([
    ['**bold** and _so_', 'bold and _so_'],
    ['# Title\n\ntext', 'Title text'],
    ['- one\n- two', 'one two'],
    ['> quoted', 'quoted'],
    ['[a link](https://example.com) here', 'a link here'],
    ['```js\nlet a\n```', 'let a'],
    ['`code` ~~gone~~', 'code gone'],
    ['a \\* b', 'a * b'],
    ['snake_case_name * 3', 'snake_case_name * 3'],
    ['<b>tags</b> stay', '<b>tags</b> stay'],
    ['\u0645\u0631\u062d\u0628\u0627', '\u0645\u0631\u062d\u0628\u0627'],
  ])('%j reads %j', (markdown, text) => {
    expect(plainText(markdown)).toBe(text)
  })

  test('is short, however long the message', () => {
    expect(plainText('word '.repeat(800)).length).toBeLessThanOrEqual(200)
  })
})

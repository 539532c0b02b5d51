import { describe, expect, test } from 'vitest'
import { readPublication } from './message.ts'

const arrived = new Date('2026-01-02T03:04:05Z')
const read = (data: unknown) => readPublication(data, '1', arrived)

describe('a publication on the page', () => {
  test('the server’s own message keeps its author and time', () => {
    expect(read({ id: 'a', author: 'Ada', text: 'Hello', createdAt: '2026-01-01T00:00:00.000Z' })).toEqual({
      key: '1',
      author: 'Ada',
      text: 'Hello',
      at: new Date('2026-01-01T00:00:00Z'),
    })
  })

  test('a text from a terminal has the time of its arrival', () => {
    expect(read({ text: 'Hello' })).toEqual({ key: '1', author: undefined, text: 'Hello', at: arrived })
  })

  test.each([
    ['plain text', 'plain text'],
    [42, '42'],
    [null, 'null'],
    [[1, 'two'], '[\n  1,\n  "two"\n]'],
    [
      { text: 7, createdAt: 'yesterday', author: {} },
      '{\n  "text": 7,\n  "createdAt": "yesterday",\n  "author": {}\n}',
    ],
  ])('%j is shown, whatever it is', (data, text) => {
    expect(read(data)).toEqual({ key: '1', author: undefined, text, at: arrived })
  })
})

import { describe, expect, test } from 'vitest'
import { payloadOf } from './payload.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('bytes', () => {
  test.each(['{"a":1.0}', '{\n  "a": [\r\n1]\n}\n', '42\n', '"\\n\\ud800"', '"ä😀"', 'null', ''])(
    'of JSON are text: %j',
    (text) => {
      expect(payloadOf(bytes(text))).toBe(text)
    },
  )

  test.each([
    ['text', bytes('hello')],
    ['JSON that is cut off', bytes('{"a":1')],
    ['two JSON texts', bytes('{}{}')],
    ['a newline within a string', bytes('"a\nb"')],
    ['a byte order mark', bytes('\ufeff{}')],
    ['a character cut in two', bytes('"ä"').subarray(0, 2)],
    ['JSON but for one byte that is no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['half of a surrogate pair', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)],
  ])('of %s stay bytes', (_what, source) => {
    expect(payloadOf(source)).toStrictEqual(Uint8Array.from(source))
  })

  test('are copied, whatever kind of array they came in', () => {
    const frame = Buffer.from([1, 0xff, 2])
    const payload = payloadOf(frame.subarray(1, 2)) as Uint8Array
    frame.fill(0)
    expect([...payload]).toEqual([0xff])
    expect(payload.buffer.byteLength).toBe(1)
  })

  test('of 100,000 levels are text', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    expect(payloadOf(bytes(deep)) === deep).toBe(true)
  })
})

import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { elementSpans, memberSpan, oneLine, rawMember } from './raw-json.ts'

/** JSON text of a value with white space wherever JSON allows it, and keys and strings escaped in any way. */
function spaced(value: unknown, next: () => number): string {
  const space = (): string => ['', '', ' ', '\t', '\r\n', '\n  '][next() % 6] ?? ''
  const text = (plain: string): string =>
    `"${Array.from({ length: plain.length }, (_, index) => character(plain, index, next)).join('')}"`
  const write = (inner: unknown): string => {
    if (typeof inner === 'string') return text(inner)
    if (Array.isArray(inner)) return `[${space()}${inner.map(write).join(`${space()},${space()}`)}${space()}]`
    if (typeof inner !== 'object' || inner === null) return JSON.stringify(inner)
    const members = Object.entries(inner).map(([key, member]) => `${text(key)}${space()}:${space()}${write(member)}`)
    return `{${space()}${members.join(`${space()},${space()}`)}${space()}}`
  }
  return `${space()}${write(value)}${space()}`
}

function character(plain: string, index: number, next: () => number): string {
  const escaped = JSON.stringify(plain[index]).slice(1, -1)
  return escaped.length > 1 || next() % 5 > 0
    ? escaped
    : String.raw`\u${plain.charCodeAt(index).toString(16).padStart(4, '0')}`
}

/** Any JSON value, with keys that trip parsers and objects nested a few levels. */
const jsonValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(null, true, false, 0, -1, 1.5, 1e300),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"', '\\', '\\"', '{"data":1}', '}', ']', ',', ':', '\n'),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key(), tie('value'), { maxKeys: 5 }),
  ),
})).value

/**
 * Without backslashes: in a row of objects V8 13.6 takes the key `"\""` for the key `\` of an object before it, and
 * JSON.parse is what these tests compare with.
 */
function key(): fc.Arbitrary<string> {
  const tricky = fc.constantFrom('data', 'publish', '', '"', 'constructor', 'toString', 'a"b', '\u{1f600}', '1', '\n')
  return fc.oneof(
    tricky,
    fc.string().map((text) => text.replaceAll('\\', '/')),
  )
}

const spacing = fc.array(fc.nat(), { minLength: 1, maxLength: 50 }).map((numbers) => {
  let at = 0
  return () => numbers[at++ % numbers.length] ?? 0
})

describe('rawMember', () => {
  test('of any JSON gives text of the value that JSON.parse gives', () => {
    const object = fc.dictionary(key(), jsonValue, { maxKeys: 6 })
    fc.assert(
      fc.property(object, spacing, (value, next) => {
        const text = spaced(value, next)
        const parsed = JSON.parse(text) as Record<string, unknown>
        for (const [name, member] of Object.entries(parsed)) {
          const raw = rawMember(text, name)
          expect(raw).toBeDefined()
          // The matchers of expect trip over members named `constructor`.
          expect(isDeepStrictEqual(JSON.parse(raw ?? ''), member)).toBe(true)
        }
        expect(rawMember(text, 'no such member')).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  test('of compact JSON is the same characters', () => {
    fc.assert(
      fc.property(jsonValue, jsonValue, (before, value) => {
        const raw = JSON.stringify(value)
        expect(rawMember(`{"a":${JSON.stringify(before)},"publish":{"data":${raw},"b":1}}`, 'publish', 'data')).toBe(
          raw,
        )
      }),
      { numRuns: 1000 },
    )
  })

  test('of a key that is there twice is the last one, at every level, as with JSON.parse', () => {
    fc.assert(
      fc.property(fc.array(jsonValue, { minLength: 2, maxLength: 4 }), jsonValue, (values, other) => {
        const members = values.map((value) => `"data":${JSON.stringify(value)}`)
        const text = `{"publish":{"data":${JSON.stringify(other)}},"publish":{${members.join(',')}}}`
        expect(rawMember(text, 'publish', 'data')).toBe(JSON.stringify(values.at(-1)))
      }),
    )
    expect(rawMember(String.raw`{"data":1,"\u0064ata":2}`, 'data')).toBe('2')
    expect(rawMember(String.raw`{"\u0064ata":1,"data":2}`, 'data')).toBe('2')
  })

  test.each([
    ['1.0'],
    ['1E400'],
    ['-0'],
    ['-0.0e-00'],
    ['12345678901234567890123456789'],
    ['0.1000000000000000055511151231257827'],
    [String.raw`"\ud800"`],
    [String.raw`"\udc00\ud800"`],
    [String.raw`"\u0041\/\b"`],
    ['"\u2028\u2029"'],
    ['{"2":1,"1":2}'],
    ['{"a":1,"a":2}'],
    ['{ "a" : [ 1 , 2 ] }'],
    ['{"__proto__":{"x":1},"constructor":null}'],
    [String.raw`"\\"`],
    [String.raw`"\\\""`],
    [String.raw`["\\","}"]`],
    ['null'],
    ['""'],
  ])('leaves %s as it is', (value) => {
    expect(rawMember(`{"data":${value}}`, 'data')).toBe(value)
    expect(rawMember(`{"publish":{"channel":"a","data":${value},"x":[${value}]}}`, 'publish', 'data')).toBe(value)
    expect(rawMember(`\t{ "data" :\r\n${value}\r\n} `, 'data')).toBe(value)
  })

  test('knows keys with backslashes and quotes from each other', () => {
    const text = String.raw`{"\\":1,"\"":2,"\\\"":3,"\\\\":4,"data\\":5,"data":6}`
    expect(['\\', '"', '\\"', '\\\\', 'data\\', 'data'].map((name) => rawMember(text, name))).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
    ])
  })

  test('knows members only by their whole name', () => {
    const text = '{"dat":1,"data2":2,"DATA":3,"x":{"data":4},"y":["data",5],"z":"data"}'
    expect(rawMember(text, 'data')).toBeUndefined()
    expect(rawMember(text, 'x', 'data')).toBe('4')
  })

  test('of something that is no object is undefined', () => {
    for (const text of ['{}', '[]', '"data"', '5', 'null', '{"a":[{"data":1}]}', '{"a":"data"}']) {
      expect(rawMember(text, 'data')).toBeUndefined()
      expect(rawMember(text, 'a', 'data')).toBeUndefined()
    }
  })

  test('has names that every object has only when they are there', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(rawMember('{"a":1}', name)).toBeUndefined()
      expect(rawMember(`{"${name}":{"data":1}}`, name, 'data')).toBe('1')
    }
  })
})

/** How often the text is looked at, whatever the machine's speed: the calls that walk it, and how far each goes. */
function workOf(run: () => void): number {
  const { charCodeAt, indexOf } = String.prototype
  let work = 0
  Object.assign(String.prototype, {
    charCodeAt(this: string, at: number): number {
      work++
      return charCodeAt.call(this, at)
    },
    indexOf(this: string, wanted: string, from = 0): number {
      const found = indexOf.call(this, wanted, from)
      work += (found < 0 ? this.length : found) - from
      return found
    },
  })
  try {
    run()
  } finally {
    Object.assign(String.prototype, { charCodeAt, indexOf })
  }
  return work
}

describe('large texts', () => {
  const shapes: [string, (size: number) => string][] = [
    ['arrays in arrays', (size) => '['.repeat(size) + ']'.repeat(size)],
    ['objects in objects', (size) => '{"data":'.repeat(size) + '1' + '}'.repeat(size)],
    ['a string of backslashes', (size) => `"${String.raw`\\`.repeat(size)}"`],
    ['a string of quotes', (size) => `"${String.raw`\"`.repeat(size)}"`],
    ['many members', (size) => `{${Array.from({ length: size }, (_, index) => `"k${index}":0`).join(',')}}`],
    ['one key many times', (size) => `{${'"data":1,'.repeat(size)}"data":2}`],
    ['keys with escapes', (size) => `{${String.raw`"\u0064at":1,`.repeat(size)}"x":2}`],
    ['many elements', (size) => `[${'0,'.repeat(size)}0]`],
    ['spaces', (size) => `[${' '.repeat(size)}]`],
    ['digits', (size) => '1'.repeat(size)],
  ]

  test.each(shapes)('%s, 100,000 of them: come back whole', (_name, make) => {
    const value = make(100_000)
    expect(rawMember(`{"publish":{"data":${value},"channel":"a"}}`, 'publish', 'data') === value).toBe(true)
  })

  test.each(shapes)('%s: ten times the text is ten times the work', (_name, make) => {
    const text = (size: number): string => `{"before":${make(size)},"publish":{"data":${make(size)}}}`
    const small = text(1000)
    const large = text(10_000)
    const effort = (json: string): number => workOf(() => rawMember(json, 'publish', 'data'))
    expect(effort(small)).toBeGreaterThan(0)
    expect(effort(large) / effort(small)).toBeLessThan((1.1 * large.length) / small.length)
  })
})

describe('memberSpan', () => {
  test('begins where it is told', () => {
    const text = '[{"a":1},{"a":2}]'
    const span = memberSpan(text, 'a', 9)
    expect(span && text.slice(span.start, span.end)).toBe('2')
  })
})

describe('elementSpans', () => {
  test('cuts any array into the texts of its elements', () => {
    fc.assert(
      fc.property(fc.array(jsonValue), spacing, (values, next) => {
        const text = spaced(values, next)
        const cut = elementSpans(text).map(({ start, end }) => text.slice(start, end))
        const parsed = cut.map((element) => JSON.parse(element) as unknown)
        expect(isDeepStrictEqual(parsed, JSON.parse(text))).toBe(true)
        expect(cut.every((element) => element === element.trim())).toBe(true)
      }),
    )
  })

  test('finds none in what is no array', () => {
    for (const text of ['{}', '{"a":[1]}', '"[1]"', '1', 'null']) expect(elementSpans(text)).toEqual([])
    expect(elementSpans('[]')).toEqual([])
    expect(elementSpans('[ ]')).toEqual([])
  })

  test('begins where it is told', () => {
    expect(elementSpans('{"commands": [1, [2,3]]}', 12)).toEqual([
      { start: 14, end: 15 },
      { start: 17, end: 22 },
    ])
  })
})

test('the text of a member keeps its newlines', () => {
  expect(rawMember('{"data":[1,\n2\n]}', 'data')).toBe('[1,\n2\n]')
})

describe('oneLine', () => {
  test('drops raw newlines and carriage returns, and nothing else', () => {
    expect(oneLine('{\n"a":\r\n"\\n\\r",\t"b": 1\r}')).toBe('{"a":"\\n\\r",\t"b": 1}')
    expect(oneLine('{"a":1}')).toBe('{"a":1}')
  })
})

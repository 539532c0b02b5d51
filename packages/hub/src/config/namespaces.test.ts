import { describe, expect, test } from 'vitest'
import { checkChannelRules, checkConfig, type HubConfig } from './config.ts'
import { Namespaces } from './namespaces.ts'

function namespaces(channel: HubConfig['channel']): Namespaces {
  return new Namespaces(checkConfig({ channel }).channel)
}

/** Told apart by their history size. */
const known = namespaces({
  without_namespace: { history_size: 1, history_ttl: '1s' },
  namespaces: [
    { name: 'ns', history_size: 2, history_ttl: '1s' },
    { name: 'constructor', history_size: 3, history_ttl: '1s' },
    { name: 'n.s-_1', history_size: 4, history_ttl: '1s' },
  ],
})

describe('a channel’s options', () => {
  test.each<[string, number, boolean]>([
    ['a', 1, false],
    ['ns', 1, false],
    ['ns:a', 2, false],
    ['ns:', 2, false],
    ['ns:a:b', 2, false],
    ['ns:nowhere:b', 2, false],
    ['constructor:a', 3, false],
    ['n.s-_1:a', 4, false],
    [':', 1, false],
    [':ns', 1, false],
    [':ns:a', 1, false],
    ['$a', 1, true],
    ['$ns:a', 2, true],
    ['$:a', 1, true],
    ['$', 1, true],
    ['ns:$a', 2, false],
    ['a#1', 1, false],
    ['ns#1:2', 0, false],
    [' !"*/,\u007f', 1, false],
  ])('%j', (channel, historySize, isPrivate) => {
    const found = known.find(channel)
    expect(found?.options.history_size ?? 0).toBe(historySize)
    expect(found?.isPrivate ?? false).toBe(isPrivate)
    expect(found === undefined || found.name === channel).toBe(true)
  })

  test.each(['nowhere:a', 'NS:a', '$nowhere:a', '$$ns:a', '__proto__:a', 'toString:a', ' ns:a', 'ns :a'])(
    '%j has none: unknown channel',
    (channel) => {
      expect(known.find(channel)).toBeUndefined()
      expect(() => known.resolve(channel)).toThrow(expect.objectContaining({ code: 102 }))
    },
  )

  test.each(['ä', 'ns:ä', 'ns:😀', 'ns:\ud800', '\u0080'])('%j is not ASCII: bad request', (channel) => {
    expect(known.find(channel)).toBeDefined()
    expect(() => known.resolve(channel)).toThrow(expect.objectContaining({ code: 107 }))
  })

  test('the namespace is looked for first', () => {
    expect(() => known.resolve('nowhere:ä')).toThrow(expect.objectContaining({ code: 102 }))
    expect(known.resolve('ns:a')).toEqual(known.find('ns:a'))
  })
})

describe('a channel’s length', () => {
  test.each<[string, number, boolean]>([
    ['', 1, false],
    ['a'.repeat(255), 255, false],
    ['a'.repeat(256), 255, true],
    ['ä'.repeat(127), 255, false],
    ['ä'.repeat(128), 255, true],
    ['€'.repeat(85), 255, false],
    ['€'.repeat(86), 255, true],
    ['😀'.repeat(63), 255, false],
    ['😀'.repeat(64), 255, true],
    ['aa', 1, true],
  ])('%s of at most %d bytes', (channel, max, isTooLong) => {
    expect(namespaces({ max_length: max }).isTooLong(channel)).toBe(isTooLong)
  })
})

test('replaced rules hold at once and for everything', () => {
  const all = namespaces({ without_namespace: { presence: true }, namespaces: [{ name: 'old' }], max_length: 5 })
  all.replace(checkChannelRules({ namespaces: [{ name: 'new', presence: true }] }))
  expect(all.find('old:a')).toBeUndefined()
  expect(all.find('new:a')?.options.presence).toBe(true)
  expect(all.find('a')?.options.presence).toBe(false)
  expect(all.isTooLong('123456')).toBe(true)
})

describe('channels of named users', () => {
  test.each<[string, string]>([
    ['a#42', '42'],
    ['a#42,43', '43'],
    ['a#42,43,44', '43'],
    ['a#1#42', '42'],
    ['#42', '42'],
    ['a#ü', 'ü'],
    ['a#x:y', 'x:y'],
  ])('%s is for %s', (channel, user) => {
    expect(known.isUserLimited(channel)).toBe(true)
    expect(known.isUserAllowed(channel, user)).toBe(true)
  })

  test.each<[string, string]>([
    ['a#42', ''],
    ['a#', ''],
    ['a#,42', ''],
    ['a#42', '4'],
    ['a#42', '421'],
    ['a#42', '042'],
    ['a#42,43', '42,43'],
    ['a#1#42', '1'],
    ['a#1#42', '1#42'],
    ['a# 42', '42'],
    ['a#Ab', 'aB'],
  ])('%s is not for %j', (channel, user) => {
    expect(known.isUserAllowed(channel, user)).toBe(false)
  })

  test('others are not limited', () => {
    expect(known.isUserLimited('a')).toBe(false)
    expect(known.isUserLimited('personal:42')).toBe(false)
  })
})

test('the signs in a name are options', () => {
  const other = namespaces({
    private_prefix: '!!',
    namespace_boundary: '::',
    user_boundary: '@@',
    user_separator: ' ',
    namespaces: [{ name: 'ns' }],
  })
  expect(other.find('!!ns::a')).toMatchObject({ isPrivate: true, rest: 'a', options: { presence: false } })
  expect(other.find('$ns:a')).toMatchObject({ isPrivate: false, rest: '$ns:a' })
  expect(other.find('where::a')).toBeUndefined()
  expect(other.isUserLimited('a#42')).toBe(false)
  expect(other.isUserLimited('a@@42 43')).toBe(true)
  expect([other.isUserAllowed('a@@42 43', '43'), other.isUserAllowed('a@@42,43', '43')]).toEqual([true, false])
})

test('an empty sign stands for nothing', () => {
  const none = namespaces({ private_prefix: '', namespace_boundary: '', user_boundary: '', user_separator: '' })
  expect(none.find('$ns:a#42')).toMatchObject({ isPrivate: false, rest: '$ns:a#42' })
  expect(none.isUserLimited('a#42')).toBe(false)
  const single = namespaces({ user_separator: '' })
  expect([single.isUserAllowed('a#42,43', '42,43'), single.isUserAllowed('a#42,43', '42')]).toEqual([true, false])
})

test('insecure allows whatever a channel offers, also after its rules were replaced', () => {
  const { channel } = checkConfig({ channel: { namespaces: [{ name: 'ns' }] } })
  const open = new Namespaces(channel, true)
  const allowed = {
    allow_subscribe_for_client: true,
    allow_subscribe_for_anonymous: true,
    allow_publish_for_anonymous: true,
    allow_history_for_anonymous: true,
    allow_presence_for_anonymous: true,
    presence: false,
  }
  expect(open.find('ns:a')?.options).toMatchObject(allowed)
  expect(open.find('a')?.options).toMatchObject(allowed)
  open.replace(checkChannelRules({ namespaces: [{ name: 'new' }] }))
  expect(open.find('new:a')?.options).toMatchObject(allowed)
})

test('a namespace takes the data that all do, unless it says otherwise', () => {
  const { channel } = checkConfig({
    channel: {
      publication_data_format: 'json_object',
      namespaces: [{ name: 'any', publication_data_format: 'binary' }, { name: 'as-all' }],
    },
  })
  const namespaces = new Namespaces(channel)
  const formatOf = (name: string): string | undefined => namespaces.find(name)?.options.publication_data_format
  expect(['a', 'any:a', 'as-all:a'].map(formatOf)).toEqual(['json_object', 'binary', 'json_object'])
})

import type { FilterNode } from '@backchannel/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { HubConfig } from '../config/config.ts'
import { createTagsFilter } from './tags-filter.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'

function node(given: Partial<FilterNode>): FilterNode {
  return { op: '', key: '', cmp: '', val: '', vals: [], nodes: [], ...given }
}

const leaf = (key: string, cmp: string, val: string | string[] = ''): FilterNode =>
  node({ key, cmp, ...(typeof val === 'string' ? { val } : { vals: val }) })

const tags = { kind: 'goal', minute: '87', temperature: '-3.50', empty: '' }

describe('a leaf', () => {
  test.each<[string, FilterNode, boolean]>([
    ['eq', leaf('kind', 'eq', 'goal'), true],
    ['eq of another', leaf('kind', 'eq', 'foul'), false],
    ['eq of a tag that is not there', leaf('team', 'eq', 'x'), false],
    ['neq', leaf('kind', 'neq', 'foul'), true],
    ['neq of a tag that is not there', leaf('team', 'neq', 'x'), true],
    ['in', leaf('kind', 'in', ['foul', 'goal']), true],
    ['in, absent as empty', leaf('team', 'in', ['']), true],
    ['nin', leaf('kind', 'nin', ['foul']), true],
    ['ex', leaf('empty', 'ex'), true],
    ['ex of what every object has', leaf('constructor', 'ex'), false],
    ['nex', leaf('team', 'nex'), true],
    ['sw', leaf('kind', 'sw', 'go'), true],
    ['ew', leaf('kind', 'ew', 'al'), true],
    ['ct', leaf('kind', 'ct', 'oa'), true],
    ['ct of a tag that is not there', leaf('team', 'ct', 'oa'), false],
    ['gt', leaf('minute', 'gt', '9'), true],
    ['gt of itself', leaf('minute', 'gt', '87.0'), false],
    ['gte of itself', leaf('minute', 'gte', '87.000'), true],
    ['lt', leaf('temperature', 'lt', '-3.4999999999999999999'), true],
    ['lte', leaf('temperature', 'lte', '-3.5'), true],
    ['a number against a word', leaf('kind', 'gt', '1'), false],
    ['a number against too long a one', leaf('minute', 'gt', `-${'1'.repeat(300)}`), false],
    ['exact, where floats are not', leaf('minute', 'lt', '87.0000000000000000001'), true],
  ])('%s', (_name, filter, expected) => {
    expect(createTagsFilter(filter).matches(tags)).toBe(expected)
  })
})

test('and, or, not', () => {
  const goal = leaf('kind', 'eq', 'goal')
  const foul = leaf('kind', 'eq', 'foul')
  const late = leaf('minute', 'gte', '80')
  expect(createTagsFilter(node({ op: 'and', nodes: [goal, late] })).matches(tags)).toBe(true)
  expect(createTagsFilter(node({ op: 'and', nodes: [foul, late] })).matches(tags)).toBe(false)
  expect(createTagsFilter(node({ op: 'or', nodes: [foul, late] })).matches(tags)).toBe(true)
  expect(createTagsFilter(node({ op: 'not', nodes: [foul] })).matches(tags)).toBe(true)
  expect(createTagsFilter(goal).matches(undefined)).toBe(false)
})

test.each<[string, FilterNode]>([
  ['nothing', node({})],
  ['an unknown operation', node({ op: 'xor', nodes: [leaf('a', 'ex')] })],
  ['an unknown comparison', leaf('a', 'like', 'b')],
  ['no value', leaf('a', 'eq')],
  ['a list where one value goes', leaf('a', 'eq', ['b'])],
  ['both', node({ key: 'a', cmp: 'in', val: 'b', vals: ['c'] })],
  ['an empty list', leaf('a', 'in', [])],
  ['a value where none goes', leaf('a', 'ex', 'b')],
  ['no key', leaf('', 'eq', 'b')],
  ['and of nothing', node({ op: 'and' })],
  ['not of two', node({ op: 'not', nodes: [leaf('a', 'ex'), leaf('b', 'ex')] })],
  ['something wrong within', node({ op: 'or', nodes: [leaf('a', 'ex'), leaf('a', 'eq')] })],
])('a filter of %s is refused', (_name, filter) => {
  expect(() => createTagsFilter(filter)).toThrow('bad request')
})

const config: HubConfig = {
  client: { token: { hmac_secret_key: 'test-token-key' } },
  channel: {
    namespaces: [
      {
        name: 'match',
        allow_subscribe_for_client: true,
        allow_tags_filter: true,
        history_size: 10,
        history_ttl: '300s',
        force_recovery: true,
      },
      { name: 'closed', allow_subscribe_for_client: true },
      { name: 'forbidden' },
    ],
  },
}

describe('a subscription with a filter', () => {
  let hub: TestHub
  afterEach(() => hub.close())
  const tf = { key: 'kind', cmp: 'eq', val: 'goal' }
  const publish = (n: number, kind: string): void =>
    void hub.core.publish('match:1', { data: String(n), tags: { kind } })

  test('hears what it lets through, others hear everything, and offsets tell what was left out', () => {
    hub = createTestHub({ config })
    const filtered = hub.connected('a')
    const all = hub.connected('b')
    filtered.send({ id: 2, subscribe: { channel: 'match:1', tf } })
    all.send({ id: 2, subscribe: { channel: 'match:1' } })
    for (const [n, kind] of [
      [1, 'goal'],
      [2, 'foul'],
      [3, 'foul'],
      [4, 'goal'],
    ] as const) {
      publish(n, kind)
    }
    hub.clock.tick()
    publish(5, 'foul')
    hub.clock.tick()
    publish(6, 'goal')
    hub.clock.tick()
    expect(filtered.publications('match:1')).toEqual([1, 4, 6])
    expect(all.publications('match:1')).toEqual([1, 2, 3, 4, 5, 6])
    expect(filtered.closed).toBeUndefined()
  })

  test('recovers what it lets through', () => {
    hub = createTestHub({ config })
    for (const [n, kind] of [
      [1, 'goal'],
      [2, 'foul'],
      [3, 'goal'],
      [4, 'foul'],
    ] as const) {
      publish(n, kind)
    }
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'match:1', tf, recover: true, offset: 1 } })
    hub.clock.tick()
    const { subscribe } = peer.reply(2) as { subscribe: { recovered: boolean; publications: { data: number }[] } }
    expect(subscribe.recovered).toBe(true)
    expect(subscribe.publications.map(({ data }) => data)).toEqual([3])
    publish(5, 'goal')
    hub.clock.tick()
    expect(peer.publications('match:1')).toEqual([5])
  })

  test('is refused where filters are not allowed or are none, after the permission', () => {
    hub = createTestHub({ config })
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'closed:1', tf } })
    peer.send({ id: 3, subscribe: { channel: 'match:1', tf: { key: 'kind' } } })
    peer.send({ id: 4, subscribe: { channel: 'forbidden:1', tf } })
    hub.clock.tick()
    const codes = [2, 3, 4].map((id) => (peer.reply(id) as { error: { code: number } }).error.code)
    expect(codes).toEqual([107, 107, 103])
  })
})

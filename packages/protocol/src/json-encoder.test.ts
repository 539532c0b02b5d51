import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { errorBody, replyError } from './errors.ts'
import {
  encodeBarePush,
  encodeClientInfo,
  encodePublication,
  encodePush,
  encodeReply,
  jsonPing,
} from './json-encoder.ts'
import type { Push } from './push.ts'
import type { ClientInfo, Publication, Reply, SubscribeResult } from './reply.ts'
import { anyPush, anyReply } from './testing/any-message.ts'
import { unsubscribeReason } from './unsubscribes.ts'

const alice: ClientInfo = { user: 'alice', client: 'c1' }

const everything: Required<SubscribeResult> = {
  // Deliberately not in the order of the wire.
  delta: true,
  wasRecovering: true,
  data: '{"d":1}',
  positioned: true,
  offset: 9,
  recovered: true,
  publications: [{ data: '1', offset: 8 }],
  epoch: 'xyzw',
  recoverable: true,
  ttl: 60,
  expires: true,
}

const nothing: Required<SubscribeResult> = {
  expires: false,
  ttl: 0,
  recoverable: false,
  epoch: '',
  publications: [],
  recovered: false,
  offset: 0,
  positioned: false,
  data: '',
  wasRecovering: false,
  delta: false,
}

describe('replies', () => {
  test.each<[Reply, string]>([
    [
      { id: 1, error: errorBody(replyError('permissionDenied')) },
      '{"id":1,"error":{"code":103,"message":"permission denied"}}',
    ],
    [
      { id: 1, error: errorBody(replyError('internal')) },
      '{"id":1,"error":{"code":100,"message":"internal server error","temporary":true}}',
    ],
    [{ id: 1, error: { code: 400, message: '"\n\u2028' } }, '{"id":1,"error":{"code":400,"message":"\\"\\n\u2028"}}'],
    [{ id: 1, error: { code: 400, message: '' } }, '{"id":1,"error":{"code":400}}'],
    [{ id: 4_294_967_295, publish: {} }, '{"id":4294967295,"publish":{}}'],
    [{ id: 0, publish: {} }, '{"publish":{}}'],

    [{ id: 1, connect: { client: 'c1', version: '0.1.0' } }, '{"id":1,"connect":{"client":"c1","version":"0.1.0"}}'],
    [
      {
        id: 1,
        connect: {
          time: 1_732_170_000_000,
          node: 'n1',
          session: 's1',
          pong: true,
          ping: 25,
          subs: new Map([
            ['ns:a', {}],
            ['"\n', { positioned: true, epoch: 'e' }],
          ]),
          data: '{ "welcome" : 1.0 }',
          ttl: 3600,
          expires: true,
          version: '0.1.0',
          client: 'c1',
        },
      },
      '{"id":1,"connect":{"client":"c1","version":"0.1.0","expires":true,"ttl":3600,"data":{ "welcome" : 1.0 },' +
        '"subs":{"ns:a":{},"\\"\\n":{"epoch":"e","positioned":true}},"ping":25,"pong":true,' +
        '"session":"s1","node":"n1","time":1732170000000}}',
    ],
    [
      {
        id: 1,
        connect: {
          client: 'c1',
          version: '',
          expires: false,
          ttl: 0,
          data: '',
          subs: new Map(),
          ping: 0,
          pong: false,
          session: '',
          node: '',
          time: 0,
        },
      },
      '{"id":1,"connect":{"client":"c1"}}',
    ],

    [{ id: 2, subscribe: {} }, '{"id":2,"subscribe":{}}'],
    [{ id: 2, subscribe: nothing }, '{"id":2,"subscribe":{}}'],
    [
      { id: 2, subscribe: everything },
      '{"id":2,"subscribe":{"expires":true,"ttl":60,"recoverable":true,"epoch":"xyzw",' +
        '"publications":[{"data":"1","offset":8}],"recovered":true,"offset":9,"positioned":true,"data":{"d":1},' +
        '"was_recovering":true,"delta":true}}',
    ],

    [{ id: 3, unsubscribe: {} }, '{"id":3,"unsubscribe":{}}'],
    [{ id: 4, publish: {} }, '{"id":4,"publish":{}}'],

    [{ id: 5, presence: { presence: new Map() } }, '{"id":5,"presence":{"presence":{}}}'],
    [
      {
        id: 5,
        presence: {
          presence: new Map([
            ['c1', alice],
            ['c2', { user: '', client: 'c2', connInfo: '{"n":1}', chanInfo: '[ ]' }],
            ['__proto__', { user: '', client: '' }],
          ]),
        },
      },
      '{"id":5,"presence":{"presence":{"c1":{"user":"alice","client":"c1"},' +
        '"c2":{"user":"","client":"c2","conn_info":{"n":1},"chan_info":[ ]},' +
        '"__proto__":{"user":"","client":""}}}}',
    ],
    [
      { id: 5, presenceStats: { numClients: 0, numUsers: 0 } },
      '{"id":5,"presence_stats":{"num_clients":0,"num_users":0}}',
    ],
    [
      { id: 5, presenceStats: { numClients: 3, numUsers: 2 } },
      '{"id":5,"presence_stats":{"num_clients":3,"num_users":2}}',
    ],

    [
      { id: 6, history: { publications: [], epoch: '', offset: 0 } },
      '{"id":6,"history":{"publications":[],"epoch":"","offset":0}}',
    ],
    [
      {
        id: 6,
        history: {
          publications: [
            { data: '"a"', offset: 1, epoch: 'e' },
            { data: '"b"', offset: 2 },
          ],
          epoch: 'e',
          offset: 2,
        },
      },
      '{"id":6,"history":{"publications":[{"data":"a","offset":1,"epoch":"e"},{"data":"b","offset":2}],"epoch":"e","offset":2}}',
    ],

    [{ id: 7, rpc: {} }, '{"id":7,"rpc":{}}'],
    [{ id: 7, rpc: { data: 'null' } }, '{"id":7,"rpc":{"data":null}}'],
    [{ id: 7, rpc: { data: '{"1":1E400}' } }, '{"id":7,"rpc":{"data":{"1":1E400}}}'],
    [{ id: 8, refresh: {} }, '{"id":8,"refresh":{}}'],
    [{ id: 8, refresh: { ttl: 60, expires: true } }, '{"id":8,"refresh":{"expires":true,"ttl":60}}'],
    [{ id: 9, subRefresh: {} }, '{"id":9,"sub_refresh":{}}'],
    [{ id: 9, subRefresh: { ttl: 60, expires: true } }, '{"id":9,"sub_refresh":{"expires":true,"ttl":60}}'],
  ])('%j', (reply, text) => {
    expect(encodeReply(reply)).toBe(text)
  })
})

describe('pushes', () => {
  test.each<[Push, string]>([
    [{ channel: 'a', pub: { data: '{}', offset: 0 } }, '{"push":{"channel":"a","pub":{"data":{}}}}'],
    [
      {
        channel: 'a"\n',
        pub: {
          version: 5,
          epoch: 'e',
          tags: { b: '"', a: '' },
          offset: 1,
          info: { user: '42', client: 'c1', chanInfo: '1', connInfo: '2' },
          data: '[1, 2]',
        },
      },
      '{"push":{"channel":"a\\"\\n","pub":{"data":[1, 2],' +
        '"info":{"user":"42","client":"c1","conn_info":2,"chan_info":1},' +
        '"offset":1,"tags":{"b":"\\"","a":""},"epoch":"e","version":5}}}',
    ],
    [
      { channel: 'a', pub: { data: 'null', offset: 0, tags: {}, epoch: '', version: 0 } },
      '{"push":{"channel":"a","pub":{"data":null}}}',
    ],
    [
      { channel: 'a', join: { info: alice } },
      '{"push":{"channel":"a","join":{"info":{"user":"alice","client":"c1"}}}}',
    ],
    [
      { channel: 'a', leave: { info: alice } },
      '{"push":{"channel":"a","leave":{"info":{"user":"alice","client":"c1"}}}}',
    ],
    [
      { channel: 'a', unsubscribe: unsubscribeReason('server') },
      '{"push":{"channel":"a","unsubscribe":{"code":2000,"reason":"server unsubscribe"}}}',
    ],
    [{ channel: 'a', unsubscribe: { code: 0, reason: '' } }, '{"push":{"channel":"a","unsubscribe":{}}}'],
    [{ channel: 'a', subscribe: {} }, '{"push":{"channel":"a","subscribe":{}}}'],
    [
      { channel: 'a', subscribe: { data: '1', positioned: true, offset: 3, epoch: 'e', recoverable: true } },
      '{"push":{"channel":"a","subscribe":{"recoverable":true,"epoch":"e","offset":3,"positioned":true,"data":1}}}',
    ],
    [
      {
        connect: {
          client: 'c1',
          version: 'v',
          expires: true,
          ttl: 5,
          data: '1',
          session: 's1',
          subs: new Map([['a', { offset: 1 }]]),
        },
      },
      '{"push":{"connect":{"client":"c1","version":"v","data":1,"subs":{"a":{"offset":1}},"expires":true,"ttl":5,"session":"s1"}}}',
    ],
    [{ message: { data: '{"a":1}' } }, '{"push":{"message":{"data":{"a":1}}}}'],
    [{ disconnect: { code: 3001, reason: 'shutdown' } }, '{"push":{"disconnect":{"code":3001,"reason":"shutdown"}}}'],
    [{ refresh: {} }, '{"push":{"refresh":{}}}'],
    [{ refresh: { ttl: 5, expires: true } }, '{"push":{"refresh":{"expires":true,"ttl":5}}}'],
  ])('%j', (push, text) => {
    expect(encodePush(push)).toBe(text)
    expect(encodeBarePush(push)).toBe(text.slice('{"push":'.length, -1))
  })

  test('a ping is an empty object', () => {
    expect(jsonPing).toBe('{}')
  })
})

describe('with differences', () => {
  test('data is a string that holds the text', () => {
    expect(encodePublication({ data: '{"a":"\\n"}', offset: 3 }, true)).toBe(
      String.raw`{"data":"{\"a\":\"\\n\"}","offset":3}`,
    )
  })

  test('a patch is a string, and says that it is one', () => {
    expect(encodePublication({ data: 'H\nH:ä"3;', offset: 4, delta: true }, true)).toBe(
      String.raw`{"data":"H\nH:ä\"3;","offset":4,"delta":true}`,
    )
  })

  test('recovered publications are strings, too', () => {
    const publications: Publication[] = [
      { data: '{}', offset: 1 },
      { data: '1;', offset: 2, delta: true },
    ]
    expect(encodeReply({ id: 1, subscribe: { delta: true, publications } })).toBe(
      '{"id":1,"subscribe":{"publications":[{"data":"{}","offset":1},{"data":"1;","offset":2,"delta":true}],"delta":true}}',
    )
    const connect = { client: 'c', version: 'v', subs: new Map([['a', { delta: true, publications }]]) }
    expect(encodeBarePush({ connect })).toContain('{"a":{"publications":[{"data":"{}","offset":1},{"data":"1;"')
  })

  test('history is never patched', () => {
    expect(encodeReply({ id: 1, history: { publications: [{ data: '{}', offset: 1 }], epoch: '', offset: 1 } })).toBe(
      '{"id":1,"history":{"publications":[{"data":{},"offset":1}],"epoch":"","offset":1}}',
    )
  })
})

describe('no data', () => {
  test('is left out of a publication', () => {
    expect(encodePublication({ data: '', offset: 0 })).toBe('{}')
    expect(encodePublication({ data: '', offset: 2, version: 1 })).toBe('{"offset":2,"version":1}')
  })

  test('is left out of a message', () => {
    expect(encodePush({ message: { data: '' } })).toBe('{"push":{"message":{}}}')
  })

  test('is an empty string with differences', () => {
    expect(encodePublication({ data: '', offset: 2 }, true)).toBe('{"data":"","offset":2}')
  })
})

describe('data', () => {
  test.each([
    '1.0',
    '1E400',
    '12345678901234567890',
    '{ "b" : 1 ,\t"a":2, "a":3 }',
    String.raw`"\ud800\/"`,
    '{"__proto__":1}',
    '['.repeat(20_000) + ']'.repeat(20_000),
  ])('%.40s is put on the wire as it is', (data) => {
    expect(encodePublication({ data, offset: 0 }) === `{"data":${data}}`).toBe(true)
    expect(encodeReply({ id: 1, rpc: { data } }) === `{"id":1,"rpc":{"data":${data}}}`).toBe(true)
    expect(
      encodeClientInfo({ user: '', client: '', connInfo: data }) === `{"user":"","client":"","conn_info":${data}}`,
    ).toBe(true)
  })

  test('over several lines is put on one', () => {
    const data = '{\r\n  "a": "\\n",\n  "b": [\r]\n}\n'
    expect(encodePublication({ data, offset: 0 })).toBe(String.raw`{"data":{  "a": "\n",  "b": []}}`)
    expect(encodeReply({ id: 1, rpc: { data } })).not.toMatch(/[\r\n]/)
    expect(encodePush({ message: { data } })).not.toMatch(/[\r\n]/)
    expect(encodeClientInfo({ user: '', client: '', connInfo: data, chanInfo: data })).not.toMatch(/[\r\n]/)
  })

  test('over several lines keeps them where it is a string: patches are made for just this text', () => {
    expect(encodePublication({ data: '{\n}', offset: 0 }, true)).toBe(String.raw`{"data":"{\n}"}`)
  })

  const bytes = new Uint8Array([0xff])
  const pub: Publication = { data: bytes, offset: 0 }
  const info: ClientInfo = { user: '', client: '', chanInfo: bytes }

  test.each<[string, () => string]>([
    ['a publication', () => encodePush({ channel: 'a', pub })],
    ['a message', () => encodePush({ message: { data: bytes } })],
    ['an rpc answer', () => encodeReply({ id: 1, rpc: { data: bytes } })],
    ['empty ones in an rpc answer', () => encodeReply({ id: 1, rpc: { data: new Uint8Array() } })],
    ['a connect answer', () => encodeReply({ id: 1, connect: { client: 'c', version: 'v', data: bytes } })],
    ['a subscription', () => encodeReply({ id: 1, subscribe: { data: bytes } })],
    ['a recovered publication', () => encodeReply({ id: 1, subscribe: { publications: [pub] } })],
    ['history', () => encodeReply({ id: 1, history: { publications: [pub], epoch: '', offset: 0 } })],
    ['presence', () => encodeReply({ id: 1, presence: { presence: new Map([['c', info]]) } })],
    ['a join', () => encodePush({ channel: 'a', join: { info } })],
    ['a leave', () => encodePush({ channel: 'a', leave: { info } })],
    ['a publisher', () => encodePublication({ data: '1', offset: 0, info })],
    ['a server’s subscription', () => encodePush({ channel: 'a', subscribe: { data: bytes } })],
  ])('bytes in %s close the connection 3506', (_name, encode) => {
    let thrown: unknown
    try {
      encode()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ name: 'Disconnect', code: 3506, reason: 'inappropriate protocol' })
  })
})

describe('any message', () => {
  test('is one line of JSON that says the same', () => {
    fc.assert(
      fc.property(anyReply, (message) => {
        const line = encodeReply(message)
        expect(line).not.toContain('\n')
        expect(isSame(line, message), line).toBe(true)
      }),
      { numRuns: 1000 },
    )
    fc.assert(
      fc.property(anyPush, (message) => {
        const line = encodePush(message)
        expect(line).not.toContain('\n')
        expect(isSame(line, { push: message }), line).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})

const payloads = new Set(['data', 'connInfo', 'chanInfo'])

/** A message without zero values and with the wire's names; which zeros stay is what the literal texts above say. */
function slim(value: unknown, isMessage: boolean): unknown {
  if (value instanceof Map) {
    return Object.fromEntries(Array.from(value, ([key, member]) => [key, slim(member, isMessage)]))
  }
  if (Array.isArray(value)) return value.map((element) => slim(element, isMessage))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).flatMap(([key, member]: [string, unknown]) => {
    if (isZero(member)) return []
    if (!isMessage || key === 'tags') return [[key, slim(member, false)] as const]
    const name = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    const isPayload = payloads.has(key) && typeof member === 'string'
    const data = isPayload ? slim(JSON.parse(member), false) : slim(member, true)
    return isZero(data) ? [] : [[name, data] as const]
  })
  return Object.fromEntries(members)
}

function isZero(value: unknown): boolean {
  if (value instanceof Map) return value.size === 0
  if (Array.isArray(value)) return value.length === 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === '' || value === 0 || value === false
}

/** What is left of a line, and of the message that it was made of. The matchers of expect trip over `constructor`. */
function isSame(line: string, message: object): boolean {
  return isDeepStrictEqual(settled(JSON.parse(line), false), settled(message, true))
}

/** Slimming empties what held nothing but zeros; until nothing is left to drop. */
function settled(value: unknown, isMessage: boolean): unknown {
  let before = slim(value, isMessage)
  for (;;) {
    const after = slim(before, false)
    if (isDeepStrictEqual(before, after)) return after
    before = after
  }
}

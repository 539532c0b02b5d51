import { describe, expect, test } from 'vitest'
import type { Command, FilterNode, SubscribeRequest } from './command.ts'
import { maxFilterDepth, maxFilterNodes } from './filter-limits.ts'
import { decodeCommand, decodeConnectRequest, decodeEmulation, splitFrame } from './json-decoder.ts'
import { MalformedCommand } from './malformed-command.ts'

function subscription(channel: string, more: Partial<SubscribeRequest> = {}): SubscribeRequest {
  return {
    channel,
    token: '',
    recover: false,
    epoch: '',
    offset: 0,
    positioned: false,
    recoverable: false,
    joinLeave: false,
    delta: '',
    flag: 0,
    type: 0,
    ...more,
  }
}

function connection(more: object = {}): Extract<Command, { kind: 'connect' }>['connect'] {
  return { token: '', name: '', version: '', subs: new Map(), headers: new Map(), ...more }
}

function filter(more: Partial<FilterNode>): FilterNode {
  return { op: '', key: '', cmp: '', val: '', vals: [], nodes: [], ...more }
}

describe('what is decoded', () => {
  test.each<[string, Command]>([
    // The answer to a ping: no id, and nothing that is a `send`.
    ['{}', { kind: 'pong', id: 0 }],
    [' {\t} \r', { kind: 'pong', id: 0 }],
    ['{"id":0}', { kind: 'pong', id: 0 }],
    ['{"id":null}', { kind: 'pong', id: 0 }],
    ['{"id":0,"connect":{}}', { kind: 'pong', id: 0 }],
    ['{"subscribe":{"channel":"a"}}', { kind: 'pong', id: 0 }],
    ['{"publish":{"channel":"a","data":{}}}', { kind: 'pong', id: 0 }],
    ['{"ping":{}}', { kind: 'pong', id: 0 }],
    ['{"send":null}', { kind: 'pong', id: 0 }],
    ['{"hello":1}', { kind: 'pong', id: 0 }],

    // An id and nothing known.
    ['{"id":1}', { kind: 'unknown', id: 1 }],
    ['{"id":1,"hello":{}}', { kind: 'unknown', id: 1 }],
    ['{"id":1,"hello":5}', { kind: 'unknown', id: 1 }],
    ['{"id":1,"subscribe":null}', { kind: 'unknown', id: 1 }],
    ['{"id":1,"push":{"channel":"a"}}', { kind: 'unknown', id: 1 }],
    ['{"id":1,"__proto__":{"connect":{}}}', { kind: 'unknown', id: 1 }],
    ['{"id":1,"constructor":{},"toString":5}', { kind: 'unknown', id: 1 }],
    ['{"__proto__":{"id":5}}', { kind: 'pong', id: 0 }],
    ['{"ID":1,"SUBSCRIBE":{}}', { kind: 'pong', id: 0 }],

    // ids
    ['{"id":4294967295,"ping":{}}', { kind: 'ping', id: 4_294_967_295 }],
    ['{"id":1,"id":2,"ping":{}}', { kind: 'ping', id: 2 }],
    [String.raw`{"\u0069d":3,"p\u0069ng":{}}`, { kind: 'ping', id: 3 }],

    // connect
    ['{"id":1,"connect":{}}', { kind: 'connect', id: 1, connect: connection() }],
    [
      '{"id":1,"connect":{"token":"t","name":"js","version":"5","data":{"a":1.0}}}',
      { kind: 'connect', id: 1, connect: connection({ token: 't', name: 'js', version: '5', data: '{"a":1.0}' }) },
    ],
    [
      '{"id":1,"connect":{"token":null,"data":null,"name":null,"version":null,"subs":null,"headers":null,"flag":null}}',
      { kind: 'connect', id: 1, connect: connection({ data: 'null' }) },
    ],
    [
      '{"id":1,"connect":{"subs":{"a":{"recover":true,"offset":5,"epoch":"xyz"},"b":null,"c":{}}}}',
      {
        kind: 'connect',
        id: 1,
        connect: connection({
          subs: new Map([
            ['a', subscription('a', { recover: true, offset: 5, epoch: 'xyz' })],
            ['b', subscription('b')],
            ['c', subscription('c')],
          ]),
        }),
      },
    ],
    // A channel is what stands before the colon, whatever the body says.
    [
      '{"id":1,"connect":{"subs":{"a":{"channel":"b"}}}}',
      { kind: 'connect', id: 1, connect: connection({ subs: new Map([['a', subscription('a')]]) }) },
    ],
    [
      '{"id":1,"connect":{"subs":{"__proto__":{"recover":true},"constructor":{},"":{}}}}',
      {
        kind: 'connect',
        id: 1,
        connect: connection({
          subs: new Map([
            ['__proto__', subscription('__proto__', { recover: true })],
            ['constructor', subscription('constructor')],
            ['', subscription('')],
          ]),
        }),
      },
    ],
    [
      '{"id":1,"connect":{"headers":{"A":"b","c":null,"__proto__":"d"},"flag":5}}',
      {
        kind: 'connect',
        id: 1,
        connect: connection({
          headers: new Map([
            ['A', 'b'],
            ['c', ''],
            ['__proto__', 'd'],
          ]),
        }),
      },
    ],
    [
      '{"id":1,"connect":{"__proto__":{"token":"t"},"constructor":5}}',
      { kind: 'connect', id: 1, connect: connection() },
    ],

    // subscribe
    ['{"id":2,"subscribe":{"channel":"a"}}', { kind: 'subscribe', id: 2, subscribe: subscription('a') }],
    ['{"id":2,"subscribe":{}}', { kind: 'subscribe', id: 2, subscribe: subscription('') }],
    [
      '{"id":2,"subscribe":{"channel":"ns:a","token":"t","recover":true,"epoch":"e","offset":7,"data":[1, 2],"positioned":true,"recoverable":true,"join_leave":true,"delta":"fossil","tf":{"op":"and"},"flag":3,"type":1}}',
      {
        kind: 'subscribe',
        id: 2,
        subscribe: subscription('ns:a', {
          token: 't',
          recover: true,
          epoch: 'e',
          offset: 7,
          data: '[1, 2]',
          positioned: true,
          recoverable: true,
          joinLeave: true,
          delta: 'fossil',
          filter: filter({ op: 'and' }),
          flag: 3,
          type: 1,
        }),
      },
    ],
    [
      '{"id":2,"subscribe":{"channel":null,"token":null,"recover":null,"epoch":null,"offset":null,"positioned":null,"recoverable":null,"join_leave":null,"delta":null,"tf":null,"flag":null,"type":null}}',
      { kind: 'subscribe', id: 2, subscribe: subscription('') },
    ],
    [
      '{"id":2,"subscribe":{"channel":"a","tf":{}}}',
      { kind: 'subscribe', id: 2, subscribe: subscription('a', { filter: filter({}) }) },
    ],
    [
      '{"id":2,"subscribe":{"tf":{"op":"not","nodes":[{"key":"k","cmp":"in","vals":["a",null],"val":"v"},null],"vals":null}}}',
      {
        kind: 'subscribe',
        id: 2,
        subscribe: subscription('', {
          filter: filter({
            op: 'not',
            nodes: [filter({ key: 'k', cmp: 'in', val: 'v', vals: ['a', ''] }), filter({})],
          }),
        }),
      },
    ],
    // Known of subscriptions of other types, and of no account here.
    [
      '{"id":2,"subscribe":{"channel":"a","phase":2,"cursor":"c","limit":-1,"asc":true}}',
      { kind: 'subscribe', id: 2, subscribe: subscription('a') },
    ],
    [
      '{"id":2,"subscribe":{"channel":"a","offset":9007199254740991}}',
      { kind: 'subscribe', id: 2, subscribe: subscription('a', { offset: Number.MAX_SAFE_INTEGER }) },
    ],
    [
      '{"id":2,"subscribe":{"channel":"a","offset":18446744073709551615}}',
      { kind: 'subscribe', id: 2, subscribe: subscription('a', { offset: 2 ** 64 }) },
    ],
    [
      '{"id":2,"subscribe":{"channel":"a","flag":-9223372036854775808,"type":-2147483648}}',
      { kind: 'subscribe', id: 2, subscribe: subscription('a', { flag: -(2 ** 63), type: -(2 ** 31) }) },
    ],
    [
      '{"id":2,"subscribe":{"channel":"a","flag":-0,"type":-0}}',
      { kind: 'subscribe', id: 2, subscribe: subscription('a') },
    ],
    [
      '{"id":2,"subscribe":{"channel":"b","channel":"a","data":1,"data":2}}',
      { kind: 'subscribe', id: 2, subscribe: subscription('a', { data: '2' }) },
    ],
    [
      '{"id":2,"subscribe":{"channel":"__proto__"}}',
      { kind: 'subscribe', id: 2, subscribe: subscription('__proto__') },
    ],
    [
      String.raw`{"id":2,"subscribe":{"channel":"\u00e4\ud83d\ude00\ud800"}}`,
      { kind: 'subscribe', id: 2, subscribe: subscription('ä😀\ud800') },
    ],

    // unsubscribe, presence, presence_stats
    ['{"id":3,"unsubscribe":{"channel":"a"}}', { kind: 'unsubscribe', id: 3, channel: 'a' }],
    ['{"id":3,"unsubscribe":{}}', { kind: 'unsubscribe', id: 3, channel: '' }],
    ['{"id":3,"presence":{"channel":"a"}}', { kind: 'presence', id: 3, channel: 'a' }],
    ['{"id":3,"presence":{"channel":null}}', { kind: 'presence', id: 3, channel: '' }],
    ['{"id":3,"presence_stats":{"channel":"a"}}', { kind: 'presenceStats', id: 3, channel: 'a' }],
    ['{"id":3,"presence_stats":{}}', { kind: 'presenceStats', id: 3, channel: '' }],

    // publish
    [
      '{"id":4,"publish":{"channel":"a","data":{"x":1E400,"y":"\\ud800"}}}',
      { kind: 'publish', id: 4, channel: 'a', data: '{"x":1E400,"y":"\\ud800"}', type: 0 },
    ],
    ['{"id":4,"publish":{"channel":"a"}}', { kind: 'publish', id: 4, channel: 'a', data: '', type: 0 }],
    ['{"id":4,"publish":{"channel":"a","data":null}}', { kind: 'publish', id: 4, channel: 'a', data: 'null', type: 0 }],
    ['{"id":4,"publish":{"channel":"a","data":""}}', { kind: 'publish', id: 4, channel: 'a', data: '""', type: 0 }],
    [
      '{"id":4,"publish":{"channel":"a","data":{"__proto__":1,"constructor":{"prototype":{}}}}}',
      { kind: 'publish', id: 4, channel: 'a', data: '{"__proto__":1,"constructor":{"prototype":{}}}', type: 0 },
    ],
    [
      '{"publish":{"channel":"b","data":1},"id":4,"publish":{"channel":"a","data":2}}',
      { kind: 'publish', id: 4, channel: 'a', data: '2', type: 0 },
    ],

    [
      '{"id":4,"publish":{"channel":"a","data":1,"type":3}}',
      { kind: 'publish', id: 4, channel: 'a', data: '1', type: 3 },
    ],

    // history
    [
      '{"id":5,"history":{"channel":"a"}}',
      { kind: 'history', id: 5, history: { channel: 'a', limit: 0, reverse: false } },
    ],
    [
      '{"id":5,"history":{"channel":"a","limit":-1,"reverse":true,"since":{"offset":3,"epoch":"e"}}}',
      {
        kind: 'history',
        id: 5,
        history: { channel: 'a', limit: -1, reverse: true, since: { offset: 3, epoch: 'e' } },
      },
    ],
    [
      '{"id":5,"history":{"channel":"a","since":{}}}',
      {
        kind: 'history',
        id: 5,
        history: { channel: 'a', limit: 0, reverse: false, since: { offset: 0, epoch: '' } },
      },
    ],
    [
      '{"id":5,"history":{"since":null,"limit":2147483647}}',
      { kind: 'history', id: 5, history: { channel: '', limit: 2_147_483_647, reverse: false } },
    ],

    // ping, send, rpc, refresh, sub_refresh
    ['{"id":6,"ping":{}}', { kind: 'ping', id: 6 }],
    ['{"id":6,"send":{"data":{"a":1}}}', { kind: 'send', id: 6, data: '{"a":1}' }],
    ['{"send":{"data":"x"}}', { kind: 'send', id: 0, data: '"x"' }],
    ['{"send":{}}', { kind: 'send', id: 0, data: '' }],
    ['{"id":7,"rpc":{"method":"m","data":[ ]}}', { kind: 'rpc', id: 7, method: 'm', data: '[ ]' }],
    ['{"id":7,"rpc":{}}', { kind: 'rpc', id: 7, method: '', data: '' }],
    ['{"id":8,"refresh":{"token":"t"}}', { kind: 'refresh', id: 8, token: 't' }],
    ['{"id":8,"refresh":{}}', { kind: 'refresh', id: 8, token: '' }],
    ['{"id":9,"sub_refresh":{"channel":"a","token":"t"}}', { kind: 'subRefresh', id: 9, channel: 'a', token: 't' }],
    ['{"id":9,"sub_refresh":{}}', { kind: 'subRefresh', id: 9, channel: '', token: '' }],

    // Several kinds: the protocol's order decides, not the text's.
    [
      '{"id":1,"unsubscribe":{"channel":"b"},"subscribe":{"channel":"a"}}',
      { kind: 'subscribe', id: 1, subscribe: subscription('a') },
    ],
    ['{"id":1,"rpc":{},"connect":null,"ping":{}}', { kind: 'ping', id: 1 }],
    ['{"id":1,"sub_refresh":{},"refresh":{"token":"t"}}', { kind: 'refresh', id: 1, token: 't' }],
  ])('%s', (text, command) => {
    expect(decodeCommand(text)).toStrictEqual(command)
  })
})

describe('100,000 levels', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)

  test('of data are data', () => {
    const command = decodeCommand(`{"id":4,"publish":{"channel":"a","data":${deep}}}`)
    expect(command.kind === 'publish' && command.data === deep).toBe(true)
  })

  test('of anything else are refused, whole or cut off', () => {
    for (const text of [
      deep,
      deep.slice(0, 100_000),
      '{"a":'.repeat(100_000),
      `{"id":${deep}}`,
      `{"connect":${deep}}`,
      `{"id":1,"subscribe":{"tf":${'{"nodes":['.repeat(100_000)}{}${']}'.repeat(100_000)}}}`,
    ]) {
      let thrown: unknown
      try {
        decodeCommand(text)
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(MalformedCommand)
    }
  })
})

const wrongTypes: Readonly<Record<'string' | 'boolean' | 'integer' | 'object' | 'list', readonly string[]>> = {
  string: ['5', '0', 'true', 'false', '[]', '{}', '["a"]'],
  boolean: ['0', '1', '"true"', '""', '[]', '{}'],
  integer: ['"1"', '""', 'true', 'false', '[]', '{}', '1.5', '1e-1', '1e400', '-1e400'],
  object: ['5', '0', '""', '"a"', 'true', 'false', '[]', '[{}]'],
  list: ['5', '0', '""', '"a"', 'true', 'false', '{}', '[5]', '[true]'],
}

const fields: readonly [path: string, type: keyof typeof wrongTypes, more?: readonly string[]][] = [
  ['id', 'integer', ['-1', '-0', '-0.0', '4294967296', '1.1', '18446744073709551615', '1e10', '007', '+1', '.5', '1.']],
  ['connect', 'object'],
  ['connect.token', 'string'],
  ['connect.name', 'string'],
  ['connect.version', 'string'],
  ['connect.subs', 'object'],
  ['connect.subs.a', 'object'],
  ['connect.subs.a.recover', 'boolean'],
  ['connect.subs.a.offset', 'integer', ['-1']],
  ['connect.subs.a.epoch', 'string'],
  ['connect.headers', 'object'],
  ['connect.headers.a', 'string'],
  ['connect.flag', 'integer', ['18446744073709551616']],
  ['subscribe', 'object'],
  ['subscribe.channel', 'string'],
  ['subscribe.token', 'string'],
  ['subscribe.recover', 'boolean'],
  ['subscribe.epoch', 'string'],
  ['subscribe.offset', 'integer', ['-1', '-0', '-9007199254740993', '36893488147419103232']],
  ['subscribe.positioned', 'boolean'],
  ['subscribe.recoverable', 'boolean'],
  ['subscribe.join_leave', 'boolean'],
  ['subscribe.delta', 'string'],
  ['subscribe.tf', 'object'],
  ['subscribe.tf.op', 'string'],
  ['subscribe.tf.key', 'string'],
  ['subscribe.tf.cmp', 'string'],
  ['subscribe.tf.val', 'string'],
  ['subscribe.tf.vals', 'list'],
  ['subscribe.tf.nodes', 'list', ['["a"]', '[[]]', '[{"nodes":5}]']],
  ['subscribe.phase', 'integer', ['2147483648']],
  ['subscribe.limit', 'integer', ['2147483648']],
  ['subscribe.cursor', 'string'],
  ['subscribe.asc', 'boolean'],
  ['subscribe.flag', 'integer', ['18446744073709551616', '-18446744073709551616']],
  ['subscribe.type', 'integer', ['2147483648', '-2147483649']],
  ['unsubscribe', 'object'],
  ['unsubscribe.channel', 'string'],
  ['publish', 'object'],
  ['publish.channel', 'string'],
  ['publish.type', 'integer', ['2147483648']],
  ['presence', 'object'],
  ['presence.channel', 'string'],
  ['presence_stats', 'object'],
  ['presence_stats.channel', 'string'],
  ['history', 'object'],
  ['history.channel', 'string'],
  ['history.limit', 'integer', ['2147483648', '-2147483649']],
  ['history.reverse', 'boolean'],
  ['history.since', 'object'],
  ['history.since.offset', 'integer', ['-1', '36893488147419103232']],
  ['history.since.epoch', 'string'],
  ['ping', 'object'],
  ['send', 'object'],
  ['rpc', 'object'],
  ['rpc.method', 'string'],
  ['refresh', 'object'],
  ['refresh.token', 'string'],
  ['sub_refresh', 'object'],
  ['sub_refresh.channel', 'string'],
  ['sub_refresh.token', 'string'],
]

describe('what is refused', () => {
  test.for(fields)('%s that is no %s', ([path, type, more = []]) => {
    const names = path.split('.')
    for (const value of wrongTypes[type].concat(more)) {
      const body = names.map((name) => `{"${name}":`).join('') + value + '}'.repeat(names.length)
      const text = path === 'id' ? body : `{"id":1,${body.slice(1)}`
      expect(() => decodeCommand(text), text).toThrow(MalformedCommand)
    }
    // The same field with null is as good as absent, so it was the value that was refused.
    const absent = names.map((name) => `{"${name}":`).join('') + 'null' + '}'.repeat(names.length)
    expect(() => decodeCommand(absent), absent).not.toThrow()
  })

  test('a body of the wrong type beside the one that counts', () => {
    expect(() => decodeCommand('{"id":1,"subscribe":{"channel":"a"},"publish":5}')).toThrow(MalformedCommand)
    expect(() => decodeCommand('{"publish":5}')).toThrow(MalformedCommand)
  })

  test('a wrong type without an id, too: it is no answer to a ping', () => {
    expect(() => decodeCommand('{"subscribe":{"channel":5}}')).toThrow(MalformedCommand)
  })

  test.each([
    '',
    ' ',
    '\r',
    'null',
    '1',
    '"ping"',
    'true',
    '[]',
    '[{"id":1}]',
    '{',
    '{"id":1',
    '{"id":1}}',
    '{"id":1} x',
    '{"id":1}{"id":2}',
    '{"id":1},',
    "{'id':1}",
    '{id:1}',
    '{"id":1,}',
    '{"id":undefined}',
    '{"id":NaN}',
    '{"id":0x1}',
    '\ufeff{}',
    '{}\0',
    '{"id":1,"rpc":{"method":"\t"}}',
    '{"id":1,"rpc":{"method":"\u0001"}}',
    String.raw`{"id":1,"rpc":{"method":"\x"}}`,
    String.raw`{"id":1,"rpc":{"method":"\u12"}}`,
    '\u00a0{}',
    '// comment\n{}',
    'undefined',
  ])('%j', (text) => {
    expect(() => decodeCommand(text)).toThrow(MalformedCommand)
  })

  test('says which field, and what it wants, without the value', () => {
    expect(() => decodeCommand('{"id":1,"connect":{"token":["secret"]}}')).toThrow('connect.token: expected a string')
    expect(() => decodeCommand('{"id":-1}')).toThrow('id: expected an integer from 0 to 4294967295')
    expect(() => decodeCommand('{"secret"')).toThrow('not JSON')
  })
})

describe('a filter', () => {
  const nested = (depth: number): string => '{"nodes":['.repeat(depth - 1) + '{}' + ']}'.repeat(depth - 1)
  const wide = (nodes: number): string => `{"nodes":[${Array.from({ length: nodes - 1 }, () => '{}').join(',')}]}`
  const decode = (tf: string): Command => decodeCommand(`{"id":1,"subscribe":{"channel":"a","tf":${tf}}}`)

  test(`of ${maxFilterDepth} levels is read, one of more is refused`, () => {
    expect(decode(nested(maxFilterDepth)).kind).toBe('subscribe')
    expect(() => decode(nested(maxFilterDepth + 1))).toThrow(MalformedCommand)
  })

  test(`of ${maxFilterNodes} nodes is read, one of more is refused`, () => {
    expect(decode(wide(maxFilterNodes)).kind).toBe('subscribe')
    expect(() => decode(wide(maxFilterNodes + 1))).toThrow(MalformedCommand)
  })
})

describe('a connect request alone', () => {
  test.each([
    ['', connection()],
    ['null', connection()],
    ['{}', connection()],
    ['{"data":{ "a": 1.0 },"token":"t"}', connection({ token: 't', data: '{ "a": 1.0 }' })],
    ['{"connect":{"token":"t"}}', connection()],
    ['{"headers":{"a":"b"}}', connection({ headers: new Map([['a', 'b']]) })],
  ])('%j', (text, request) => {
    expect(decodeConnectRequest(text)).toStrictEqual(request)
  })

  test.each(['{', ' ', '[]', '5', '"a"', '{"token":5}', '{"subs":[]}', '{}\n{}'])('%j is refused', (text) => {
    expect(() => decodeConnectRequest(text)).toThrow(MalformedCommand)
  })
})

describe('an emulation request', () => {
  const decode = (text: string): [string, string, string] => {
    const { node, session, data } = decodeEmulation(text)
    return [node, session, new TextDecoder().decode(data)]
  }

  test.each([
    ['{"session":"s","node":"n","data":"{\\"id\\":1}\\n{}"}', ['n', 's', '{"id":1}\n{}']],
    ['{}', ['', '', '']],
    ['{"data":"\\u00e4\\ud83d\\ude00"}', ['', '', 'ä😀']],
    ['null', ['', '', '']],
  ])('%j', (text, parts) => {
    expect(decode(text)).toEqual(parts)
  })

  test.each(['{}', '{"data":null}', '{"data":5}', '{"data":{}}'])('%j holds no frame', (text) => {
    expect(decodeEmulation(text)).not.toHaveProperty('data')
  })

  test.each(['', '[]', '5', '{"session":5}', '{"node":[]}', '{}{}'])('%j is refused', (text) => {
    expect(() => decodeEmulation(text)).toThrow(MalformedCommand)
  })
})

describe('splitFrame', () => {
  test.each([
    ['{}', ['{}']],
    ['{}\n', ['{}']],
    ['{"id":1}\n{"id":2}', ['{"id":1}', '{"id":2}']],
    ['{"id":1}\n{"id":2}\n', ['{"id":1}', '{"id":2}']],
    ['', ['']],
    ['\n', ['']],
    ['\n\n', ['', '']],
    ['\n{}', ['', '{}']],
    ['{}\n\n', ['{}', '']],
    ['{}\n\n{}', ['{}', '', '{}']],
    ['{}\n \n{}', ['{}', ' ', '{}']],
    ['{}\r\n{}\r\n', ['{}\r', '{}\r']],
    ['{}\u2028{}', ['{}\u2028{}']],
    ['{"data":"\\n"}', ['{"data":"\\n"}']],
  ])('%j', (frame, commands) => {
    expect(splitFrame(frame)).toEqual(commands)
  })
})

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { describe, expect, test } from 'vitest'
import type { Command, SubscribeRequest } from './command.ts'
import { maxFilterDepth, maxFilterNodes } from './filter-limits.ts'
import { MalformedCommand } from './malformed-command.ts'
import { decodeCommandProtobuf, decodeEmulationProtobuf, splitProtobufFrame } from './protobuf-decoder.ts'

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}

/** One field that is behind its length: a message, a string, bytes. */
function field(number: number, ...parts: (Uint8Array | string)[]): Uint8Array {
  const value = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(value).finish()
}

function number(field: number, value: number | bigint): Uint8Array {
  return new BinaryWriter()
    .tag(field, WireType.Varint)
    .uint64(typeof value === 'bigint' ? value.toString() : value)
    .finish()
}

function command(...parts: Uint8Array[]): Command {
  return decodeCommandProtobuf(Buffer.concat(parts))
}

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

const id = number(1, 1)

describe('what is decoded', () => {
  test.each<[string, Command]>([
    ['', { kind: 'pong', id: 0 }],
    ['0800', { kind: 'pong', id: 0 }],
    // A connect, but no id.
    ['2200', { kind: 'pong', id: 0 }],
    ['0801', { kind: 'unknown', id: 1 }],
    ['08ffffffff0f', { kind: 'unknown', id: 4_294_967_295 }],
    // Of several the last one counts; of more than 32 bits, the lower ones.
    ['0801 0802', { kind: 'unknown', id: 2 }],
    ['0885808080808001', { kind: 'unknown', id: 5 }],
    ['0881808080808080808000', { kind: 'unknown', id: 1 }],
    ['0801 5a00', { kind: 'ping', id: 1 }],
    ['5a00 0801', { kind: 'ping', id: 1 }],
    ['0802 3206 0a046e733a61', { kind: 'unsubscribe', id: 2, channel: 'ns:a' }],
    ['0803 3a07 0a0161 12023432', { kind: 'publish', id: 3, channel: 'a', data: '42', type: 0 }],
    ['0804 6a05 0a01ff 1200', { kind: 'rpc', id: 4, method: '', data: Uint8Array.of(0xff) }],
    ['6200', { kind: 'send', id: 0, data: '' }],
    // Fields that are not known, in a body and beside it, of every type.
    ['0801 2a06 0a0161 c00c01', { kind: 'subscribe', id: 1, subscribe: subscription('a') }],
    ['0801 5a00 a00601 a1060000000000000000 a20600 a50600000000', { kind: 'ping', id: 1 }],
  ])('%s', (bytes, decoded) => {
    expect(decodeCommandProtobuf(hex(bytes))).toStrictEqual(decoded)
  })

  test('of several bodies the first by number', () => {
    expect(command(id, field(6, field(1, 'b')), field(5, field(1, 'a')))).toMatchObject({ kind: 'subscribe' })
  })

  test('a body in parts as a whole', () => {
    expect(command(field(8, field(1, 'a')), id, field(8, field(1, 'b')))).toStrictEqual({
      kind: 'presence',
      id: 1,
      channel: 'b',
    })
    expect(
      command(id, field(10, field(1, 'a'), field(8, number(1, 5))), field(10, field(8, field(2, 'e')))),
    ).toStrictEqual({
      kind: 'history',
      id: 1,
      history: { channel: 'a', limit: 0, reverse: false, since: { offset: 5, epoch: 'e' } },
    })
    const filtered = command(id, field(5, field(13, field(1, 'and')), field(13, field(5, 'x'))))
    expect(filtered).toMatchObject({ subscribe: { filter: { op: 'and', vals: ['x'] } } })
  })

  test('names from outside that are members of every object', () => {
    const subs = field(3, field(1, '__proto__'), field(2, number(3, 1)))
    const headers = field(6, field(1, 'constructor'), field(2, 'v'))
    expect(command(id, field(4, subs, headers))).toStrictEqual({
      kind: 'connect',
      id: 1,
      connect: {
        token: '',
        name: '',
        version: '',
        subs: new Map([['__proto__', subscription('__proto__', { recover: true })]]),
        headers: new Map([['constructor', 'v']]),
      },
    })
  })

  test('map entries without a key, without a value, without both', () => {
    const decoded = command(id, field(4, field(3), field(6), field(3, field(1, 'a')), field(6, field(2, 'v'))))
    expect(decoded).toMatchObject({
      connect: {
        subs: new Map([
          ['', subscription('')],
          ['a', subscription('a')],
        ]),
        headers: new Map([['', 'v']]),
      },
    })
  })

  test.each([
    [0n, 0],
    [BigInt(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER],
    [2n ** 64n - 1n, 2 ** 64],
  ])('the offset %s', (offset, decoded) => {
    expect(command(id, field(5, number(7, offset)))).toMatchObject({ subscribe: { offset: decoded } })
  })

  test.each([
    [2n ** 64n - 1n, -1],
    [2n ** 31n - 1n, 2 ** 31 - 1],
    [2n ** 64n - 2n ** 31n, -(2 ** 31)],
  ])('the limit %s', (limit, decoded) => {
    expect(command(id, field(10, number(7, limit)))).toMatchObject({ history: { limit: decoded } })
  })

  test('bytes of a frame are not kept', () => {
    const frame = Buffer.concat([id, field(7, field(2, hex('ff00ff')))])
    const decoded = decodeCommandProtobuf(frame)
    frame.fill(0)
    expect(decoded).toMatchObject({ data: hex('ff00ff') })
  })
})

describe('what is refused', () => {
  test.each([
    ['field 0', '00'],
    ['a tag that is cut off', '80'],
    ['a tag of more than 32 bits', '888080801000'],
    ['an id that is cut off', '0880'],
    ['an id of 11 bytes', '08 8080808080808080808000'],
    ['an id that is no number', '0a0101'],
    ['an id of 32 bits', '0d01000000'],
    ['a body that is a number', '0801 2001'],
    ['a body that goes beyond the command', '0801 5a01'],
    ['a body whose length is cut off', '0801 5aff'],
    ['a body of 4 GB', '0801 5affffffff0f'],
    ['a body of 2^32 bytes', '0801 5a8080808010'],
    ['a body of 2^64 - 1 bytes', '0801 5affffffffffffffffff01'],
    ['a body whose length has 11 bytes', '0801 5a8080808080808080808000'],
    ['a ping that holds half a field', '0801 5a0108'],
    ['a body in parts that are no messages', '0801 42010a 42020161'],
    ['a group', '0801 a306 a406'],
    ['a group in place of a body', '0801 5b 5c'],
    ['the end of a group', '0801 a406'],
    ['wire type 6', '0801 a606'],
    ['wire type 7', '0801 a706'],
    ['an unknown number of 11 bytes', '0801 a006 8080808080808080808000'],
    ['an unknown number that is cut off', '0801 a006 80'],
    ['unknown 64 bits that are cut off', '0801 a106 00000000000000'],
    ['unknown 32 bits that are cut off', '0801 a506 000000'],
    ['unknown bytes that are cut off', '0801 a206 0200'],
    ['a channel that is no UTF-8', '0801 4203 0a01ff'],
    ['a channel with half of a surrogate pair', '0801 4205 0a03eda080'],
    ['a channel that is a number', '0801 4202 0801'],
    ['a wrong body beside the one that counts', '0801 2a03 0a0161 4203 0a01ff'],
    ['a wrong body without an id', '4203 0a01ff'],
  ])('%s', (_what, bytes) => {
    expect(() => decodeCommandProtobuf(hex(bytes))).toThrow(MalformedCommand)
  })

  // By body the fields that are no numbers, and those that are.
  const texts = { 4: [1, 2, 3, 4, 5, 6], 5: [1, 2, 6, 8, 12, 13, 17], 6: [1], 7: [1, 2, 4], 8: [1], 9: [1], 10: [1, 8] }
  const more = { 12: [1], 13: [1, 2], 14: [1], 15: [1, 2, 4, 5] }
  const varints = { 4: [7], 5: [3, 7, 9, 10, 11, 14, 15, 16, 18, 19], 7: [3, 5], 10: [7, 9], 15: [3] }
  const pairs = (table: Record<number, readonly number[]>): [body: number, at: number][] =>
    Object.entries(table).flatMap(([body, list]) => list.map((at): [number, number] => [Number(body), at]))

  test.each(pairs({ ...texts, ...more }))('in body %i field %i as a number', (body, at) => {
    expect(() => command(id, field(body, number(at, 1)))).toThrow(MalformedCommand)
    expect(() => command(id, field(body, field(at)))).not.toThrow()
  })

  test.each(pairs(varints))('in body %i field %i as a text', (body, at) => {
    expect(() => command(id, field(body, field(at, 'a')))).toThrow(MalformedCommand)
    expect(() => command(id, field(body, number(at, 1)))).not.toThrow()
  })

  test('says what is wrong, without the value', () => {
    expect(() => decodeCommandProtobuf(hex('0801 4202 0801'))).toThrow('field 1 has the wire type 0')
    expect(() => decodeCommandProtobuf(hex('0801 5a01'))).toThrow('a length that goes beyond its frame')
  })
})

describe('a filter', () => {
  function nested(depth: number): Uint8Array {
    let node = new Uint8Array()
    for (let level = 1; level < depth; level++) node = Uint8Array.from(field(6, node))
    return node
  }
  const decode = (filter: Uint8Array): Command => command(id, field(5, field(13, filter)))

  test(`of ${maxFilterDepth} levels is read, one of more is refused`, () => {
    expect(decode(nested(maxFilterDepth)).kind).toBe('subscribe')
    expect(() => decode(nested(maxFilterDepth + 1))).toThrow(MalformedCommand)
    expect(() => decode(nested(2000))).toThrow(MalformedCommand)
  })

  test(`of ${maxFilterNodes} nodes is read, one of more is refused`, () => {
    const wide = (nodes: number): Uint8Array => Buffer.concat(Array.from({ length: nodes - 1 }, () => field(6)))
    expect(decode(wide(maxFilterNodes)).kind).toBe('subscribe')
    expect(() => decode(wide(maxFilterNodes + 1))).toThrow(MalformedCommand)
  })
})

test('a body in 200,000 parts takes no time that grows with its square', () => {
  const part = field(8, field(1, 'a'))
  const parts = Buffer.concat([id, ...Array.from({ length: 200_000 }, () => part)])
  expect(decodeCommandProtobuf(parts)).toStrictEqual({ kind: 'presence', id: 1, channel: 'a' })
})

describe('splitProtobufFrame', () => {
  const malformed = '00'

  test.each([
    ['00', ['']],
    ['0000', ['', '']],
    ['020801 04 08015a00', ['0801', '08015a00']],
    ['8200 0801', ['0801']],
    ['', [malformed]],
    ['80', [malformed]],
    ['0108 80', ['08', malformed]],
    ['03 0801', [malformed]],
    ['020801 ffffffff0f 08', ['0801', malformed]],
    // 2^32 + 2 is not 2.
    ['8280808010 0801', [malformed]],
    ['8280808080808080808000 0801', [malformed]],
    ['ffffffffffffffffff01 0801', [malformed]],
  ])('%s', (frame, commands) => {
    const split = splitProtobufFrame(hex(frame))
    expect(split.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(commands)
  })

  test('what can’t be split can’t be decoded', () => {
    const [bytes] = splitProtobufFrame(new Uint8Array())
    expect(() => decodeCommandProtobuf(bytes ?? new Uint8Array())).toThrow(MalformedCommand)
  })
})

describe('an emulation request', () => {
  test('of all its fields, and of none', () => {
    const { data, ...rest } = decodeEmulationProtobuf(hex('0a016e 120173 1a0200ff'))
    expect({ ...rest, data: [...data] }).toEqual({ node: 'n', session: 's', data: [0, 0xff] })
    expect(decodeEmulationProtobuf(new Uint8Array())).toEqual({ node: '', session: '', data: new Uint8Array() })
  })

  test.each(['00', '0a', '0a02 61', '0801', '1201ff', '1a05 00', '0b0c', 'ff'])('%s is refused', (bytes) => {
    expect(() => decodeEmulationProtobuf(hex(bytes))).toThrow(MalformedCommand)
  })
})

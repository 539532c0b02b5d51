import { describe, expect, test } from 'vitest'
import {
  encodePublicationsProtobuf,
  encodePushProtobuf,
  encodeReplyProtobuf,
  protobufPing,
} from './protobuf-encoder.ts'
import type { Push } from './push.ts'
import type { Publication, Reply } from './reply.ts'

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** What stands in a literal between two spaces has no meaning of its own. */
function joined(text: string): string {
  return text.replaceAll(' ', '')
}

const zeros: Reply = {
  id: 0,
  subscribe: {
    expires: false,
    ttl: 0,
    recoverable: false,
    epoch: '',
    publications: [{ data: '', offset: 0, tags: {}, epoch: '', version: 0, delta: false }],
    recovered: false,
    offset: 0,
    positioned: false,
    data: '',
    wasRecovering: false,
    delta: false,
  },
}

describe('replies', () => {
  test.each<[string, Reply, string]>([
    ['an error', { id: 1, error: { code: 103, message: 'no' } }, '0a 0801 1206 0867 12026e6f'],
    ['a temporary error', { id: 300, error: { code: 100, message: '', temporary: true } }, '09 08ac02 1204 0864 1801'],
    ['an empty one', { id: 1, publish: {} }, '04 0801 4200'],
    ['an unsubscription', { id: 2, unsubscribe: {} }, '04 0802 3a00'],
    [
      'a connection',
      {
        id: 1,
        connect: {
          time: 1,
          node: 'n',
          session: 's',
          pong: true,
          ping: 25,
          subs: new Map([['a', {}]]),
          data: '{}',
          ttl: 3600,
          expires: true,
          version: 'v',
          client: 'c',
        },
      },
      '26 0801 2a22 0a0163 120176 1801 20901c 2a027b7d 3205 0a0161 1200 3819 4001 4a0173 52016e 5801',
    ],
    [
      'a subscription',
      {
        id: 1,
        subscribe: {
          delta: true,
          wasRecovering: true,
          data: '1',
          positioned: true,
          offset: 2,
          recovered: true,
          publications: [{ data: '2', offset: 1 }],
          epoch: 'e',
          recoverable: true,
          ttl: 60,
          expires: true,
        },
      },
      '21 0801 321d 0801 103c 1801 320165 3a05 220132 3001 4001 4802 5001 5a0131 6001 6801',
    ],
    ['zeros of every kind', zeros, '04 3202 3a00'],
    [
      'who is present',
      { id: 1, presence: { presence: new Map([['c', { user: 'u', client: 'c', connInfo: '1', chanInfo: '2' }]]) } },
      '17 0801 4a13 0a11 0a0163 120c 0a0175 120163 1a0131 220132',
    ],
    ['that nobody is', { id: 1, presence: { presence: new Map() } }, '04 0801 4a00'],
    ['how many are', { id: 1, presenceStats: { numClients: 3, numUsers: 2 } }, '08 0801 5204 0803 1002'],
    [
      'history',
      { id: 1, history: { publications: [{ data: '1', offset: 1 }], epoch: 'e', offset: 300 } },
      '11 0801 5a0d 0a05 220131 3001 120165 18ac02',
    ],
    ['an rpc answer', { id: 1, rpc: { data: new Uint8Array([0xff]) } }, '07 0801 6a03 0a01ff'],
    ['a refresh', { id: 1, refresh: { expires: true, ttl: 60 } }, '08 0801 7204 1801 203c'],
    ['a refresh of a subscription', { id: 1, subRefresh: { expires: true, ttl: 60 } }, '08 0801 7a04 0801 103c'],
  ])('%s', (_name, reply, bytes) => {
    expect(hex(encodeReplyProtobuf(reply))).toBe(joined(bytes))
  })
})

describe('pushes', () => {
  const info = { user: 'u', client: '' }

  test.each<[string, Push, string]>([
    [
      'a publication',
      {
        channel: 'a',
        pub: { version: 5, epoch: 'e', tags: { k: '' }, offset: 2 ** 32, info, data: '"ä"' },
      },
      '25 2223 120161 221e 220422c3a422 2a03 0a0175 30808080 8010 3a05 0a016b 1200 720165 800105',
    ],
    ['a patch', { channel: 'a', pub: { data: 'H\n1', offset: 0, delta: true } }, '0e 220c 120161 2207 2203480a31 4001'],
    ['a join', { channel: 'a', join: { info } }, '0c 220a 120161 2a05 0a03 0a0175'],
    ['a leave', { channel: 'a', leave: { info } }, '0c 220a 120161 3205 0a03 0a0175'],
    [
      'an unsubscription',
      { channel: 'a', unsubscribe: { code: 2000, reason: 'r' } },
      '0d 220b 120161 3a06 10d00f 1a0172',
    ],
    [
      'a subscription',
      { channel: 'a', subscribe: { data: '1', positioned: true, offset: 3, epoch: 'e', recoverable: true } },
      '13 2211 120161 4a0c 0801 220165 2803 3001 3a0131',
    ],
    ['a message', { message: { data: '1' } }, '07 2205 4203 0a0131'],
    ['a message of nothing', { message: { data: '' } }, '04 2202 4200'],
    [
      'a connection',
      { connect: { client: 'c', version: 'v', data: '1', expires: true, ttl: 5, ping: 25, pong: true, time: 7 } },
      '17 2215 5213 0a0163 120176 1a0131 2801 3005 3819 4001 5807',
    ],
    ['a disconnection', { disconnect: { code: 3001, reason: 'r' } }, '0a 2208 5a06 08b917 120172'],
    ['a refresh', { refresh: { expires: true, ttl: 5 } }, '08 2206 6204 0801 1005'],
  ])('%s', (_name, push, bytes) => {
    expect(hex(encodePushProtobuf(push))).toBe(joined(bytes))
  })

  test('a ping is a message of no bytes', () => {
    expect(hex(protobufPing)).toBe('00')
  })
})

describe('what is written', () => {
  const large: Publication = { data: `"${'a'.repeat(200_000)}"`, offset: 1 }

  test('stays as it is while more is', () => {
    const first = encodePublicationsProtobuf('a', [{ data: '1', offset: 1 }])
    const before = hex(first)
    encodePublicationsProtobuf('b', [large])
    encodePublicationsProtobuf('c', [{ data: '22222', offset: 2 }])
    expect(hex(first)).toBe(before)
    expect(first.buffer.byteLength).toBe(first.byteLength)
  })

  test('is whole after something that can’t be', () => {
    const good: Reply = { id: 1, presenceStats: { numClients: 1, numUsers: 1 } }
    const before = hex(encodeReplyProtobuf(good))
    expect(() => encodeReplyProtobuf({ id: 1, presenceStats: { numClients: 1.5, numUsers: 1 } })).toThrow('1.5')
    expect(hex(encodeReplyProtobuf(good))).toBe(before)
  })

  test('of no publications is nothing', () => {
    expect(encodePublicationsProtobuf('a', []).byteLength).toBe(0)
  })
})

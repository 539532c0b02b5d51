import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TokenError } from '@backchannel/protocol/token'
import { createTestHub, type TestHub } from '../testing/index.ts'
import { decodeBase64, type ConnectionClaims, type SubscriptionClaims } from './tokens.ts'

const key = 'key of connections'
const subscriptionKey = 'key of subscriptions'

let hub: TestHub
let seconds: number

beforeEach(() => {
  hub = createTestHub({
    config: {
      client: {
        token: { hmac_secret_key: key },
        subscription_token: { enabled: true, hmac_secret_key: subscriptionKey },
      },
    },
  })
  seconds = hub.clock.now() / 1000
})

afterEach(() => hub.close())

/** A token with exactly this payload. */
function token(payload: string, secret: string): string {
  const input = [`{"alg":"HS256"}`, payload].map((part) => Buffer.from(part).toString('base64url')).join('.')
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

function connection(payload: string): ConnectionClaims {
  return hub.core.tokens.connection(token(payload, key)) as ConnectionClaims
}

function subscription(payload: string): SubscriptionClaims {
  return hub.core.tokens.subscription(token(payload, subscriptionKey)) as SubscriptionClaims
}

const nobody = { user: '', expireAt: 0, channels: new Map(), token: { id: '', issuedAt: 0 } }
const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('a connection token', () => {
  test.each<[string, object]>([
    ['{}', {}],
    ['{"sub":"42"}', { user: '42' }],
    ['{"sub":null,"b64info":null,"channels":null,"subs":null,"expire_at":null,"channel":null}', {}],
    ['{"info":null,"meta":null}', { info: 'null', meta: 'null' }],
    ['{"exp":4000000000}', { expireAt: 4_000_000_000 }],
    ['{"exp":4000000000.7}', { expireAt: 4_000_000_000 }],
    ['{"exp":"4000000000"}', { expireAt: 4_000_000_000 }],
    ['{"exp":4000000000,"expire_at":0}', { expireAt: 0 }],
    ['{"exp":4000000000,"expire_at":-5}', { expireAt: 0 }],
    ['{"exp":4000000000,"expire_at":5000000000}', { expireAt: 5_000_000_000 }],
    ['{"expire_at":4000000000}', { expireAt: 4_000_000_000 }],
    ['{"channel":""}', {}],
    [
      '{"channels":["a","b","a"]}',
      {
        channels: new Map([
          ['a', {}],
          ['b', {}],
        ]),
      },
    ],
    ['{"channels":[]}', {}],
    ['{"subs":{},"channels":["a"]}', { channels: new Map([['a', {}]]) }],
    ['{"subs":{"b":null},"channels":["a"]}', { channels: new Map([['b', {}]]) }],
    ['{"meta":{"secret":1.0},"anything":[]}', { meta: '{"secret":1.0}' }],
    ['{"jti":"7","iat":1800000000}', { token: { id: '7', issuedAt: 1_800_000_000 } }],
  ])('%s', (payload, claims) => {
    expect(connection(payload)).toEqual({ ...nobody, ...claims })
  })

  test('carries info, data and overrides of its subscriptions', () => {
    const override = '{"presence":{"value":true},"force_recovery":{},"join_leave":null,"color":{"value":true}}'
    const subs = `{"a":{"info":{"i":1.0},"data":[ ],"override":${override}},"__proto__":{"b64data":"${base64('{"x":\n1}')}"}}`
    expect(connection(`{"sub":"42","subs":${subs},"channels":["b"]}`).channels).toEqual(
      new Map<string, object>([
        [
          'a',
          { info: '{"i":1.0}', data: '[ ]', override: { presence: { value: true }, force_recovery: { value: false } } },
        ],
        ['__proto__', { data: '{"x":\n1}' }],
      ]),
    )
  })

  test.each([
    '1.0',
    '1E400',
    '12345678901234567890',
    '{ "b" : 1, "a":1, "a":2 }',
    String.raw`"\ud800\/"`,
    '{"__proto__":1}',
    'false',
    '0',
    '""',
    '['.repeat(20_000) + ']'.repeat(20_000),
  ])('keeps info %.40s as it was written', (info) => {
    expect(connection(`{"info":0,"info":${info}}`).info === info).toBe(true)
    expect(subscription(`{"channel":"a","data":${info}}`).data === info).toBe(true)
    expect(connection(`{"meta":${info}}`).meta === info).toBe(true)
  })

  test('base64 wins over JSON', () => {
    expect(connection(`{"info":1,"b64info":"${base64('[2]')}"}`).info).toBe('[2]')
    expect(connection('{"info":1,"b64info":""}').info).toBe('1')
    expect(connection(`{"b64info":"${Buffer.from([0xff]).toString('base64')}"}`).info).toEqual(Uint8Array.of(0xff))
  })

  test.each([
    '{"sub":5}',
    '{"channel":"a"}',
    '{"channel":5}',
    '{"b64info":5}',
    '{"channels":"a"}',
    '{"channels":[5]}',
    '{"channels":{}}',
    '{"subs":[]}',
    '{"subs":"a"}',
    '{"subs":{"a":5}}',
    '{"subs":{"a":{"b64data":5}}}',
    '{"subs":{"a":{"b64data":"%"}}}',
    '{"subs":{"a":{"b64info":"e30"}}}',
    '{"subs":{"a":{"override":5}}}',
    '{"subs":{"a":{"override":{"presence":true}}}}',
    '{"subs":{"a":{"override":{"presence":{"value":"yes"}}}}}',
    '{"expire_at":"4000000000"}',
    '{"expire_at":4000000000.5}',
    '{"expire_at":true}',
    '{"exp":true}',
    '{"aud":5}',
  ])('%s is invalid', (payload) => {
    expect(() => connection(payload)).toThrow(expect.objectContaining({ name: 'TokenError', reason: 'invalid' }))
  })

  test('tells what has passed: its exp, or its expire_at', () => {
    expect(() => connection(`{"exp":${seconds}}`)).toThrow(expect.objectContaining({ reason: 'expired' }))
    expect(() => connection(`{"exp":${seconds},"expire_at":0}`)).toThrow(expect.objectContaining({ reason: 'expired' }))
    expect(() => connection(`{"expire_at":${seconds}}`)).toThrow(expect.objectContaining({ code: 110 }))
    expect(connection(`{"expire_at":${seconds + 1}}`).expireAt).toBe(seconds + 1)
  })

  test('with base64 that is none is an internal error, which clients try again', () => {
    for (const text of ['%', 'e30', 'e30=\n', '====', 'e3 0=']) {
      expect(() => connection(JSON.stringify({ b64info: text }))).toThrow(
        expect.objectContaining({ code: 100, temporary: true }),
      )
    }
  })
})

describe('a subscription token', () => {
  test.each<[string, object]>([
    ['{"sub":"42","channel":"ns:a","client":"c"}', { user: '42', channel: 'ns:a', client: 'c' }],
    [
      '{"channel":"a","info":{"i":1},"data":{"d":1.0},"override":{"force_positioning":{"value":true}}}',
      {
        channel: 'a',
        info: '{"i":1}',
        data: '{"d":1.0}',
        override: { force_positioning: { value: true } },
      },
    ],
    ['{"channel":"a","exp":4000000000,"expire_at":0}', { channel: 'a', expireAt: 0 }],
  ])('%s', (payload, claims) => {
    const token = { id: '', issuedAt: 0 }
    expect(subscription(payload)).toEqual({ user: '', client: '', expireAt: 0, token, ...claims })
  })

  test.each(['{}', '{"channel":""}', '{"channel":5}', '{"client":5}', '{"b64data":5}', '{"override":[]}'])(
    '%s is invalid',
    (payload) => {
      expect(() => subscription(payload)).toThrow(TokenError)
    },
  )

  test('has a key of its own when that is configured, else that of connections', () => {
    expect(() => hub.core.tokens.subscription(token('{"channel":"a"}', key))).toThrow(TokenError)
    expect(() => hub.core.tokens.connection(token('{}', subscriptionKey))).toThrow(TokenError)
    const other = createTestHub({
      config: { client: { token: { hmac_secret_key: key }, subscription_token: { hmac_secret_key: subscriptionKey } } },
    })
    expect(other.core.tokens.subscription(token('{"channel":"a"}', key))).toMatchObject({ channel: 'a' })
    expect(() => other.core.tokens.subscription(token('{"channel":"a"}', subscriptionKey))).toThrow(TokenError)
    other.close()
  })

  test('without any key nothing is accepted', () => {
    const keyless = createTestHub({ config: { client: {} } })
    expect(() => keyless.core.tokens.connection(token('{}', 'x'))).toThrow(TokenError)
    expect(() => keyless.core.tokens.subscription(token('{"channel":"a"}', 'x'))).toThrow(TokenError)
    keyless.close()
  })
})

describe('decodeBase64', () => {
  test('gives JSON as text, anything else as bytes', () => {
    expect(decodeBase64(base64('{"a":\n[1,\r\n2]}\n'))).toBe('{"a":\n[1,\r\n2]}\n')
    expect(decodeBase64(base64('"\\n"'))).toBe('"\\n"')
    expect(decodeBase64(base64('no JSON'))).toEqual(new TextEncoder().encode('no JSON'))
    expect(decodeBase64(base64('\n'))).toEqual(Uint8Array.of(10))
  })
})

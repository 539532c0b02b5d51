import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { issueConnectionToken, issueSubscriptionToken } from './index.ts'
import { recordLog, setEnvironment } from './testing/environment.ts'
import { occupyWithFakeHub } from './testing/fake-hub.ts'

const secret = 'token-secret-0123456789abcdef0123'
const now = Date.UTC(2026, 0, 1) / 1000
const channel = 'personal:42'
let vacate = () => {}

beforeEach(() => {
  recordLog()
  setEnvironment({ CENTRIFUGO_TOKEN_HMAC_SECRET: secret, CENTRIFUGO_API_KEY: 'key' })
  vi.useFakeTimers({ now: now * 1000 + 999, toFake: ['Date'] })
})
afterEach(() => {
  vacate()
  vacate = () => {}
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** Reads a JWT with nothing but Node's own crypto, and checks its signature. */
function read(token: string, key = secret): { header: string; claims: Record<string, unknown> } {
  const [header = '', payload = '', signature] = token.split('.')
  expect(signature).toBe(createHmac('sha256', key).update(`${header}.${payload}`).digest('base64url'))
  return {
    header: Buffer.from(header, 'base64url').toString(),
    claims: JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>,
  }
}

describe('issueConnectionToken', () => {
  test('is an HS256 JWT with sub and exp, one hour by default', () => {
    const token: string = issueConnectionToken('42')
    expect(read(token)).toEqual({ header: '{"alg":"HS256","typ":"JWT"}', claims: { sub: '42', exp: now + 3600 } })
  })

  test('takes the lifetime as a plain number', () => {
    expect(read(issueConnectionToken('42', 120)).claims).toEqual({ sub: '42', exp: now + 120 })
    expect(read(issueConnectionToken('42', 0)).claims).toEqual({ sub: '42', exp: now })
  })

  test('takes further claims in an options object', () => {
    const claims = {
      info: { name: 'Ada' },
      meta: { plan: 'pro' },
      channels: ['news'],
      subs: { 'personal:42': { data: { a: 1 } } },
      aud: 'app',
      iss: 'auth',
      jti: 'id-1',
      iat: now,
      nbf: now,
      expire_at: now + 60,
      b64info: 'e30=',
    }
    expect(read(issueConnectionToken('42', { ttlSeconds: 60, ...claims })).claims).toEqual({
      ...claims,
      sub: '42',
      exp: now + 60,
    })
    expect(read(issueConnectionToken('42', { aud: ['a', 'b'] })).claims).toEqual({
      aud: ['a', 'b'],
      sub: '42',
      exp: now + 3600,
    })
  })

  test('options cannot change whose token it is, nor its end', () => {
    const sneaky = { sub: 'root', exp: 1, ttlSeconds: 60 }
    expect(read(issueConnectionToken('42', sneaky)).claims).toEqual({ sub: '42', exp: now + 60 })
    const sneakyToo = { ...sneaky, channel: 'other' }
    expect(read(issueSubscriptionToken('42', channel, sneakyToo)).claims).toEqual({ sub: '42', channel, exp: now + 60 })
  })
})

describe('issueSubscriptionToken', () => {
  test('has the channel too, five minutes by default', () => {
    expect(read(issueSubscriptionToken('42', channel))).toEqual({
      header: '{"alg":"HS256","typ":"JWT"}',
      claims: { sub: '42', channel, exp: now + 300 },
    })
    expect(read(issueSubscriptionToken('42', channel, 9)).claims).toEqual({ sub: '42', channel, exp: now + 9 })
  })

  test('takes further claims in an options object', () => {
    const claims = { info: { a: 1 }, client: 'c-1', override: { presence: { value: true } }, aud: 'app' }
    expect(read(issueSubscriptionToken('42', channel, claims)).claims).toEqual({
      ...claims,
      sub: '42',
      channel,
      exp: now + 300,
    })
  })

  test('an empty channel throws', () => {
    expect(() => issueSubscriptionToken('42', '')).toThrow('channel')
  })
})

describe('both', () => {
  const issuers = [
    ['issueConnectionToken', (userId: string, ttl?: number) => issueConnectionToken(userId, ttl)],
    ['issueSubscriptionToken', (userId: string, ttl?: number) => issueSubscriptionToken(userId, channel, ttl)],
  ] as const

  test.each(issuers)('%s throws for an empty user id, which would be anonymous', (_name, issue) => {
    expect(() => issue('')).toThrow(Error)
    expect(() => issue(undefined as unknown as string)).toThrow('user id')
    expect(() => issue(null as unknown as string)).toThrow('user id')
    expect(() => issue(0 as unknown as string)).toThrow('user id')
  })

  test.each(issuers)('%s throws when no secret is set and no hub runs', (_name, issue) => {
    setEnvironment()
    expect(() => issue('42')).toThrow(new Error('CENTRIFUGO_TOKEN_HMAC_SECRET is not set'))
    setEnvironment({ CENTRIFUGO_TOKEN_HMAC_SECRET: '', CENTRIFUGO_API_KEY: 'key' })
    expect(() => issue('42')).toThrow(new Error('CENTRIFUGO_TOKEN_HMAC_SECRET is not set'))
  })

  test.each(issuers)('%s signs with the secret even without an API key', (_name, issue) => {
    setEnvironment({ CENTRIFUGO_TOKEN_HMAC_SECRET: secret })
    expect(read(issue('42')).claims).toMatchObject({ sub: '42' })
  })

  test.each(issuers)('%s refuses a lifetime that JSON cannot hold', (_name, issue) => {
    expect(() => issue('42', Number.NaN)).toThrow('lifetime')
    expect(() => issue('42', Number.POSITIVE_INFINITY)).toThrow('lifetime')
  })

  test('with a hub they are signed with its keys, unless both variables are set', () => {
    ;({ vacate } = occupyWithFakeHub())
    setEnvironment()
    expect(read(issueConnectionToken('42'), 'hub-connection-key-0123456789abcdef').claims).toMatchObject({ sub: '42' })
    expect(read(issueSubscriptionToken('42', channel), 'hub-subscription-key-0123456789abc').claims).toMatchObject({
      channel,
    })
    setEnvironment({ CENTRIFUGO_TOKEN_HMAC_SECRET: secret })
    read(issueConnectionToken('42'), 'hub-connection-key-0123456789abcdef')
    setEnvironment({ CENTRIFUGO_TOKEN_HMAC_SECRET: secret, CENTRIFUGO_API_KEY: 'key' })
    read(issueConnectionToken('42'), secret)
  })
})

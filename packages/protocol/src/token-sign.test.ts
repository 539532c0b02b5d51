import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import * as jose from 'jose'
import { describe, expect, test } from 'vitest'
import { signToken, verifyToken, type ConnectionTokenClaims, type SubscriptionTokenClaims } from './token.ts'

const key = 'a key of thirty-two bytes or more'

function parts(token: string): { header: string; payload: string; signature: string } {
  const [header = '', payload = '', signature = '', ...more] = token.split('.')
  expect(more).toEqual([])
  const text = (part: string): string => Buffer.from(part, 'base64url').toString('utf8')
  return { header: text(header), payload: text(payload), signature }
}

function hmac(token: string, secret: string): string {
  return createHmac('sha256', secret)
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest('base64url')
}

describe('a signed token', () => {
  test.each<[ConnectionTokenClaims | SubscriptionTokenClaims, string]>([
    [{ sub: '42' }, '{"sub":"42"}'],
    [{ sub: '' }, '{"sub":""}'],
    [{}, '{}'],
    [{ sub: '42', exp: 1_893_456_000 }, '{"sub":"42","exp":1893456000}'],
    [
      { exp: 3, nbf: 1, iat: 2, sub: '42', jti: 'j', aud: ['a', 'b'], iss: 'i' },
      '{"exp":3,"nbf":1,"iat":2,"sub":"42","jti":"j","aud":["a","b"],"iss":"i"}',
    ],
    [
      { sub: '42', channel: 'ns:a', exp: 3, client: 'c', info: { a: [1, null] }, expire_at: 0 },
      '{"sub":"42","channel":"ns:a","exp":3,"client":"c","info":{"a":[1,null]},"expire_at":0}',
    ],
    [
      { sub: '42', channels: ['a'], subs: { b: { info: 1, override: { presence: { value: true } } } }, meta: { x: 1 } },
      '{"sub":"42","channels":["a"],"subs":{"b":{"info":1,"override":{"presence":{"value":true}}}},"meta":{"x":1}}',
    ],
    [{ sub: 'ä😀\u2028"\\' }, '{"sub":"ä😀\u2028\\"\\\\"}'],
  ])('of %j holds exactly these claims, in their order', (claims, payload) => {
    const token = signToken(claims, key)
    expect(parts(token)).toEqual({ header: '{"alg":"HS256","typ":"JWT"}', payload, signature: hmac(token, key) })
  })

  test('leaves the caller’s object as it was', () => {
    const claims = Object.freeze({ sub: '42', exp: 3 })
    signToken(claims, key)
    expect(claims).toEqual({ sub: '42', exp: 3 })
  })

  test('is text that goes into a URL', () => {
    expect(signToken({ sub: '???>>>~~~ÿÿÿ', exp: 3 }, key)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
  })

  test('is accepted by an independent verifier, whatever subject and key', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 })
    await fc.assert(
      fc.asyncProperty(text, text, fc.integer({ min: 1, max: 2 ** 40 }), async (sub, secret, ttl) => {
        const now = new Date('2030-01-01')
        const exp = now.getTime() / 1000 + ttl
        const token = signToken({ sub, exp }, secret)
        const verified = await jose.jwtVerify(token, new TextEncoder().encode(secret), {
          algorithms: ['HS256'],
          currentDate: now,
        })
        expect(verified.payload).toEqual({ sub, exp })
        expect(verified.protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' })
        expect(parts(token).signature).toBe(hmac(token, secret))
        expect(verifyToken(token, secret, now.getTime())).toEqual({ sub, exp })
        await expect(jose.jwtVerify(token, new TextEncoder().encode(`${secret}x`))).rejects.toThrow('signature')
      }),
    )
  })

  test('is the same with the other claims when `iat` comes and goes', () => {
    const { payload } = parts(signToken({ sub: '42', iat: 5 }, key))
    expect(payload).toBe('{"sub":"42","iat":5}')
    expect(parts(signToken({ sub: '42' }, key)).payload).toBe('{"sub":"42"}')
    expect(parts(signToken({ sub: '42', iat: 5 }, key)).payload).toBe('{"sub":"42","iat":5}')
  })
})

describe('what is not signed', () => {
  test('anything with an empty key', () => {
    expect(() => signToken({ sub: '42' }, '')).toThrow('The token key is empty')
  })

  test.each(['exp', 'nbf', 'iat'] as const)('%s that is not whole seconds above 0', (name) => {
    for (const value of [0, -5, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '5', null]) {
      expect(() => signToken({ sub: '42', [name]: value }, key), String(value)).toThrow(RangeError)
    }
    expect(parts(signToken({ sub: '42', [name]: undefined }, key)).payload).toBe('{"sub":"42"}')
  })

  test('a claim that has no JSON form', () => {
    const circular: { self?: unknown } = {}
    circular.self = circular
    expect(() => signToken({ sub: '42', info: circular }, key)).toThrow(TypeError)
    expect(() => signToken({ sub: '42', info: 1n }, key)).toThrow(TypeError)
  })
})

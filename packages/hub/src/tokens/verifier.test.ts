import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { decodeToken, TokenError, verifyHmac } from '@backchannel/protocol/token'
import * as fc from 'fast-check'
import { compactVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkConfig, type HubConfig } from '../config/config.ts'
import { Deadlines } from '../say/deadlines.ts'
import { TestClock } from '../testing/test-clock.ts'
import { encodePart, makeToken } from '../testing/token-maker.ts'
import { Verifier } from './verifier.ts'

const secret = 'a secret of the application, long enough'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' })
const ed25519 = generateKeyPairSync('ed25519')

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()
const rsaPem = pem(rsa.publicKey)

type TokenOptions = NonNullable<NonNullable<HubConfig['client']>['token']>

let clock: TestClock
let deadlines: Deadlines

beforeEach(() => {
  clock = new TestClock()
  deadlines = new Deadlines(clock)
})

afterEach(() => {
  if (clock.pending > 0) throw new Error('a timer was left behind')
})

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

function verifierOf(token: TokenOptions, skipsSignature = false): Verifier {
  const config = checkConfig({ client: { token } }).client.token
  return new Verifier(config, { clock, deadlines, logger: silent, skipsSignature })
}

const everyKey: TokenOptions = {
  hmac_secret_key: secret,
  rsa_public_key: rsaPem,
  ecdsa_public_key: pem(p256.publicKey),
}

/** The claims, or why there are none. */
async function outcome(verifier: Verifier, token: string): Promise<unknown> {
  try {
    return await verifier.verify(token)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return error.reason
  }
}

const claims = { sub: '42', exp: 4_000_000_000 }
const signed = (algorithm: string, key: KeyObject | string, header: object = {}): string =>
  makeToken({ alg: algorithm, typ: 'JWT', ...header }, claims, algorithm, key)

describe('a good token', () => {
  test.each(['HS256', 'HS384', 'HS512'])('of %s', async (algorithm) => {
    expect(verifierOf({ hmac_secret_key: secret }).verify(signed(algorithm, secret))).toEqual(claims)
    expect(await outcome(verifierOf(everyKey), signed(algorithm, secret))).toEqual(claims)
  })

  test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])('of %s', async (algorithm) => {
    expect(await outcome(verifierOf(everyKey), signed(algorithm, rsa.privateKey))).toEqual(claims)
    expect(await outcome(verifierOf({ rsa_public_key: rsaPem }), signed(algorithm, rsa.privateKey))).toEqual(claims)
  })

  test.each([
    ['ES256', p256],
    ['ES384', p384],
    ['ES512', p521],
  ])('of %s', async (algorithm, { publicKey, privateKey }) => {
    const verifier = verifierOf({ ecdsa_public_key: pem(publicKey) })
    expect(await outcome(verifier, signed(algorithm, privateKey))).toEqual(claims)
  })
})

describe('keys that are replaced', () => {
  const rotating = { hmac_secret_key: 'the new one', hmac_previous_secret_key: secret }

  test('both are good, as long as the old one is', async () => {
    const verifier = verifierOf(rotating)
    expect(await outcome(verifier, signed('HS256', 'the new one'))).toEqual(claims)
    expect(await outcome(verifier, signed('HS512', secret))).toEqual(claims)
    expect(await outcome(verifier, signed('HS256', 'neither'))).toBe('invalid')
  })

  test('the old one ends when it is said to', async () => {
    const until = clock.now() / 1000 + 10
    const verifier = verifierOf({ ...rotating, hmac_previous_secret_key_valid_until: until })
    clock.advance(10_999)
    expect(await outcome(verifier, signed('HS256', secret))).toEqual(claims)
    clock.advance(1)
    expect(await outcome(verifier, signed('HS256', secret))).toBe('invalid')
    expect(await outcome(verifier, signed('HS256', 'the new one'))).toEqual(claims)
  })
})

/** Everything that has gone wrong with JWTs elsewhere. */
const attacks: [string, string][] = [
  ['nothing', ''],
  ['one part', 'abc'],
  ['two parts', signed('HS256', secret).split('.').slice(0, 2).join('.')],
  ['four parts', `${signed('HS256', secret)}.x`],
  ['five parts, as encrypted ones have', 'eyJhbGciOiJkaXIifQ..a.b.c'],
  ['only dots', '..'],
  ['no signature', signed('HS256', secret).replace(/[^.]*$/, '')],
  ['half a signature', signed('HS256', secret).slice(0, -20)],
  ['a signature and more', `${signed('HS256', secret)}AAAA`],
  ['a changed signature', signed('HS256', secret).replace(/.{4}$/, 'AAAA')],
  ['no header', signed('HS256', secret).replace(/^[^.]*/, '')],
  ['no payload', signed('HS256', secret).replace(/\.[^.]*\./, '..')],
  ['another payload', signed('HS256', secret).replace(/\.[^.]*\./, `.${encodePart({ sub: '1' })}.`)],
  ['spaces around it', ` ${signed('HS256', secret)} `],
  ['a newline in it', signed('HS256', secret).replace('.', '.\n')],
  ['padding', signed('HS256', secret).replace('.', '=.')],
  ['base64 in place of base64url', signed('HS256', secret).replace('.', '+/.')],
  ['another secret', signed('HS256', 'another secret')],
  ['an empty secret', signed('HS256', '')],
  ['the wrong algorithm of the same family', makeToken({ alg: 'HS512' }, claims, 'HS256', secret)],
  ['alg none', `${encodePart({ alg: 'none' })}.${encodePart(claims)}.`],
  ['alg None', `${encodePart({ alg: 'None' })}.${encodePart(claims)}.`],
  ['alg NONE with a signature', makeToken({ alg: 'NONE' }, claims, 'HS256', secret)],
  ['alg none with a signature', makeToken({ alg: 'none' }, claims, 'HS256', secret)],
  ['alg nOnE and an empty key', makeToken({ alg: 'nOnE' }, claims, 'HS256', '')],
  ['alg empty', makeToken({ alg: '' }, claims, 'HS256', secret)],
  ['alg missing', makeToken({ typ: 'JWT' }, claims, 'HS256', secret)],
  ['alg null', makeToken({ alg: null }, claims, 'HS256', secret)],
  ['alg a number', makeToken({ alg: 256 }, claims, 'HS256', secret)],
  ['alg a list', makeToken({ alg: ['HS256'] }, claims, 'HS256', secret)],
  ['alg in lower case', makeToken({ alg: 'hs256' }, claims, 'HS256', secret)],
  ['alg with a space', makeToken({ alg: 'HS256 ' }, claims, 'HS256', secret)],
  ['alg twice, the last none', makeToken('{"alg":"HS256","alg":"none"}', claims, 'HS256', secret)],
  ['alg unknown', makeToken({ alg: 'HS1' }, claims, 'HS256', secret)],
  ['alg constructor', makeToken({ alg: 'constructor' }, claims, 'HS256', secret)],
  ['alg __proto__', makeToken('{"alg":"__proto__"}', claims, 'HS256', secret)],
  ['ES256 signed by HMAC', makeToken({ alg: 'ES256' }, claims, 'HS256', secret)],
  ['RS256 signed by HMAC', makeToken({ alg: 'RS256' }, claims, 'HS256', secret)],
  ['EdDSA signed by HMAC', makeToken({ alg: 'EdDSA' }, claims, 'HS256', secret)],
  ['an RSA key as secret', makeToken({ alg: 'HS256' }, claims, 'HS256', rsaPem)],
  ['an RSA key as secret, without its last newline', makeToken({ alg: 'HS256' }, claims, 'HS256', rsaPem.trim())],
  ['an EC key as secret', makeToken({ alg: 'HS256' }, claims, 'HS256', pem(p256.publicKey))],
  ['HS256 signed by RSA', makeToken({ alg: 'HS256' }, claims, 'RS256', rsa.privateKey)],
  ['another RSA key', signed('RS256', otherRsa.privateKey)],
  ['PS256 that is RS256', makeToken({ alg: 'PS256' }, claims, 'RS256', rsa.privateKey)],
  ['RS256 that is PS256', makeToken({ alg: 'RS256' }, claims, 'PS256', rsa.privateKey)],
  ['RS512 that is RS256', makeToken({ alg: 'RS512' }, claims, 'RS256', rsa.privateKey)],
  ['RS1', makeToken({ alg: 'RS1' }, claims, 'RS256', rsa.privateKey)],
  ['ES384 by a key on P-256', makeToken({ alg: 'ES384' }, claims, 'ES384', p256.privateKey)],
  ['ES384 by another key', signed('ES384', p384.privateKey)],
  ['an ES256 signature of zeros', signed('ES256', p256.privateKey).replace(/[^.]*$/, 'A'.repeat(86))],
  ['EdDSA by a key that nobody knows', signed('EdDSA', ed25519.privateKey)],
  ['a key in the header', embedded({ jwk: otherRsa.publicKey.export({ format: 'jwk' }) })],
  ['a place for keys in the header', embedded({ jku: 'http://127.0.0.1:1/keys', kid: 'a' })],
  ['a certificate in the header', embedded({ x5c: [pem(otherRsa.publicKey)] })],
  ['a place for certificates in the header', embedded({ x5u: 'http://127.0.0.1:1/' })],
  ['kid a path', makeToken({ alg: 'HS256', kid: '../../dev/null' }, claims, 'HS256', '')],
  ['kid a query', makeToken({ alg: 'HS256', kid: "x' UNION SELECT 'k" }, claims, 'HS256', 'k')],
  ['crit', makeToken({ alg: 'HS256', crit: ['exp'], exp: 1 }, claims, 'HS256', secret)],
  ['crit unknown', makeToken({ alg: 'HS256', crit: ['x'], x: 1 }, claims, 'HS256', secret)],
  ['crit empty', makeToken({ alg: 'HS256', crit: [] }, claims, 'HS256', secret)],
  ['crit null', makeToken({ alg: 'HS256', crit: null }, claims, 'HS256', secret)],
  ['crit false', makeToken({ alg: 'HS256', crit: false }, claims, 'HS256', secret)],
  ['crit text', makeToken({ alg: 'HS256', crit: 'b64', b64: false }, claims, 'HS256', secret)],
  ['crit of RS256', makeToken({ alg: 'RS256', crit: ['b64'], b64: false }, claims, 'RS256', rsa.privateKey)],
  ['a header that is a list', makeToken('["HS256"]', claims, 'HS256', secret)],
  ['a header that is null', makeToken('null', claims, 'HS256', secret)],
  ['a header that is no JSON', makeToken('{alg:HS256}', claims, 'HS256', secret)],
  ['a payload that is a list', makeToken({ alg: 'HS256' }, '[{"sub":"42"}]', 'HS256', secret)],
  ['a payload that is null', makeToken({ alg: 'HS256' }, 'null', 'HS256', secret)],
  ['a payload that is text', makeToken({ alg: 'HS256' }, '"sub"', 'HS256', secret)],
  ['a payload that is no JSON', makeToken({ alg: 'HS256' }, '{sub:42}', 'HS256', secret)],
  ['a payload with more behind it', makeToken({ alg: 'HS256' }, '{} {}', 'HS256', secret)],
  ['a payload that is nothing', makeToken({ alg: 'HS256' }, '', 'HS256', secret)],
  ['sub a number', makeToken({ alg: 'HS256' }, { sub: 42 }, 'HS256', secret)],
  ['exp text', makeToken({ alg: 'HS256' }, { exp: 'NaN' }, 'HS256', secret)],
  ['exp beyond numbers', makeToken({ alg: 'HS256' }, '{"exp":1e999}', 'HS256', secret)],
  ['nbf a list', makeToken({ alg: 'HS256' }, { nbf: [1] }, 'HS256', secret)],
  ['a megabyte of nothing', 'a'.repeat(1_000_000)],
  ['a megabyte of dots', '.'.repeat(1_000_000)],
  ['a megabyte signed by somebody else', makeToken({ alg: 'HS256' }, { info: 'a'.repeat(1_000_000) }, 'HS256', 'x')],
]

/** Signed by a key that the header brings along. */
function embedded(header: object): string {
  return makeToken({ alg: 'RS256', ...header }, claims, 'RS256', otherRsa.privateKey)
}

describe('refused', () => {
  test.each(attacks)('%s', async (_name, token) => {
    expect(await outcome(verifierOf(everyKey), token)).toBe('invalid')
    expect(await outcome(verifierOf({ hmac_secret_key: secret }), token)).toBe('invalid')
    expect(await outcome(verifierOf({ rsa_public_key: rsaPem }), token)).toBe('invalid')
  })

  test('a hundred tokens for which an RSA key, in any of its texts, is the secret', async () => {
    const { publicKey } = rsa
    const texts: (string | Uint8Array)[] = [
      rsaPem,
      rsaPem.trim(),
      rsaPem.replaceAll('\n', '\r\n'),
      rsaPem.replaceAll('\n', ''),
      rsaPem.split('\n').slice(1, -2).join(''),
      publicKey.export({ type: 'spki', format: 'der' }),
      publicKey.export({ type: 'pkcs1', format: 'der' }),
      publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      publicKey.export({ format: 'jwk' }).n ?? '',
      JSON.stringify(publicKey.export({ format: 'jwk' })),
    ]
    const configurations = [{ rsa_public_key: rsaPem }, everyKey]
    let refused = 0
    for (const text of texts) {
      for (const algorithm of ['HS256', 'HS384', 'HS512', 'RS256', 'PS256']) {
        const hash = algorithm.startsWith('HS') ? algorithm : 'HS256'
        const token = makeToken({ alg: algorithm }, claims, hash, text)
        for (const configuration of configurations) {
          if ((await outcome(verifierOf(configuration), token)) === 'invalid') refused++
        }
      }
    }
    expect(refused).toBe(100)
  })

  test('what no key is for, before any library is asked', () => {
    for (const token of [
      signed('ES384', p384.privateKey),
      signed('EdDSA', ed25519.privateKey),
      makeToken({ alg: 'ES512' }, claims, 'ES256', p256.privateKey),
      makeToken({ alg: 'RS1' }, claims, 'RS256', rsa.privateKey),
    ]) {
      expect(() => verifierOf(everyKey).verify(token)).toThrow('no key is for the algorithm')
    }
    expect(() => verifierOf({ ecdsa_public_key: pem(p256.publicKey) }).verify(signed('RS256', rsa.privateKey))).toThrow(
      'no key is for the algorithm "RS256"',
    )
  })

  test('everything, without a key', async () => {
    for (const [algorithm, key] of [
      ['HS256', ''],
      ['HS256', secret],
      ['RS256', rsa.privateKey],
      ['ES256', p256.privateKey],
    ] as const) {
      expect(await outcome(verifierOf({}), signed(algorithm, key))).toBe('invalid')
    }
  })
})

/** The other library's word on the same token, behind the decoder that stands before it: its own skips spaces. */
async function joseTakes(token: string, key: string, algorithms: string[]): Promise<boolean> {
  try {
    decodeToken(token)
    await compactVerify(token, new TextEncoder().encode(key), { algorithms })
    return true
  } catch {
    return false
  }
}

function fastJwtTakes(token: string): boolean {
  try {
    verifyHmac(token, secret)
    return true
  } catch {
    return false
  }
}

describe('fast-jwt and jose are of one mind', () => {
  const hmac = ['HS256', 'HS384', 'HS512']

  test.each(attacks)('on %s', async (_name, token) => {
    expect(fastJwtTakes(token)).toBe(await joseTakes(token, secret, hmac))
  })

  test('on good ones', async () => {
    for (const algorithm of hmac) {
      expect(fastJwtTakes(signed(algorithm, secret))).toBe(true)
      expect(await joseTakes(signed(algorithm, secret), secret, hmac)).toBe(true)
    }
  })

  test('on what becomes of a good one when it is changed anywhere', async () => {
    const good = signed('HS256', secret)
    const changed = fc.oneof(
      fc
        .tuple(fc.nat(good.length - 1), fc.constantFrom(...Array.from('AZaz09-_.=+/ \n')))
        .map(([at, char]) => good.slice(0, at) + char + good.slice(at + 1)),
      fc
        .tuple(fc.nat(good.length), fc.string({ maxLength: 3 }))
        .map(([at, text]) => good.slice(0, at) + text + good.slice(at)),
      fc.tuple(fc.nat(good.length), fc.nat(4)).map(([at, count]) => good.slice(0, at) + good.slice(at + count)),
    )
    let refused = 0
    await fc.assert(
      fc.asyncProperty(changed, async (token) => {
        const taken = fastJwtTakes(token)
        expect(await joseTakes(token, secret, hmac)).toBe(taken)
        if (!taken) refused++
      }),
      { numRuns: 1000 },
    )
    expect(refused).toBeGreaterThan(500)
  })
})

describe('issuer and audience', () => {
  const payload = (more: object): string => makeToken({ alg: 'HS256' }, { sub: '42', ...more }, 'HS256', secret)

  test.each<[TokenOptions, object, boolean]>([
    [{ issuer: 'me' }, { iss: 'me' }, true],
    [{ issuer: 'me' }, { iss: 'you' }, false],
    [{ issuer: 'me' }, { iss: 'ME' }, false],
    [{ issuer: 'me' }, {}, false],
    [{ issuer: 'me' }, { iss: null }, false],
    [{ issuer: 'me' }, { aud: 'me' }, false],
    [{ audience: 'app' }, { aud: 'app' }, true],
    [{ audience: 'app' }, { aud: ['x', 'app'] }, true],
    [{ audience: 'app' }, { aud: ['x', 'apps'] }, false],
    [{ audience: 'app' }, { aud: [] }, false],
    [{ audience: 'app' }, {}, false],
    [{ issuer_regex: '^https://(a|b)$' }, { iss: 'https://b' }, true],
    [{ issuer_regex: '^https://(a|b)$' }, { iss: 'https://c' }, false],
    [{ issuer_regex: '^https://(a|b)$' }, {}, false],
    [{ issuer_regex: '^https://(a|b)$' }, { iss: 'https://b\n' }, false],
    [{ issuer_regex: 'a' }, { iss: 'xay' }, true],
    [{ audience_regex: '^app-[0-9]$' }, { aud: ['x', 'app-1'] }, true],
    [{ audience_regex: '^app-[0-9]$' }, { aud: ['x', 'app-11'] }, false],
    [{ audience_regex: '^app-[0-9]$' }, {}, false],
    [{ audience_regex: '.*' }, {}, false],
    [{ issuer: 'me', audience: 'app' }, { iss: 'me', aud: 'app' }, true],
    [{ issuer: 'me', audience: 'app' }, { iss: 'me' }, false],
    [{ issuer: 'me', audience_regex: 'app' }, { iss: 'me', aud: 'app' }, true],
  ])('%j and %j: %s', async (options, more, isTaken) => {
    const result = await outcome(verifierOf({ hmac_secret_key: secret, ...options }), payload(more))
    expect(result).toEqual(isTaken ? { sub: '42', ...more } : 'invalid')
  })

  test('a pattern that makes others stop to think, and texts without end, cost no time', async () => {
    const verifier = verifierOf({ hmac_secret_key: secret, issuer_regex: '^(a+)+$', audience_regex: '^(a|aa)+$' })
    const long = `${'a'.repeat(1000)}!`
    expect(await outcome(verifier, payload({ iss: long, aud: long }))).toBe('invalid')
    expect(await outcome(verifier, payload({ iss: 'a'.repeat(1025), aud: 'a' }))).toBe('invalid')
    expect(await outcome(verifier, payload({ iss: 'a', aud: [...Array<string>(100).fill('b'), 'a'] }))).toBe('invalid')
    expect(await outcome(verifier, payload({ iss: 'a', aud: [...Array<string>(99).fill('b'), 'a'] }))).toMatchObject({
      iss: 'a',
    })
  })
})

describe('insecure_skip_token_signature_verify', () => {
  test('takes a token’s word, but not that of a broken one', async () => {
    const verifier = verifierOf({ hmac_secret_key: secret, issuer: 'me' }, true)
    const token = (payload: object): string => `${encodePart({ alg: 'none' })}.${encodePart(payload)}.`
    expect(await outcome(verifier, token({ sub: '42', iss: 'me' }))).toEqual({ sub: '42', iss: 'me' })
    expect(await outcome(verifier, token({ sub: '42', iss: 'you' }))).toBe('invalid')
    expect(await outcome(verifier, token({ sub: 42, iss: 'me' }))).toBe('invalid')
    expect(await outcome(verifier, 'a.b.c')).toBe('invalid')
    expect(await outcome(verifier, '')).toBe('invalid')
  })
})

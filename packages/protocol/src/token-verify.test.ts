import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import * as fastJwt from 'fast-jwt'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { signToken, TokenError, verifyToken } from './token.ts'

vi.mock('fast-jwt', async (original) => {
  const actual = await original<typeof fastJwt>()
  return { ...actual, createVerifier: vi.fn(actual.createVerifier) }
})

const key = 'a key of thirty-two bytes or more'
const now = Date.UTC(2030, 0, 1)
const seconds = now / 1000

function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

interface Making {
  header?: unknown
  algorithm?: string
  secret?: string
}

/** A token made by hand: any header, any payload, a correct HMAC over both. */
function make(
  payload: unknown,
  { header = { alg: 'HS256', typ: 'JWT' }, algorithm = 'sha256', secret = key }: Making = {},
): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${createHmac(algorithm, secret).update(input).digest('base64url')}`
}

function outcome(token: string, secret = key): unknown {
  try {
    return verifyToken(token, secret, now)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return error.reason
  }
}

afterEach(() => vi.restoreAllMocks())

describe('times', () => {
  test.each<[string, string, unknown]>([
    ['none', '{}', {}],
    ['exp in the future', `{"exp":${seconds + 1}}`, { exp: seconds + 1 }],
    ['exp just now', `{"exp":${seconds}}`, 'expired'],
    ['exp in the past', `{"exp":${seconds - 1}}`, 'expired'],
    ['exp 0', '{"exp":0}', 'expired'],
    ['exp negative', '{"exp":-5}', 'expired'],
    ['exp with a fraction, to come', `{"exp":${seconds}.5}`, { exp: seconds + 0.5 }],
    ['exp with a fraction, passed', `{"exp":${seconds - 1}.5}`, 'expired'],
    ['exp with an exponent', '{"exp":1e11}', { exp: 1e11 }],
    ['exp beyond any clock', '{"exp":1e308}', { exp: 1e308 }],
    ['exp beyond any number', '{"exp":1e400}', 'invalid'],
    ['exp null', '{"exp":null}', { exp: null }],
    ['exp a number as text, to come', `{"exp":"${seconds + 1}"}`, { exp: seconds + 1 }],
    ['exp a number as text, passed', '{"exp":"1234"}', 'expired'],
    ['exp a negative number as text', '{"exp":"-1"}', 'expired'],
    ['exp a number with an exponent as text', '{"exp":"1e11"}', { exp: 1e11 }],
    ['exp a number beyond all numbers as text', '{"exp":"1e400"}', 'invalid'],
    ['exp empty text', '{"exp":""}', 'invalid'],
    ['exp text with a space', '{"exp":" 99999999999"}', 'invalid'],
    ['exp hexadecimal text', '{"exp":"0xfffffffff"}', 'invalid'],
    ['exp text with a leading zero', '{"exp":"099999999999"}', 'invalid'],
    ['exp Infinity as text', '{"exp":"Infinity"}', 'invalid'],
    ['exp true', '{"exp":true}', 'invalid'],
    ['exp a list', '{"exp":[]}', 'invalid'],
    ['exp an object', '{"exp":{}}', 'invalid'],
    ['exp twice', `{"exp":1,"exp":${seconds + 1}}`, { exp: seconds + 1 }],
    ['exp in capitals', '{"EXP":1}', { EXP: 1 }],
    ['nbf in the past', `{"nbf":${seconds - 1}}`, { nbf: seconds - 1 }],
    ['nbf just now', `{"nbf":${seconds}}`, { nbf: seconds }],
    ['nbf in the future', `{"nbf":${seconds + 1}}`, 'expired'],
    ['nbf 0', '{"nbf":0}', { nbf: 0 }],
    ['nbf null', '{"nbf":null}', { nbf: null }],
    ['nbf a number as text', `{"nbf":"${seconds + 1}"}`, 'expired'],
    ['nbf true', '{"nbf":true}', 'invalid'],
    ['iat in the future', `{"iat":${seconds + 1}}`, { iat: seconds + 1 }],
    ['iat a number as text', '{"iat":"5"}', { iat: 5 }],
    ['iat any other text', '{"iat":"x"}', 'invalid'],
    ['iat null', '{"iat":null}', { iat: null }],
    ['passed and not yet valid', `{"exp":1,"nbf":${seconds + 1}}`, 'expired'],
  ])('%s', (_name, payload, expected) => {
    expect(outcome(make(payload))).toEqual(expected)
  })

  test('count on the clock that is given, not on the process’s', () => {
    const token = make({ exp: 1000, nbf: 500 })
    expect(() => verifyToken(token, key, 499_999)).toThrow('not valid yet')
    expect(verifyToken(token, key, 500_000)).toEqual({ exp: 1000, nbf: 500 })
    expect(verifyToken(token, key, 999_999)).toEqual({ exp: 1000, nbf: 500 })
    expect(() => verifyToken(token, key, 1_000_000)).toThrow('has expired')
  })

  test('say nothing of a token that is not signed: first the signature counts', () => {
    expect(outcome(make({ exp: 1 }, { secret: 'another key' }))).toBe('invalid')
  })
})

describe('other claims', () => {
  test.each<[string, unknown]>([
    ['{"sub":"ä😀\\u0000"}', { sub: 'ä😀\0' }],
    ['{"sub":null}', { sub: null }],
    ['{"sub":5}', 'invalid'],
    ['{"sub":{}}', 'invalid'],
    ['{"iss":"me"}', { iss: 'me' }],
    ['{"iss":null}', { iss: null }],
    ['{"iss":5}', 'invalid'],
    ['{"iss":["me"]}', 'invalid'],
    ['{"jti":"1"}', { jti: '1' }],
    ['{"jti":1}', 'invalid'],
    ['{"aud":"a"}', { aud: 'a' }],
    ['{"aud":""}', { aud: '' }],
    ['{"aud":["a","b"]}', { aud: ['a', 'b'] }],
    ['{"aud":[]}', { aud: [] }],
    ['{"aud":["a",5]}', 'invalid'],
    ['{"aud":[null]}', 'invalid'],
    ['{"aud":5}', 'invalid'],
    ['{"aud":{}}', 'invalid'],
    ['{"aud":null}', 'invalid'],
    ['{"info":{"a":1},"more":[]}', { info: { a: 1 }, more: [] }],
  ])('%s', (payload, expected) => {
    expect(outcome(make(payload))).toEqual(expected)
  })

  test('named as what every object has reach nobody else', () => {
    const claims = verifyToken(
      make('{"__proto__":{"sub":"root","exp":1},"constructor":{"prototype":{"x":1}}}'),
      key,
      now,
    )
    expect(claims['sub']).toBeUndefined()
    expect(Object.getPrototypeOf(claims)).toBe(Object.prototype)
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })
})

describe('payloads that are no claims', () => {
  test.each([
    'null',
    '[]',
    '[{"sub":"42"}]',
    '"sub"',
    '42',
    'true',
    '',
    '{',
    '{"sub":"42"} x',
    '\ufeff{}',
    "{'sub':1}",
  ])('%j', (payload) => {
    expect(outcome(make(payload))).toBe('invalid')
  })

  test('bytes that are no text', () => {
    const input = `${encode({ alg: 'HS256' })}.${Buffer.from([0xff, 0xfe, 0x00]).toString('base64url')}`
    expect(outcome(`${input}.${createHmac('sha256', key).update(input).digest('base64url')}`)).toBe('invalid')
  })

  test('100,000 levels of nesting are refused or taken, never a crash', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    expect(outcome(make(deep))).toBe('invalid')
    expect(Object.keys(verifyToken(make(`{"info":${deep}}`), key, now))).toEqual(['info'])
  })
})

describe('algorithms', () => {
  test.each([
    ['HS256', 'sha256'],
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
  ])('%s is accepted', (alg, algorithm) => {
    expect(outcome(make({ sub: '42' }, { header: { alg }, algorithm }))).toEqual({ sub: '42' })
    expect(outcome(make({ sub: '42' }, { header: { alg }, algorithm, secret: 'another key' }))).toBe('invalid')
  })

  test.each([
    ['HS256', 'sha512'],
    ['HS512', 'sha256'],
    ['HS384', 'sha256'],
  ])('%s is not accepted with a signature by %s', (alg, algorithm) => {
    expect(outcome(make({}, { header: { alg }, algorithm }))).toBe('invalid')
  })

  const algorithms: unknown[] = ['none', 'None', 'NONE', 'nOnE', '', 'hs256', 'Hs256', 'HS256 ', 'HS1', 'HS', 'MD5']
  algorithms.push('RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'constructor', '__proto__')
  algorithms.push(null, 5, true, ['HS256'], { toString: 'HS256' })

  test.each(algorithms)('%j is refused, signed or not', (alg) => {
    const header = { alg, typ: 'JWT' }
    const signed = make({ sub: 'root' }, { header })
    expect(outcome(signed)).toBe('invalid')
    expect(outcome(`${signed.slice(0, signed.lastIndexOf('.'))}.`)).toBe('invalid')
    expect(outcome(signed.slice(0, signed.lastIndexOf('.')))).toBe('invalid')
  })

  test.each(['{}', '{"typ":"JWT"}', '{"ALG":"HS256"}', 'null', '[]', '"HS256"', '{', ''])(
    'a header %j is refused',
    (header) => {
      expect(outcome(make({ sub: 'root' }, { header }))).toBe('invalid')
    },
  )

  test('the last of two `alg` counts, as it does for the signature', () => {
    expect(outcome(make({}, { header: '{"alg":"HS256","alg":"none"}' }))).toBe('invalid')
    expect(outcome(make({}, { header: '{"alg":"none","alg":"HS256"}' }))).toEqual({})
  })

  test('a signature by a key pair is worth nothing, even where the public key stands as the secret', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    for (const alg of ['RS256', 'HS256']) {
      const input = `${encode({ alg })}.${encode({ sub: 'root' })}`
      const token = `${input}.${createSign('sha256').update(input).sign(privateKey, 'base64url')}`
      for (const secret of [key, pem, JSON.stringify(publicKey.export({ format: 'jwk' }))]) {
        expect(outcome(token, secret)).toBe('invalid')
      }
    }
    for (let run = 0; run < 100; run++) {
      const header = { alg: 'RS256', kid: String(run) }
      expect(outcome(make({ sub: 'root' }, { header, secret: pem }), pem)).toBe('invalid')
    }
  })
})

describe('headers', () => {
  test.each([
    { jku: 'http://127.0.0.1:1/keys' },
    { x5u: 'http://127.0.0.1:1/cert' },
    { kid: '../../dev/null' },
    { kid: "' OR 1=1" },
    { kid: 5 },
    { jwk: { kty: 'oct', k: Buffer.from('attacker').toString('base64url') } },
    { x5c: ['MIIB'] },
    { typ: 'at+jwt' },
    { cty: 'JWT' },
    { b64: true },
    { zip: 'DEF' },
  ])('%j is nothing that anybody follows', (more) => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    expect(outcome(make({ sub: '42' }, { header: { alg: 'HS256', ...more } }))).toEqual({ sub: '42' })
    expect(outcome(make({ sub: '42' }, { header: { alg: 'HS256', ...more }, secret: 'attacker' }))).toBe('invalid')
    expect(fetched).not.toHaveBeenCalled()
  })

  test.each([[['exp']], [['b64']], [['x']], [[]], ['x'], [{}], [[5]]])(
    'crit %j is refused: nothing critical is known',
    (crit) => {
      expect(outcome(make({ sub: '42' }, { header: { alg: 'HS256', crit, x: 1, b64: false } }))).toBe('invalid')
    },
  )
})

describe('text that is no token', () => {
  const good = make({ sub: '42', exp: seconds + 60 })
  const [header = '', payload = '', signature = ''] = good.split('.')

  test.each([
    ['nothing', ''],
    ['a dot', '.'],
    ['dots', '..'],
    ['more dots', '...'],
    ['one part', header],
    ['two parts', `${header}.${payload}`],
    ['no signature', `${header}.${payload}.`],
    ['no payload', `${header}..${signature}`],
    ['no header', `.${payload}.${signature}`],
    ['four parts', `${good}.${signature}`],
    ['five parts', `${good}.${payload}.${signature}`],
    ['a space before', ` ${good}`],
    ['a space behind', `${good} `],
    ['a newline behind', `${good}\n`],
    ['a tab within', `${header}.\t${payload}.${signature}`],
    ['a scheme before', `Bearer ${good}`],
    ['padding', `${good}=`],
    ['padding of the payload', `${header}.${payload}=.${signature}`],
    ['plain base64', good.replaceAll('-', '+').replaceAll('_', '/').replace(signature, `${signature}+`)],
    ['a null character', `${good}\0`],
    ['quotes', `"${good}"`],
    ['percent signs', good.replaceAll('.', '%2E')],
    ['the signature cut off', good.slice(0, -5)],
    ['the signature doubled', `${good}${signature}`],
    ['words', 'null'],
    ['an emoji', `${header}.${payload}.😀`],
  ])('%s', (_name, token) => {
    expect(outcome(good)).toEqual({ sub: '42', exp: seconds + 60 })
    expect(outcome(token)).toBe('invalid')
  })

  test('any cut of a good token', () => {
    for (let length = 0; length < good.length; length++) expect(outcome(good.slice(0, length))).toBe('invalid')
  })

  test('any other character in a good token', () => {
    const bytes = Buffer.from(signature, 'base64url')
    for (let at = 0; at < good.length; at++) {
      const other = good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1)
      // The last character of 32 bytes holds two bits that say nothing.
      const isSame = Buffer.from(other.slice(other.lastIndexOf('.') + 1), 'base64url').equals(bytes)
      const isSignature = at > good.lastIndexOf('.')
      expect(outcome(other) === 'invalid', other).toBe(!(isSignature && isSame))
    }
  })

  test('another user with the old signature', () => {
    expect(outcome(`${header}.${encode({ sub: 'root' })}.${signature}`)).toBe('invalid')
  })

  test('megabytes', () => {
    expect(outcome('a'.repeat(5_000_000))).toBe('invalid')
    expect(outcome('.'.repeat(1_000_000))).toBe('invalid')
    expect(outcome(`${header}.${'a'.repeat(5_000_000)}.${signature}`)).toBe('invalid')
    const large = { info: 'x'.repeat(2_000_000) }
    expect(verifyToken(make(large), key, now)['info'] === large.info).toBe(true)
  })
})

describe('keys', () => {
  test.each(['x', ' padded ', 'ключ', '😀', '\0\u0001\u007f', '"\\\n', 'a'.repeat(10_000), '{"kty":"oct","k":"eA"}'])(
    '%.40j works, and nothing near it',
    (secret) => {
      const token = make({ sub: '42' }, { secret })
      expect(signToken({ sub: '42' }, secret)).toBe(token)
      expect(outcome(token, secret)).toEqual({ sub: '42' })
      for (const other of [`${secret}x`, ` ${secret}`, `${secret}\n`, `x${secret}`]) {
        expect(outcome(token, other)).toBe('invalid')
      }
    },
  )

  test('an empty key accepts nothing, not even what was signed with it', () => {
    expect(outcome(make({ sub: '42' }, { secret: '' }), '')).toBe('invalid')
    expect(outcome(`${encode({ alg: 'none' })}.${encode({ sub: '42' })}.`, '')).toBe('invalid')
    expect(outcome('', '')).toBe('invalid')
  })

  test('are prepared once each, and never more than sixteen are kept', () => {
    const { createVerifier } = vi.mocked(fastJwt)
    createVerifier.mockClear()
    const keys = Array.from({ length: 100 }, (_, index) => `rotated ${index}`)
    for (const secret of keys) {
      const token = make({ sub: secret }, { secret })
      for (let times = 0; times < 3; times++) expect(outcome(token, secret)).toEqual({ sub: secret })
    }
    expect(createVerifier).toHaveBeenCalledTimes(keys.length)
    // The first is long forgotten and works all the same.
    expect(outcome(make({}, { secret: 'rotated 0' }), 'rotated 0')).toEqual({})
    expect(createVerifier).toHaveBeenCalledTimes(keys.length + 1)
    expect(outcome(make({}, { secret: 'rotated 0' }), 'rotated 99')).toBe('invalid')
  })
})

// Keys from an endpoint, over real HTTP: good ones, rotation under load, and endpoints that fail or lead elsewhere.
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { TokenError } from '@backchannel/protocol/token'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { checkConfig, type HubConfig } from '../config/config.ts'
import { Deadlines } from '../say/deadlines.ts'
import { makeToken } from '../testing/token-maker.ts'
import { Verifier } from './verifier.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed25519 = generateKeyPairSync('ed25519')
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' })

const jwk = (key: KeyObject, more: object): object => ({ ...key.export({ format: 'jwk' }), use: 'sig', ...more })

type TokenOptions = NonNullable<NonNullable<HubConfig['client']>['token']>
type Answer = (response: ServerResponse, path: string) => void

let server: Server
let origin: string
let paths: string[]
let answer: Answer
let deadlines: Deadlines
let warnings: { fields: object; message: string }[]

beforeEach(async () => {
  paths = []
  warnings = []
  deadlines = new Deadlines(systemClock)
  server = createServer((request, response) => {
    paths.push(request.url ?? '')
    answer(response, request.url ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  deadlines.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function verifierOf(options: TokenOptions = {}): Verifier {
  const token = { jwks_public_endpoint: `${origin}/certs`, ...options }
  return new Verifier(checkConfig({ client: { token } }).client.token, {
    clock: systemClock,
    deadlines,
    logger: {
      debug: () => {},
      info: () => {},
      error: () => {},
      warn: (fields, message) => warnings.push({ fields, message }),
    },
    skipsSignature: false,
  })
}

const keys =
  (...list: object[]): Answer =>
  (response) => {
    response.end(JSON.stringify({ keys: list }))
  }

const claims = { sub: '42' }
const token = (alg: string, kid: string | undefined, key: KeyObject | string, payload: object = claims): string =>
  makeToken({ alg, ...(kid === undefined ? {} : { kid }) }, payload, alg === 'Ed25519' ? 'EdDSA' : alg, key)

async function outcome(verifier: Verifier, text: string): Promise<unknown> {
  try {
    return await verifier.verify(text)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return error.reason
  }
}

/** Why a token was refused: which of the checks it was. */
async function reason(verifier: Verifier, text: string): Promise<string> {
  try {
    await verifier.verify(text)
  } catch (error) {
    return error instanceof TokenError ? error.message : String(error)
  }
  return 'taken'
}

describe('a key of the set', () => {
  test.each<[string, KeyObject, KeyObject]>([
    ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map(
      (alg) => [alg, rsa.publicKey, rsa.privateKey] as [string, KeyObject, KeyObject],
    ),
    ['ES256', p256.publicKey, p256.privateKey],
    ['ES384', p384.publicKey, p384.privateKey],
    ['ES512', p521.publicKey, p521.privateKey],
    ['EdDSA', ed25519.publicKey, ed25519.privateKey],
    ['Ed25519', ed25519.publicKey, ed25519.privateKey],
  ])('verifies %s, with and without its alg', async (alg, publicKey, privateKey) => {
    answer = keys(jwk(publicKey, { kid: 'a' }), jwk(publicKey, { kid: 'b', alg }))
    const verifier = verifierOf()
    expect(await outcome(verifier, token(alg, 'a', privateKey))).toEqual(claims)
    expect(await outcome(verifier, token(alg, 'b', privateKey))).toEqual(claims)
    expect(paths).toEqual(['/certs'])
  })

  test('is for its own algorithm and its own tokens only', async () => {
    answer = keys(
      jwk(rsa.publicKey, { kid: 'rs256', alg: 'RS256' }),
      jwk(rsa.publicKey, { kid: 'rsa' }),
      jwk(p256.publicKey, { kid: 'ec' }),
      jwk(p256.publicKey, { kid: 'wrong', alg: 'ES384' }),
    )
    const verifier = verifierOf({ hmac_secret_key: 'secret' })
    const refused = [
      token('RS512', 'rs256', rsa.privateKey),
      token('PS256', 'rs256', rsa.privateKey),
      token('RS256', 'ec', rsa.privateKey),
      token('ES384', 'ec', p384.privateKey),
      token('ES256', 'rsa', p256.privateKey),
      token('ES256', 'wrong', p256.privateKey),
      makeToken({ alg: 'HS256', kid: 'rsa' }, claims, 'HS256', rsa.publicKey.export({ type: 'spki', format: 'pem' })),
      makeToken({ alg: 'HS256', kid: 'rsa' }, claims, 'HS256', 'secret'),
      makeToken({ alg: 'none', kid: 'rsa' }, claims, 'HS256', ''),
      token('RS256', 'rsa', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
    ]
    for (const text of refused) expect(await outcome(verifier, text)).toBe('invalid')
    // Before the library is asked, which would refuse most of them, too.
    const reasons = await Promise.all(refused.map((text) => reason(verifier, text)))
    expect(reasons.slice(0, -1).every((text) => text.startsWith('no key is for the algorithm'))).toBe(true)
    expect(reasons.at(-1)).toBe('signature verification failed')
    expect(await outcome(verifier, token('RS256', 'rs256', rsa.privateKey))).toEqual(claims)
  })

  test('has to be named', async () => {
    answer = keys(jwk(rsa.publicKey, { kid: 'a' }), jwk(rsa.publicKey, {}), jwk(rsa.publicKey, { kid: '' }))
    expect(await outcome(verifierOf(), token('RS256', undefined, rsa.privateKey))).toBe('invalid')
    expect(await outcome(verifierOf(), token('RS256', '', rsa.privateKey))).toBe('invalid')
    expect(paths).toEqual([])
  })

  test('is none when it is secret, private, for encryption, too short or broken', async () => {
    const { n, e } = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
    answer = keys(
      { kty: 'oct', kid: 'secret', k: 'AAAA', use: 'sig' },
      jwk(rsa.privateKey, { kid: 'private' }),
      jwk(rsa.publicKey, { kid: 'enc', use: 'enc' }),
      jwk(rsa.publicKey, { kid: 'ops', key_ops: ['encrypt'] }),
      { kty: 'RSA', kid: 'short', n, e, use: 'sig' },
      { kty: 'RSA', kid: 'broken', n: '%', e: 5 },
      { kty: 'RSA', kid: 'empty' },
      { kty: 'EC', kid: 'nowhere', crv: 'P-256', x: 'AAAA', y: 'AAAA' },
      jwk(rsa.publicKey, { kid: 'good', use: undefined }),
    )
    const verifier = verifierOf()
    expect(await outcome(verifier, token('RS256', 'good', rsa.privateKey))).toEqual(claims)
    for (const kid of ['ops', 'broken', 'empty', 'short']) {
      expect(await outcome(verifier, token('RS256', kid, rsa.privateKey)), kid).toBe('invalid')
    }
    expect(await outcome(verifier, token('ES256', 'nowhere', p256.privateKey))).toBe('invalid')
    // Not in the set at all, so there is one more request for each.
    const others = ['secret', 'private', 'enc'].map((kid) => reason(verifier, token('RS256', kid, rsa.privateKey)))
    expect(new Set(await Promise.all(others))).toEqual(new Set(['the token names a key (kid) that is not known']))
  })
})

describe('an endpoint', () => {
  const good = jwk(rsa.publicKey, { kid: 'a' })

  test.each<[string, Answer]>([
    ['answers 500', (response) => void response.writeHead(500).end()],
    ['answers 404 with keys', (response) => void response.writeHead(404).end(JSON.stringify({ keys: [good] }))],
    ['answers 204', (response) => void response.writeHead(204).end()],
    ['answers nothing', (response) => void response.end()],
    ['answers HTML', (response) => void response.end('<html>')],
    ['answers null', (response) => void response.end('null')],
    ['answers a list', (response) => void response.end(JSON.stringify([good]))],
    ['has keys that are no list', (response) => void response.end(JSON.stringify({ keys: { a: good } }))],
    ['hangs up', (response) => void response.destroy()],
    ['hangs up in the middle', (response) => void response.write('{"keys":[', () => response.destroy())],
    ['says nothing', () => {}],
    ['never ends', (response) => void response.write('{"keys":[')],
    [
      'sends more than a megabyte',
      (response) => void response.end(JSON.stringify({ keys: [good], more: 'x'.repeat(1024 * 1024) })),
    ],
    [
      'leads to another',
      (response, path) => {
        if (path === '/certs') response.writeHead(302, { location: '/other' }).end()
        else response.end(JSON.stringify({ keys: [good] }))
      },
    ],
  ])('that %s gives no key: two tries, one line in the log', async (_name, failing) => {
    answer = failing
    expect(await outcome(verifierOf(), token('RS256', 'a', rsa.privateKey))).toBe('invalid')
    expect(paths).toEqual(['/certs', '/certs'])
    expect(warnings).toMatchObject([
      { fields: { url: `${origin}/certs` }, message: 'hub: the keys of tokens could not be fetched' },
    ])
  })

  test('that is not there gives no key', async () => {
    const verifier = verifierOf({ jwks_public_endpoint: 'http://127.0.0.1:1/' })
    expect(await outcome(verifier, token('RS256', 'a', rsa.privateKey))).toBe('invalid')
    expect(warnings).toHaveLength(1)
  })

  test('that fails once is asked again', async () => {
    let asked = 0
    answer = (response) => void (asked++ === 0 ? response.destroy() : keys(good)(response, ''))
    expect(await outcome(verifierOf(), token('RS256', 'a', rsa.privateKey))).toEqual(claims)
    expect(warnings).toEqual([])
  })

  test('that holds names such as __proto__ does no harm', async () => {
    answer = (response) => {
      const key = JSON.stringify(jwk(rsa.publicKey, { kid: '__proto__' }))
      response.end(`{"__proto__":{"keys":[]},"keys":[5,null,"a",[],{"kid":"a"},{"kty":"RSA","kid":["a"]},${key}]}`)
    }
    const verifier = verifierOf()
    expect(await outcome(verifier, token('RS256', '__proto__', rsa.privateKey))).toEqual(claims)
    expect(await outcome(verifier, token('RS256', 'constructor', rsa.privateKey))).toBe('invalid')
  })
})

test('keys that change under load refuse nobody', async () => {
  const pairs = Array.from({ length: 4 }, (_, index) => ({
    kid: `key ${index}`,
    ...generateKeyPairSync('rsa', { modulusLength: 2048 }),
  }))
  let current = 0
  // Two of them at a time, as it is done: the one that signs, and the one before it.
  answer = (response) =>
    keys(...pairs.slice(Math.max(0, current - 1), current + 1).map(({ kid, publicKey }) => jwk(publicKey, { kid })))(
      response,
      '',
    )
  const verifier = verifierOf()
  const outcomes: Promise<unknown>[] = []
  let made = 0
  for (current = 0; current < pairs.length; current++) {
    for (let round = 0; round < 20; round++) {
      const { kid, privateKey } = pairs[current] as (typeof pairs)[number]
      for (let count = 0; count < 5; count++) {
        outcomes.push(outcome(verifier, token('RS256', kid, privateKey, { sub: String(made++) })))
      }
      // Somebody makes up keys all the while.
      void outcome(verifier, token('RS256', `none ${made}`, privateKey))
      await sleep(5)
    }
    // What is signed with the one before last is on its way no longer.
    await Promise.all(outcomes)
  }
  const users = (await Promise.all(outcomes)).map((result) => (result as { sub?: string }).sub)
  expect(users).toEqual(Array.from({ length: made }, (_, index) => String(index)))
  expect(paths.length).toBeLessThanOrEqual(10)
})

describe('a place that depends on the token', () => {
  const options = {
    issuer_regex: '^https://id.example/(?P<realm>one|two)$',
    audience_regex: '^(?P<app>chat|mail)$',
  }
  const realm = (iss: string, aud: unknown, key = rsa.privateKey): string => token('RS256', 'a', key, { iss, aud })

  test('is the one of its claims, and its keys are good for no other', async () => {
    const two = generateKeyPairSync('rsa', { modulusLength: 2048 })
    answer = (response, path) =>
      keys(jwk(path.startsWith('/one/') ? rsa.publicKey : two.publicKey, { kid: 'a' }))(response, path)
    const verifier = verifierOf({ ...options, jwks_public_endpoint: `${origin}/{{realm}}/{{app}}` })
    expect(await outcome(verifier, realm('https://id.example/one', 'chat'))).toMatchObject({ aud: 'chat' })
    expect(await outcome(verifier, realm('https://id.example/one', ['x', 'mail']))).toMatchObject({
      aud: ['x', 'mail'],
    })
    expect(await outcome(verifier, realm('https://id.example/two', 'chat', two.privateKey))).toMatchObject({
      aud: 'chat',
    })
    expect(paths).toEqual(['/one/chat', '/one/mail', '/two/chat'])
    // The same key id, another tenant's key.
    expect(await outcome(verifier, realm('https://id.example/two', 'chat'))).toBe('invalid')
    expect(await outcome(verifier, realm('https://id.example/one', 'chat', two.privateKey))).toBe('invalid')
  })

  test('is asked for nothing by claims that are not in the list', async () => {
    answer = keys(jwk(rsa.publicKey, { kid: 'a' }))
    const verifier = verifierOf({ ...options, jwks_public_endpoint: `${origin}/{{realm}}/{{app}}` })
    for (const [iss, aud] of [
      ['https://id.example/three', 'chat'],
      ['https://id.example/one', 'other'],
      ['https://id.example/one', []],
      ['https://id.example/../one', 'chat'],
      ['http://169.254.169.254/one', 'chat'],
      ['', ''],
    ] as const) {
      expect(await outcome(verifier, realm(iss, aud))).toBe('invalid')
    }
    expect(
      await outcome(verifier, makeToken({ alg: 'RS256', kid: 'a' }, { iss: 5, aud: {} }, 'RS256', rsa.privateKey)),
    ).toBe('invalid')
    expect(paths).toEqual([])
  })

  test('without the check is on the same host all the same, and the sets that are kept have a bound', async () => {
    answer = keys(jwk(rsa.publicKey, { kid: 'a' }))
    const verifier = verifierOf({
      jwks_public_endpoint: `${origin}/{{realm}}/certs`,
      issuer_regex: '^(?P<realm>.+)$',
      insecure_skip_jwks_endpoint_safety_check: true,
    })
    for (const iss of ['../..', '//evil.example', 'a?b', 'a#b', '@evil.example:1', '%2e%2e', '\\\\evil.example']) {
      expect(await outcome(verifier, realm(iss, ''))).toMatchObject({ iss })
    }
    expect(await outcome(verifier, realm('..', ''))).toBe('invalid')
    expect(paths).toHaveLength(7)
    expect(paths.every((path) => /^\/[^/]+\/certs$/.test(path))).toBe(true)
    for (let index = 0; index < 100; index++) await outcome(verifier, realm(`realm ${index}`, ''))
    const before = paths.length
    await outcome(verifier, realm('a?b', ''))
    await outcome(verifier, realm('realm 99', ''))
    expect(paths.slice(before)).toEqual(['/a%3Fb/certs'])
  })
})

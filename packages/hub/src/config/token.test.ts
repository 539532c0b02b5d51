import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkConfig, ConfigError, type HubConfig } from './config.ts'

type TokenOptions = NonNullable<NonNullable<HubConfig['client']>['token']>

function problemsOf(token: TokenOptions): readonly string[] {
  try {
    checkConfig({ client: { token } })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

const pem = (key: KeyObject, type: 'spki' | 'pkcs1' = 'spki'): string => key.export({ type, format: 'pem' }).toString()
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const k256 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const ed25519 = generateKeyPairSync('ed25519')

describe('keys', () => {
  test.each<[string, TokenOptions]>([
    ['none', {}],
    ['RSA', { rsa_public_key: pem(rsa.publicKey) }],
    ['RSA in its older form', { rsa_public_key: pem(rsa.publicKey, 'pkcs1') }],
    ['ECDSA', { ecdsa_public_key: pem(p256.publicKey) }],
    ['two secrets', { hmac_secret_key: 'a', hmac_previous_secret_key: 'b', hmac_previous_secret_key_valid_until: 5 }],
  ])('%s', (_name, options) => {
    expect(problemsOf(options)).toEqual([])
  })

  test.each<[TokenOptions, string]>([
    [{ rsa_public_key: 'x' }, 'rsa_public_key: expected an RSA public key in PEM'],
    [{ rsa_public_key: pem(p256.publicKey) }, 'rsa_public_key: expected an RSA public key in PEM, got one of type ec'],
    [
      { rsa_public_key: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
      'rsa_public_key: expected an RSA public key in PEM, got a private key',
    ],
    [
      { rsa_public_key: pem(short.publicKey) },
      'rsa_public_key: expected an RSA key of at least 2048 bits, got one of 1024',
    ],
    [
      { ecdsa_public_key: pem(rsa.publicKey) },
      'ecdsa_public_key: expected an ECDSA public key in PEM, got one of type rsa',
    ],
    [
      { ecdsa_public_key: pem(ed25519.publicKey) },
      'ecdsa_public_key: expected an ECDSA public key in PEM, got one of type ed25519',
    ],
    [{ ecdsa_public_key: pem(k256.publicKey) }, 'ecdsa_public_key: expected a key on the curve P-256, P-384 or P-521'],
    [{ hmac_previous_secret_key: pem(rsa.publicKey) }, 'hmac_previous_secret_key: expected a secret, got a PEM key'],
    [{ audience: 'a', audience_regex: 'a' }, "audience_regex: can't stand beside audience"],
    [{ issuer: 'a', issuer_regex: 'a' }, "issuer_regex: can't stand beside issuer"],
    [{ issuer_regex: '(' }, 'issuer_regex: expected a regular expression in RE2 syntax, got "("'],
    [{ audience_regex: '(?=a)' }, 'audience_regex: expected a regular expression in RE2 syntax, got "(?=a)"'],
    [{ jwks_public_endpoint: 'keys' }, 'jwks_public_endpoint: expected an http: or https: URL'],
    [
      { jwks_public_endpoint: 'https://keys/{{a}}', issuer_regex: '(?P<a>.*)' },
      'jwks_public_endpoint: the group of {{a}} must be a list of values, such as (?P<a>one|two)',
    ],
    [{ user_id_claim: 'user.id' }, 'user_id_claim: expected the name of a claim: letters and "_"'],
  ])('%j', (options, problem) => {
    expect(problemsOf(options)).toEqual([`client.token.${problem}`])
  })
})

test('no problem holds a secret', () => {
  const secret = `${pem(rsa.publicKey)} geheim`
  for (const name of ['hmac_secret_key', 'hmac_previous_secret_key', 'rsa_public_key', 'ecdsa_public_key']) {
    expect(problemsOf({ [name]: secret }).join('\n'), name).not.toContain('geheim')
  }
})

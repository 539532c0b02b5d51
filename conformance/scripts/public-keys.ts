import { apiKey, tokenKey } from '../config.ts'
import { type KeyName, publicPem } from '../support/keys.ts'
import {
  type Script,
  type Step,
  type TokenSpec,
  type Topic,
  api,
  connect,
  inSeconds,
  open,
  receive,
  script,
  send,
  settle,
} from '../support/script.ts'

const withToken = (token: TokenSpec): Step => send('{"id":1,"connect":{"token":"$T"}}', { $T: token })
const claims = { sub: '$N', exp: inSeconds(600) }
const by = (key: KeyName, alg: string, more: object = {}): TokenSpec => ({
  claims,
  by: key,
  header: { alg, typ: 'JWT', ...more },
})
const one = (name: string, token: TokenSpec): Script => script(name, withToken(token), settle)
const hmac: TokenSpec = { claims }

/** What every server with public keys is asked. */
const attacks = (kid: (key: string) => object): Script[] => [
  one('HS256', hmac),
  one('HS256 with the public key as the secret', by('rsa', 'HS256', kid('rsa'))),
  one('none', { claims, header: { alg: 'none', typ: 'JWT', ...kid('rsa') } }),
  one('RS256 of another key', by('otherRsa', 'RS256', kid('rsa'))),
  one('ES256 of another key', by('otherP256', 'ES256', kid('p256'))),
  one('RS256 of a key that is said to be elliptic', by('rsa', 'RS256', kid('p256'))),
  one('an expired one', { ...by('rsa', 'RS256', kid('rsa')), claims: { sub: '$N', exp: inSeconds(-60) } }),
  one('an expired one of another key', {
    ...by('otherRsa', 'RS256', kid('rsa')),
    claims: { sub: '$N', exp: inSeconds(-60) },
  }),
  script(
    'a subscription token',
    withToken(by('rsa', 'RS256', kid('rsa'))),
    receive(),
    send('{"id":2,"subscribe":{"channel":"closed:$N","token":"$T"}}', {
      $T: { ...by('rsa', 'RS256', kid('rsa')), claims: { sub: '$N', channel: 'closed:$N', exp: inSeconds(600) } },
    }),
    settle,
  ),
  script(
    'a refresh',
    withToken(by('rsa', 'RS256', kid('rsa'))),
    receive(),
    send('{"id":2,"refresh":{"token":"$T"}}', {
      $T: { ...by('rsa', 'RS256', kid('rsa')), claims: { sub: '$N', exp: inSeconds(1200) } },
    }),
    settle,
  ),
  script(
    'a refresh with another key',
    withToken(by('rsa', 'RS256', kid('rsa'))),
    receive(),
    send('{"id":2,"refresh":{"token":"$T"}}', {
      $T: { ...by('otherRsa', 'RS256', kid('rsa')), claims: { sub: '$N', exp: inSeconds(1200) } },
    }),
    settle,
  ),
]

const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

const ofKeySet = (set: string, more: object = {}) => ({
  client: { token: { hmac_secret_key: '', jwks_public_endpoint: `$BACKEND/keys/${set}`, ...more } },
})

const tenant = (name: string, key: KeyName): Script =>
  one(`https://${name}.example`, {
    ...by(key, key === 'p256' ? 'ES256' : 'RS256', { kid: key }),
    claims: { ...claims, iss: `https://${name}.example` },
  })

export const publicKeys: readonly Topic[] = [
  {
    name: 'public keys',
    config: {
      client: {
        token: { hmac_secret_key: tokenKey, rsa_public_key: publicPem('rsa'), ecdsa_public_key: publicPem('p256') },
      },
    },
    scripts: [
      ...rsaAlgorithms.map((alg) => one(alg, by('rsa', alg))),
      one('ES256', by('p256', 'ES256')),
      one('ES384 of a key of 256 bits', by('p256', 'ES384')),
      one('ES384', by('p384', 'ES384')),
      one('EdDSA', by('ed25519', 'EdDSA')),
      ...attacks(() => ({})),
    ],
  },
  {
    name: 'an elliptic key of 384 bits',
    config: { client: { token: { hmac_secret_key: '', ecdsa_public_key: publicPem('p384') } } },
    scripts: [
      one('ES384', by('p384', 'ES384')),
      one('ES256 of a key of 384 bits', by('p384', 'ES256')),
      one('HS256 of no secret', hmac),
      one('RS256 of no key', by('rsa', 'RS256')),
    ],
  },
  {
    name: 'key set',
    config: ofKeySet('all'),
    scripts: [
      ...rsaAlgorithms.map((alg) => one(alg, by('rsa', alg, { kid: 'rsa' }))),
      one('ES256', by('p256', 'ES256', { kid: 'p256' })),
      one('ES384', by('p384', 'ES384', { kid: 'p384' })),
      one('ES512', by('p521', 'ES512', { kid: 'p521' })),
      one('EdDSA', by('ed25519', 'EdDSA', { kid: 'ed25519' })),
      one('a key without an algorithm', by('rsa', 'RS256', { kid: 'rsa-without-alg' })),
      one('a key for encryption', by('rsa', 'RS256', { kid: 'rsa-for-encryption' })),
      one('a key whose algorithm is of another kind', by('otherRsa', 'RS256', { kid: 'elliptic' })),
      one('no kid', by('rsa', 'RS256')),
      one('an unknown kid', by('rsa', 'RS256', { kid: 'nobody' })),
      one('a kid of the wrong type', by('rsa', 'RS256', { kid: 5 })),
      one('a secret of the set', { claims, key: 'secret', header: { alg: 'HS256', typ: 'JWT', kid: 'secret' } }),
      ...attacks((kid) => ({ kid })),
    ],
  },
  {
    name: 'key set beside keys',
    config: ofKeySet('all', { hmac_secret_key: tokenKey, rsa_public_key: publicPem('otherRsa') }),
    scripts: [
      one('HS256', hmac),
      one('RS256 of the key', by('otherRsa', 'RS256')),
      one('RS256 of the set', by('rsa', 'RS256', { kid: 'rsa' })),
    ],
  },
  {
    name: 'key set that changes',
    config: ofKeySet('rotating'),
    scripts: [
      script(
        'the new key, and the old one',
        withToken(by('rsa', 'RS256', { kid: 'rsa' })),
        receive(),
        open(),
        withToken(by('otherRsa', 'RS256', { kid: 'otherRsa' })),
        receive(),
        open(),
        withToken(by('rsa', 'RS256', { kid: 'rsa' })),
        settle,
      ),
    ],
  },
  ...['garbage', 'none', 'failing', 'nowhere'].map((set) => ({
    name: `key set, ${set}`,
    config: ofKeySet(set),
    scripts: [one('RS256', by('rsa', 'RS256', { kid: 'rsa' }))],
  })),
  {
    name: 'key set of a tenant',
    config: ofKeySet('tenants/{{tenant}}', { issuer_regex: '^https://(?P<tenant>one|two)\\.example$' }),
    // Keys of the same name in two sets would be one to a server that keeps them by name.
    scripts: [
      tenant('one', 'rsa'),
      tenant('two', 'otherRsa'),
      tenant('three', 'p256'),
      one('no issuer', by('rsa', 'RS256', { kid: 'rsa' })),
    ],
  },
  {
    name: 'subscription tokens by public keys',
    config: { client: { subscription_token: { enabled: true, rsa_public_key: publicPem('rsa') } } },
    scripts: [
      script(
        'RS256',
        connect,
        send('{"id":2,"subscribe":{"channel":"closed:$N","token":"$T"}}', {
          $T: { ...by('rsa', 'RS256'), claims: { sub: '$N', channel: 'closed:$N' } },
        }),
        settle,
      ),
      script(
        'HS256 of the connection',
        connect,
        send('{"id":2,"subscribe":{"channel":"closed:$N","token":"$T"}}', {
          $T: { claims: { sub: '$N', channel: 'closed:$N' } },
        }),
        settle,
      ),
      one('a connection by RS256', by('rsa', 'RS256')),
      script('the server API is as ever', api('publish', '{"channel":"open:$N","data":{}}', { 'x-api-key': apiKey })),
    ],
  },
]

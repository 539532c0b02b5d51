// Whatever is sent as a token gives claims or one of the errors that clients know. More cases: FUZZ_RUNS=1000000.
import { generateKeyPairSync } from 'node:crypto'
import { isReplyError } from '@backchannel/protocol'
import { TokenError } from '@backchannel/protocol/token'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkConfig } from '../config/config.ts'
import { TestClock } from '../testing/test-clock.ts'
import { encodePart, makeToken } from '../testing/token-maker.ts'
import { Tokens } from './tokens.ts'

const runs = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 5000) / 2)
const timeout = 60_000 + runs * 2

const secret = 'a secret'
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

function tokensOf(token: object): Tokens {
  return new Tokens(checkConfig({ client: { token } }).client, new TestClock(), silent)
}

const plain = tokensOf({ hmac_secret_key: secret })
const strict = tokensOf({
  hmac_secret_key: secret,
  ecdsa_public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  issuer_regex: '^(a+)+$',
  audience_regex: '.',
  user_id_claim: 'user_id',
})

/** What a token leads to. @throws what nobody expects */
async function outcome(read: () => unknown): Promise<'claims' | 'refused'> {
  try {
    await read()
    return 'claims'
  } catch (error) {
    if (!(error instanceof TokenError) && !isReplyError(error)) throw error
    return 'refused'
  }
}

const names =
  'sub exp nbf iat aud iss jti channel client channels subs info b64info data b64data meta override expire_at user_id ' +
  '__proto__ constructor'
const name = fc.constantFrom('', ...names.split(' '))
const override = fc.dictionary(
  fc.constantFrom('presence', 'join_leave', 'force_recovery'),
  fc.oneof(fc.jsonValue(), fc.record({ value: fc.boolean() })),
)
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('a', 'e30=', '4000000000', 0, -1, 1, 4e9, 1e300, 0.5, true, null),
  fc.array(fc.string()),
  fc.dictionary(fc.string(), fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.record({ info: fc.jsonValue(), override }))),
  override,
)
const claims = fc.dictionary(name, value)
const signed = fc
  .tuple(fc.constantFrom('HS256', 'HS384', 'HS512'), claims)
  .map(([alg, payload]) => makeToken({ alg }, payload, alg, secret))
const signedByPair = claims.map((payload) => makeToken({ alg: 'ES256' }, payload, 'ES256', privateKey))
const part = fc.oneof(
  fc.json({ maxDepth: 3 }).map(encodePart),
  fc.string({ unit: 'binary' }).map(encodePart),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('HS256', 'RS256', 'PS512', 'ES256', 'EdDSA', 'none').map((alg) => encodePart({ alg })),
  fc
    .dictionary(fc.constantFrom('alg', 'kid', 'crit', 'jwk', 'b64', 'typ', '__proto__'), fc.jsonValue())
    .map(encodePart),
)
const noise = fc.array(part, { maxLength: 5 }).map((list) => list.join('.'))
const mutated = fc
  .tuple(signed, fc.nat(), fc.string({ maxLength: 3 }), fc.nat(4))
  .map(([token, at, text, cut]) => token.slice(0, at % token.length) + text + token.slice((at % token.length) + cut))
const token = fc.oneof({ weight: 4, arbitrary: signed }, noise, mutated, signedByPair)

test('whatever is sent as a token', { timeout }, async () => {
  const seen = { claims: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(token, async (text) => {
      for (const tokens of [plain, strict]) {
        seen[await outcome(() => tokens.connection(text))]++
        seen[await outcome(() => tokens.subscription(text))]++
      }
    }),
    { numRuns: runs },
  )
  // Neither a wall nor an open door.
  expect(seen.claims).toBeGreaterThan(runs / 10)
  expect(seen.refused).toBeGreaterThan(runs)
  expect(({} as { sub?: unknown }).sub).toBeUndefined()
})

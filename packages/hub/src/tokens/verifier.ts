/** Whether a token is whose it says: its signature, its issuer and its audience. Times come later. */
import { checkClaims, decodeToken, TokenError, verifyHmac, type DecodedToken } from '@backchannel/protocol/token'
import { compactVerify, type JWK } from 'jose'
import type { Clock } from '../clock.ts'
import type { CheckedConfig } from '../config/config.ts'
import type { Logger } from '../logger.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import { compileRegex, type Regex } from '../config/regex.ts'
import type { Deadlines } from '../say/deadlines.ts'
import { fetchKeys } from './fetch-keys.ts'
import { hasPlaceholders, resolveKeyEndpoint } from './key-endpoint.ts'
import { KeySet } from './key-set.ts'
import { parsePublicKey, rsaAlgorithms, type PublicKey } from './public-key.ts'

export type TokenConfig = CheckedConfig['client']['token']

type Claims = Record<string, unknown>

export interface VerifierParts {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly logger: Logger
  /** Takes a token's word for everything. */
  readonly skipsSignature: boolean
}

const noGroups: ReadonlyMap<string, string> = new Map()

/** Sets of keys at once, where the tokens' values are not bound to a list. */
const maxKeySets = 100
/** Characters of an issuer or audience, and audiences: a regular expression sees them before anything is verified. */
const maxMatchedLength = 1024
const maxAudiences = 100

/** The keys of one configuration. Tokens signed by HMAC are verified at once, others later. */
export class Verifier {
  readonly #config: TokenConfig
  readonly #parts: VerifierParts
  readonly #publicKeys: readonly PublicKey[]
  readonly #issuer: Regex | undefined
  readonly #audience: Regex | undefined
  readonly #keySets = new Map<string, KeySet>()

  constructor(config: TokenConfig, parts: VerifierParts) {
    this.#config = config
    this.#parts = parts
    this.#publicKeys = [
      ...(config.rsa_public_key === '' ? [] : [parsePublicKey(config.rsa_public_key, 'rsa')]),
      ...(config.ecdsa_public_key === '' ? [] : [parsePublicKey(config.ecdsa_public_key, 'ec')]),
    ]
    this.#issuer = config.issuer_regex === '' ? undefined : compileRegex(config.issuer_regex)
    this.#audience = config.audience_regex === '' ? undefined : compileRegex(config.audience_regex)
  }

  /** The claims of a token; their times are still to be checked. @throws TokenError */
  verify(token: string): MaybePromise<Claims> {
    return chain(this.#signed(token), (claims) => {
      checkClaims(claims)
      this.#checkIssuerAndAudience(claims)
      return claims
    })
  }

  #signed(token: string): MaybePromise<Claims> {
    if (this.#parts.skipsSignature) return decodeToken(token).claims
    if (this.#config.jwks_public_endpoint !== '') return this.#signedBySetKey(token)
    if (this.#publicKeys.length === 0) return this.#signedByHmac(token)
    const decoded = decodeToken(token)
    if (decoded.algorithm.startsWith('HS')) return this.#signedByHmac(token)
    const key = this.#publicKeys.find(({ algorithms }) => algorithms.includes(decoded.algorithm))
    if (!key) throw unusableAlgorithm(decoded)
    return signedBy(token, decoded, key.key)
  }

  #signedByHmac(token: string): Claims {
    const { hmac_secret_key: key, hmac_previous_secret_key: previous } = this.#config
    try {
      return verifyHmac(token, key)
    } catch (error) {
      if (previous === '' || !this.#isPreviousValid()) throw error
      return verifyHmac(token, previous)
    }
  }

  #isPreviousValid(): boolean {
    const { hmac_previous_secret_key_valid_until: until } = this.#config
    return until === 0 || Math.floor(this.#parts.clock.now() / 1000) <= until
  }

  #signedBySetKey(token: string): MaybePromise<Claims> {
    const decoded = decodeToken(token)
    // Before anybody is asked for keys: what no key could be for.
    if (!algorithmsOfSets.has(decoded.algorithm)) throw unusableAlgorithm(decoded)
    if (decoded.keyId === '') throw new TokenError('invalid', 'the token names no key (kid)')
    const keySet = this.#keySet(this.#endpointFor(decoded.claims))
    return chain(keySet.find(decoded.keyId), (key) => {
      if (!key) throw new TokenError('invalid', 'the token names a key (kid) that is not known')
      if (!algorithmsOf(key).includes(decoded.algorithm)) throw unusableAlgorithm(decoded)
      return signedBy(token, decoded, key)
    })
  }

  #endpointFor(claims: Claims): string {
    const { jwks_public_endpoint: endpoint } = this.#config
    if (!hasPlaceholders(endpoint)) return endpoint
    checkClaims(claims)
    const groups = new Map([...this.#issuerGroups(claims), ...this.#audienceGroups(claims)])
    try {
      return resolveKeyEndpoint(endpoint, groups)
    } catch (error) {
      throw invalid(error)
    }
  }

  #keySet(url: string): KeySet {
    const known = this.#keySets.get(url)
    if (known) return known
    const { clock, deadlines, logger } = this.#parts
    const keySet = new KeySet(
      clock,
      deadlines,
      () => fetchKeys(url, deadlines),
      (error) => logger.warn({ err: error, url }, 'hub: the keys of tokens could not be fetched'),
    )
    const [oldest] = this.#keySets.keys()
    if (this.#keySets.size >= maxKeySets && oldest !== undefined) this.#keySets.delete(oldest)
    this.#keySets.set(url, keySet)
    return keySet
  }

  #checkIssuerAndAudience(claims: Claims): void {
    const { issuer, audience } = this.#config
    if (issuer !== '' && claims['iss'] !== issuer) throw new TokenError('invalid', 'another issuer was expected')
    if (audience !== '' && !audiencesOf(claims).includes(audience)) {
      throw new TokenError('invalid', 'another audience was expected')
    }
    this.#issuerGroups(claims)
    this.#audienceGroups(claims)
  }

  /** @throws TokenError when the issuer is another than the pattern wants */
  #issuerGroups(claims: Claims): ReadonlyMap<string, string> {
    if (!this.#issuer) return noGroups
    const groups = match(this.#issuer, (claims['iss'] ?? '') as string)
    if (!groups) throw new TokenError('invalid', 'another issuer was expected')
    return groups
  }

  /** Of the first audience that matches. @throws TokenError when none does */
  #audienceGroups(claims: Claims): ReadonlyMap<string, string> {
    if (!this.#audience) return noGroups
    for (const audience of audiencesOf(claims).slice(0, maxAudiences)) {
      const groups = match(this.#audience, audience)
      if (groups) return groups
    }
    throw new TokenError('invalid', 'another audience was expected')
  }
}

function match(regex: Regex, text: string): ReadonlyMap<string, string> | undefined {
  return text.length > maxMatchedLength ? undefined : regex.groups(text)
}

/** @param claims checked */
function audiencesOf(claims: Claims): readonly string[] {
  const { aud = [] } = claims as { aud?: string | string[] }
  return Array.isArray(aud) ? aud : [aud]
}

/** EdDSA is the older name of Ed25519. */
const okpAlgorithms: readonly string[] = ['EdDSA', 'Ed25519']
const ecAlgorithms: ReadonlyMap<unknown, string> = new Map([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
])
const algorithmsOfSets: ReadonlySet<string> = new Set([...rsaAlgorithms, ...ecAlgorithms.values(), ...okpAlgorithms])

/** What a key of a set may verify: by its own word (`alg`), and never what is of another kind. */
function algorithmsOf({ kty, crv, alg }: JWK): readonly string[] {
  const ec = kty === 'EC' ? ecAlgorithms.get(crv) : undefined
  const byKind = kty === 'RSA' ? rsaAlgorithms : kty === 'OKP' && crv === 'Ed25519' ? okpAlgorithms : ec ? [ec] : []
  if (alg === undefined || (kty === 'OKP' && okpAlgorithms.includes(alg))) return byKind
  return byKind.filter((algorithm) => algorithm === alg)
}

async function signedBy(
  token: string,
  { algorithm, claims }: DecodedToken,
  key: PublicKey['key'] | JWK,
): Promise<Claims> {
  try {
    await compactVerify(token, key, { algorithms: [algorithm] })
  } catch (error) {
    throw invalid(error)
  }
  return claims
}

function invalid(error: unknown): TokenError {
  return new TokenError('invalid', error instanceof Error ? error.message : String(error))
}

function unusableAlgorithm({ algorithm }: DecodedToken): TokenError {
  return new TokenError('invalid', `no key is for the algorithm ${JSON.stringify(algorithm.slice(0, 20))}`)
}

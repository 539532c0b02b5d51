/** Public keys of the configuration: which algorithms each of them is for. */
import { createPublicKey, type KeyObject } from 'node:crypto'

export interface PublicKey {
  readonly key: KeyObject
  /** A token that names another algorithm is none of this key's, whatever it is signed with. */
  readonly algorithms: readonly string[]
}

export type PublicKeyKind = 'rsa' | 'ec'

/** By the curve's name in OpenSSL. */
const ecAlgorithms: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
])

export const rsaAlgorithms: readonly string[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

/** Less is not worth verifying, and jose does not. */
const minRsaBits = 2048

/**
 * @param pem a public key or a certificate
 * @throws Error which says what was expected
 */
export function parsePublicKey(pem: string, kind: PublicKeyKind): PublicKey {
  const expected = kind === 'rsa' ? 'an RSA public key in PEM' : 'an ECDSA public key in PEM'
  // Node would make a public key of it, and a private one has no business in a server that only verifies.
  if (pem.includes('PRIVATE KEY')) throw new Error(`expected ${expected}, got a private key`)
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch {
    throw new Error(`expected ${expected}`)
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type !== kind) throw new Error(`expected ${expected}, got one of type ${type}`)
  if (kind === 'rsa') {
    const bits = details?.modulusLength ?? 0
    if (bits < minRsaBits) throw new Error(`expected an RSA key of at least ${minRsaBits} bits, got one of ${bits}`)
    return { key, algorithms: rsaAlgorithms }
  }
  const algorithm = ecAlgorithms.get(details?.namedCurve ?? '')
  if (!algorithm) throw new Error('expected a key on the curve P-256, P-384 or P-521')
  return { key, algorithms: [algorithm] }
}

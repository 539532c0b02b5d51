/** Tokens by hand, of whatever shape, for tests of what takes them. */
import { constants, createHmac, sign, type KeyObject } from 'node:crypto'

export function encodePart(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

/** Any header, any payload, and the signature that `algorithm` makes of both. Text stands as it is, as JSON. */
export function makeToken(
  header: unknown,
  payload: unknown,
  algorithm: string,
  key: KeyObject | string | Uint8Array,
): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`
  return `${input}.${signature(input, algorithm, key).toString('base64url')}`
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

function signature(input: string, algorithm: string, key: KeyObject | string | Uint8Array): Buffer {
  const hash = `sha${algorithm.slice(2)}`
  if (algorithm.startsWith('HS')) return createHmac(hash, key).update(input).digest()
  const data = Buffer.from(input)
  const privateKey = key as KeyObject
  switch (algorithm.slice(0, 2)) {
    case 'RS':
      return sign(hash, data, privateKey)
    case 'PS':
      return sign(hash, data, { key: privateKey, ...pss })
    case 'ES':
      return sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    default:
      return sign(null, data, privateKey)
  }
}

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

function signature(input: string, algorithm: string, key: KeyObject | string | Uint8Array): Buffer {
  const hash = `sha${algorithm.slice(2)}`
  if (algorithm.startsWith('HS'))
    return createHmac(hash, key as string)
      .update(input)
      .digest()
  const data = Buffer.from(input)
  const privateKey = key as KeyObject
  if (algorithm.startsWith('RS')) return sign(hash, data, privateKey)
  if (algorithm.startsWith('PS')) {
    const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    return sign(hash, data, { key: privateKey, ...padding })
  }
  if (algorithm.startsWith('ES')) return sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return sign(null, data, privateKey)
}

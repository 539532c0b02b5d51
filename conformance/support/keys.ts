import { type KeyObject, createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto'

/** Key pairs of this run: the configuration gets the public halves, the scripts sign with the private ones. */
const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  otherRsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  otherP256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: generateKeyPairSync('ed25519'),
}

export type KeyName = keyof typeof pairs

export const publicPem = (name: KeyName): string =>
  pairs[name].publicKey.export({ type: 'spki', format: 'pem' }).toString()

/** One key of a JSON Web Key Set. */
export const publicJwk = (name: KeyName, more: Record<string, string> = {}): object => ({
  ...pairs[name].publicKey.export({ format: 'jwk' }),
  kid: name,
  ...more,
})

const hashOf = (alg: string): string => `sha${alg.slice(-3)}`

/** A signature by a private key, as the algorithm of the token's header wants it. */
export function signBy(name: KeyName, alg: string, signed: string): Buffer {
  const key: KeyObject = pairs[name].privateKey
  const data = Buffer.from(signed)
  if (alg === 'EdDSA') return signWith(null, data, key)
  if (alg.startsWith('PS')) return signWith(hashOf(alg), data, { key, padding: 6, saltLength: -1 })
  if (alg.startsWith('ES')) return signWith(hashOf(alg), data, { key, dsaEncoding: 'ieee-p1363' })
  if (alg.startsWith('HS')) return createHmac(hashOf(alg), publicPem(name)).update(data).digest()
  return signWith(hashOf(alg), data, key)
}

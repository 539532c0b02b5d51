import { createHmac } from 'node:crypto'

import { type KeyName, signBy } from './keys.ts'

/** Claims of a token; anything, for a suite that also sends wrong ones. */
export type Claims = Readonly<Record<string, unknown>>

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

export interface Signing {
  key: string
  header?: Claims
  /** Signs with this private key, as the header's `alg` says. */
  by?: KeyName
}

/**
 * An HS256 token, or one by a private key; written out here on purpose: the suite must not share code with the server
 * it judges.
 * `header` replaces the usual one; with `alg: "none"` there is no signature.
 */
export function signToken(claims: Claims, { key, header = { alg: 'HS256', typ: 'JWT' }, by }: Signing): string {
  const signed = `${base64url(header)}.${base64url(claims)}`
  if (header.alg === 'none') return `${signed}.`
  if (by !== undefined) return `${signed}.${signBy(by, String(header.alg), signed).toString('base64url')}`
  const hash = header.alg === 'HS512' ? 'sha512' : header.alg === 'HS384' ? 'sha384' : 'sha256'
  return `${signed}.${createHmac(hash, key).update(signed).digest('base64url')}`
}

/** Unix seconds, `seconds` from now. */
export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

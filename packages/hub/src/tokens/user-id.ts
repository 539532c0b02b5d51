/** The user of a token, where another claim than `sub` holds it. */
import { rawMember } from '@backchannel/protocol'

/**
 * The names on the way to a claim: `a.b` is `b` of `a`, `a\\.b` is one name.
 * @throws Error for what stands for more than one claim
 */
export function claimPath(text: string): readonly string[] {
  if (/[*?#|@!{}[\]()]/.test(text)) throw new Error('expected the name of a claim, or names with dots between them')
  const names = text.split(/(?<!\\)\./).map((name) => name.replaceAll(/\\(.)/g, '$1'))
  if (names.includes('')) throw new Error('expected names with single dots between them')
  return names
}

/** The claim as text: JSON as it is written, but for strings. Empty for none. @param payload the token's, as JSON */
export function readUserId(payload: string, path: readonly string[]): string {
  const raw = rawMember(payload, ...path)
  if (raw === undefined || raw === 'null') return ''
  return raw.startsWith('"') ? (JSON.parse(raw) as string) : raw
}

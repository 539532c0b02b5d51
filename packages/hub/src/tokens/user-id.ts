/** The user of a token, where another claim than `sub` holds it. */
import { rawMember } from '@backchannel/protocol'

/** The claim as text: JSON as it is written, but for strings. Empty for none. @param payload the token's, as JSON */
export function readUserId(payload: string, claim: string): string {
  const raw = rawMember(payload, claim)
  if (raw === undefined || raw === 'null') return ''
  return raw.startsWith('"') ? (JSON.parse(raw) as string) : raw
}

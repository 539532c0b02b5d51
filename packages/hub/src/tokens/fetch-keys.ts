import type { JWK } from 'jose'
import type { Deadlines } from '../say/deadlines.ts'

/** As Centrifugo's: a second for an answer, and one more try. */
const timeoutMs = 1000
const tries = 2
/** A set of keys has some kilobytes. */
const maxBytes = 1024 * 1024

/** What is known of the keys at one place, by their id. */
export type Keys = ReadonlyMap<string, JWK>

/**
 * Gets a JSON Web Key Set. Redirects are not followed: where keys come from is the configuration's to say.
 * @throws Error
 */
export async function fetchKeys(url: string, deadlines: Deadlines): Promise<Keys> {
  for (let attempt = 1; ; attempt++) {
    try {
      return parseKeys(await get(url, deadlines))
    } catch (error) {
      if (attempt === tries) throw error
    }
  }
}

async function get(url: string, deadlines: Deadlines): Promise<string> {
  const aborting = new AbortController()
  const cancel = deadlines.set(timeoutMs, () => aborting.abort(new Error(`no answer within ${timeoutMs} ms`)))
  try {
    const headers = { accept: 'application/jwk-set+json, application/json' }
    const response = await fetch(url, { headers, redirect: 'manual', signal: aborting.signal })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Error(`answered with status ${response.status}`)
    }
    return await readText(response)
  } finally {
    cancel()
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop ends the transfer.
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    if (length > maxBytes) throw new Error(`answered with more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseKeys(text: string): Keys {
  const set = JSON.parse(text) as { keys?: unknown } | null
  if (!Array.isArray(set?.keys)) throw new Error('answered with something that is no set of keys')
  const keys = new Map<string, JWK>()
  for (const key of set.keys as unknown[]) {
    if (isVerifyingKey(key)) keys.set(key.kid, key)
  }
  return keys
}

/** Secrets and private keys have no business there, and keys for encryption verify nothing. */
function isVerifyingKey(key: unknown): key is JWK & { kid: string } {
  if (typeof key !== 'object' || key === null) return false
  const { kty, kid, use, d } = key as Partial<Record<string, unknown>>
  const isOfUse = use === undefined || use === 'sig'
  return (
    ['RSA', 'EC', 'OKP'].includes(kty as string) && typeof kid === 'string' && kid !== '' && isOfUse && d === undefined
  )
}

/**
 * The app's secret and what is derived from it. Nothing derived is stored as truth: the same secret gives the same keys
 * after a restart, so a tab that was left open comes back with the token it has.
 */
import { hkdfSync, randomBytes } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export interface Secrets {
  /** Signs session cookies. */
  readonly auth: string
  /** Signs the hub's connection and subscription tokens. */
  readonly hubTokenKey: string
  /** Opens the hub's HTTP API. */
  readonly hubApiKey: string
}

export function deriveSecrets(secret: string): Secrets {
  const derive = (purpose: string) =>
    Buffer.from(hkdfSync('sha256', secret, 'backchannel-sandbox', purpose, 32)).toString('base64url')
  return { auth: derive('auth'), hubTokenKey: derive('hub token key'), hubApiKey: derive('hub api key') }
}

/** The secret that is kept in the data folder, made when there is none. Two processes that start at once agree. */
export function localSecret(dataDir: string): string {
  const file = path.join(dataDir, 'secret')
  const found = readIfThere(file)
  if (found !== undefined) return found

  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600 })
  try {
    // A link appears whole or not at all, and never replaces: whoever comes second reads the first one's.
    linkSync(draft, file)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  } finally {
    rmSync(draft)
  }
  return readFileSync(file, 'utf8')
}

/** Puts the hub's API key where its owner can read it from a shell. Returns the file's path. */
export function writeHubApiKey(dataDir: string, key: string): string {
  const file = path.join(dataDir, 'hub-api-key')
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  writeFileSync(file, key, { mode: 0o600 })
  // The mode above counts for a new file only.
  chmodSync(file, 0o600)
  return file
}

function readIfThere(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim()
    if (text.length < 32) throw new Error(`${file} does not hold a secret. Delete it to get a new one.`)
    return text
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deriveSecrets, localSecret, writeHubApiKey } from './secrets.ts'

let dataDir: string
beforeEach(() => {
  dataDir = path.join(mkdtempSync(path.join(tmpdir(), 'sandbox-secrets-')), 'data')
})
afterEach(() => rmSync(path.dirname(dataDir), { recursive: true }))

const modeOf = (file: string) => statSync(file).mode & 0o777

describe('derived secrets', () => {
  test('are the same for the same secret, so that they outlive a restart', () => {
    expect(deriveSecrets('a'.repeat(32))).toEqual(deriveSecrets('a'.repeat(32)))
  })

  test('differ from each other, from the secret, and for another secret', () => {
    const secret = 'a'.repeat(32)
    const all = [...Object.values(deriveSecrets(secret)), ...Object.values(deriveSecrets('b'.repeat(32))), secret]
    expect(new Set(all).size).toBe(7)
    for (const value of all.slice(0, 6)) expect(value).toMatch(/^[\w-]{43}$/)
  })
})

describe('the local secret', () => {
  test('is made once, long, and for the owner alone', () => {
    const secret = localSecret(dataDir)
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(localSecret(dataDir)).toBe(secret)
    expect(modeOf(path.join(dataDir, 'secret'))).toBe(0o600)
    expect(modeOf(dataDir)).toBe(0o700)
  })

  test('a damaged file is an error and is not replaced', () => {
    localSecret(dataDir)
    writeFileSync(path.join(dataDir, 'secret'), 'cut')
    expect(() => localSecret(dataDir)).toThrow(/does not hold a secret/)
  })
})

test('the API key’s file is for the owner alone, also when it was there before', () => {
  localSecret(dataDir)
  const file = path.join(dataDir, 'hub-api-key')
  writeFileSync(file, 'old', { mode: 0o644 })
  expect(writeHubApiKey(dataDir, 'new')).toBe(file)
  expect(modeOf(file)).toBe(0o600)
})

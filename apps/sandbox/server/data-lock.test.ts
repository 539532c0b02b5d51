import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DataFolderInUse, lockDataFolder } from './data-lock.ts'

let dataDir: string
let owner: ChildProcess | undefined
const lost = (reason: string) => {
  throw new Error(reason)
}

beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'sandbox-lock-'))
})
afterEach(() => {
  owner?.kill('SIGKILL')
  owner = undefined
  rmSync(dataDir, { recursive: true })
})

/** A process that locks the folder and then runs `then`. */
async function startOwner(then: string): Promise<ChildProcess> {
  const lockModule = JSON.stringify(new URL('./data-lock.ts', import.meta.url).href)
  const script = `
    const { lockDataFolder } = await import(${lockModule})
    await lockDataFolder(${JSON.stringify(dataDir)}, () => process.exit(9))
    console.log('locked')
    ${then}`
  owner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (owner.stdout) await once(owner.stdout, 'data')
  return owner
}

describe('the data folder’s lock', () => {
  test('one owner at a time, and the next one once it is released', async () => {
    const release = await lockDataFolder(dataDir, lost)
    await expect(lockDataFolder(dataDir, lost)).rejects.toThrow(DataFolderInUse)
    await release()
    const releaseAgain = await lockDataFolder(dataDir, lost)
    await releaseAgain()
  })

  test('an owner whose main thread is busy for long still holds it', async () => {
    const busy = await startOwner('for (;;) {}')
    // Longer than a lock may go without a sign of life.
    await new Promise((resolve) => setTimeout(resolve, 9_000))
    await expect(lockDataFolder(dataDir, lost)).rejects.toThrow(dataDir)
    expect(busy.exitCode).toBeNull()
  }, 30_000)

  test('the lock of a killed process is taken over', async () => {
    const killed = await startOwner('setInterval(() => {}, 1000)')
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    const release = await lockDataFolder(dataDir, lost)
    await release()
  }, 30_000)

  test('a process that ends by itself leaves no lock to wait for', async () => {
    const ending = await startOwner('process.exit(0)')
    if (ending.exitCode === null) await once(ending, 'exit')
    let waited = false
    const timer = setTimeout(() => (waited = true), 4_000)
    const release = await lockDataFolder(dataDir, lost)
    clearTimeout(timer)
    await release()
    expect(waited).toBe(false)
  })
})

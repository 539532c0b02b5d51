/**
 * One process per data folder. PGlite does not lock its folder: a second process opens the same files, and what one of
 * them commits is silently lost.
 *
 * The lock lives in a thread of its own (`data-lock-thread.ts`): its sign of life must not stop while PGlite keeps this
 * thread busy, which it does for seconds when it makes a new database.
 */
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { Worker } from 'node:worker_threads'

export class DataFolderInUse extends Error {
  override name = 'DataFolderInUse'
}

export interface LockThreadInput {
  readonly dataDir: string
  readonly lockPath: string
}

export type LockThreadReport =
  | { readonly type: 'locked' | 'in-use' }
  | { readonly type: 'failed' | 'lost'; readonly reason: string }

/**
 * Locks the folder, made if need be. A lock that a killed process left behind is taken over as soon as it is certain
 * that nobody renews it.
 * @param onLost called when somebody else has taken the lock, which happens when this process was stopped for long.
 * @returns releases the lock.
 * @throws DataFolderInUse when its owner is alive.
 */
export async function lockDataFolder(dataDir: string, onLost: (reason: string) => void): Promise<() => Promise<void>> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const lockPath = path.join(dataDir, 'lock')
  const input: LockThreadInput = { dataDir, lockPath }
  const thread = new Worker(new URL('./data-lock-thread.ts', import.meta.url), {
    workerData: input,
    // It needs none of this process's flags, and some would not fit it.
    execArgv: [],
  })
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()))

  await new Promise<void>((resolve, reject) => {
    thread.once('error', reject)
    thread.on('message', (report: LockThreadReport) => {
      switch (report.type) {
        case 'locked':
          return resolve()
        case 'in-use':
          return reject(
            new DataFolderInUse(
              `Another process uses the data folder ${dataDir}. Stop it, or set DATA_DIR to another folder.`,
            ),
          )
        case 'failed':
          return reject(new Error(`The data folder ${dataDir} could not be locked: ${report.reason}`))
        case 'lost':
          return onLost(report.reason)
      }
    })
  })

  // The thread gets no chance to tidy up when the process exits by itself.
  const removeLock = () => rmSync(lockPath, { recursive: true, force: true })
  process.once('exit', removeLock)
  return async () => {
    thread.postMessage('release')
    await ended
    process.removeListener('exit', removeLock)
  }
}

/** The thread that holds the data folder's lock and renews it. */
import { statSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import lockfile from 'proper-lockfile'
import type { LockThreadInput, LockThreadReport } from './data-lock.ts'

/** Milliseconds. An owner renews every second; who has not for eight is dead. */
const renewEvery = 1_000
const stale = 8_000
const lookEvery = 250

const { dataDir, lockPath } = workerData as LockThreadInput
const port = parentPort
if (port === null) throw new Error('data-lock-thread.ts runs as a thread')
const report = (message: LockThreadReport) => port.postMessage(message)

let firstSeen: number | undefined
for (;;) {
  try {
    const release = await lockfile.lock(dataDir, {
      lockfilePath: lockPath,
      stale,
      update: renewEvery,
      onCompromised: (error) => report({ type: 'lost', reason: error.message }),
    })
    report({ type: 'locked' })
    port.once('message', () => {
      void release()
        .catch((error: unknown) => report({ type: 'failed', reason: String(error) }))
        .finally(() => port.close())
    })
    break
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ELOCKED')) {
      report({ type: 'failed', reason: String(error) })
      break
    }
    const renewedAt = statSync(lockPath, { throwIfNoEntry: false })?.mtimeMs
    firstSeen ??= renewedAt
    if (renewedAt !== undefined && renewedAt !== firstSeen) {
      report({ type: 'in-use' })
      break
    }
    await new Promise((resolve) => setTimeout(resolve, lookEvery))
  }
}

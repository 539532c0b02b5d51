import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test, vi } from 'vitest'

/** A process that watches over a sleeping one, as a launcher does over its server. */
const launcher = `
import { spawn } from 'node:child_process'
import { startGuard } from ${JSON.stringify(join(import.meta.dirname, 'guard.ts'))}
const guard = startGuard('KILL', process.argv[1])
const server = spawn('sleep', ['600'], { detached: true })
guard.watch(server.pid)
console.log(server.pid)
`

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a launcher that is killed takes its server and its directory with it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'backchannel-guard-'))
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', launcher, directory])
  const [output] = await once(parent.stdout, 'data')
  const pid = Number(String(output))
  expect(isAlive(pid)).toBe(true)
  parent.kill('SIGKILL')
  await vi.waitFor(() => expect([isAlive(pid), existsSync(directory)]).toEqual([false, false]), { timeout: 10_000 })
})

// Builds the packages into their dist folders, each after those it imports.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)

for (const name of ['protocol', 'hub', 'realtime', 'cache', 'outbox', 'cli', 'collab']) {
  const folder = join(root, 'packages', name)
  // What an earlier build left behind would be published too.
  rmSync(join(folder, 'dist'), { recursive: true, force: true })
  const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(1)
}

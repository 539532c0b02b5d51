// Builds the sandbox for `npm start` when its build is missing or older than what it was made of.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
const stampFile = join(root, 'apps/sandbox/dist/.sources')
const sources = [
  'package-lock.json',
  'tsconfig.base.json',
  'packages/*/package.json',
  'packages/*/src/**',
  'apps/sandbox/{package.json,tsconfig.json,vite.config.ts}',
  'apps/sandbox/{src,public}/**',
]

/** One line per file, so that a deleted one counts as well. */
function fingerprint(): string {
  const hash = createHash('sha256')
  for (const file of globSync(sources, { cwd: root }).toSorted()) {
    const { size, mtimeMs } = statSync(join(root, file))
    hash.update(`${file} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

const before = fingerprint()
if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== before) {
  console.log('Building the sandbox.')
  const build = spawnSync('npm', ['run', '--silent', 'build', '-w', 'apps/sandbox'], {
    cwd: root,
    // Without the build's progress: what it says matters only when it fails.
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (build.status !== 0) {
    process.stdout.write(build.stdout)
    console.error('The sandbox could not be built; the messages are above.')
    process.exit(1)
  }
  // A source may change while the build runs: the stamp stands for what it began with.
  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, before)
}

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { lock } from 'proper-lockfile'

import { type Availability, findProgram, isExecutable } from './availability.ts'

const run = promisify(execFile)
const moduleFolder = dirname(import.meta.dirname)
const packagePath = 'github.com/centrifugal/centrifugo/v5'

/**
 * The Centrifugo to run: CENTRIFUGO_BINARY, else the version that go.mod pins, built once and kept in `.cache`.
 * The first build downloads its modules and takes a minute or two.
 * @throws Error when there is neither such a file nor Go, or when the build fails
 */
export async function centrifugoBinary(): Promise<string> {
  const chosen = process.env['CENTRIFUGO_BINARY']
  if (chosen !== undefined && chosen !== '') {
    if (!isExecutable(chosen)) throw new Error(`CENTRIFUGO_BINARY=${chosen} is not an executable file`)
    return chosen
  }
  const go = findProgram(['go'], ['/usr/local/go/bin'])
  if (go === undefined) throw new Error('Centrifugo needs Go to be built (install `go`, or set CENTRIFUGO_BINARY)')
  const file = join(moduleFolder, '.cache', `centrifugo-${await cacheKey(go)}`)
  if (!isExecutable(file)) await build(go, file)
  return file
}

export async function centrifugoAvailable(): Promise<Availability> {
  try {
    await centrifugoBinary()
    return { ok: true }
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) }
  }
}

/** v6 prints its defaults on request, v5 can't. A build by Go reports version 0.0.0, so that can't be asked. */
export async function centrifugoMajorVersion(binary: string): Promise<5 | 6> {
  const { stdout } = await run(binary, ['--help'])
  return /^\s+defaultconfig\b/m.test(stdout) ? 6 : 5
}

async function cacheKey(go: string): Promise<string> {
  const { stdout } = await run(go, ['version'])
  const hash = createHash('sha256').update(stdout)
  for (const name of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleFolder, name)))
  return hash.digest('hex').slice(0, 16)
}

/** Test files run in parallel processes: one builds, the others wait for it. */
async function build(go: string, file: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true })
  const release = await lock(file, { realpath: false, retries: { retries: 1200, factor: 1, minTimeout: 500 } })
  try {
    if (isExecutable(file)) return
    console.error('Building Centrifugo, once; this takes a minute or two.')
    const unfinished = `${file}.tmp`
    await run(go, ['build', '-o', unfinished, packagePath], {
      cwd: moduleFolder,
      env: { ...process.env, CGO_ENABLED: '0' },
    })
    renameSync(unfinished, file)
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    throw new Error(`Centrifugo could not be built: ${output.split('\n').at(-1)}`, { cause: error })
  } finally {
    await release()
  }
}

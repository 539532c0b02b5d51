import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const installed = '/usr/local/go/bin/go'
/** The Go tool: from PATH, else where Go's own installer puts it. */
export const goProgram = !isInPath('go') && existsSync(installed) ? installed : 'go'

function isInPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)))
}

const sourceOf = (name: string): string => fileURLToPath(new URL(`../${name}/`, import.meta.url))

/** Go's own version; undefined when there is no Go here. */
export async function goVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run(goProgram, ['env', 'GOVERSION'], { cwd: sourceOf('loadgen') })
    return stdout.trim().replace('go', '')
  } catch {
    return undefined
  }
}

/** Why Go programs can't run here; undefined when they can. */
export async function missingForGo(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'the benchmark needs Linux: epoll, and CPU times from /proc'
  if ((await goVersion()) === undefined) return 'the load generator is a Go program, and Go is not installed'
  return undefined
}

/** Builds a program of this folder unless this very source has been built before; gives its file. */
export async function buildGoProgram(name: 'loadgen' | 'floor'): Promise<string> {
  const source = sourceOf(name)
  const hash = createHash('sha256').update((await goVersion()) ?? '')
  for (const file of readdirSync(source).sort()) hash.update(file).update(readFileSync(source + file))
  const program = fileURLToPath(new URL(`../.cache/${name}-${hash.digest('hex').slice(0, 16)}`, import.meta.url))
  if (existsSync(program)) return program
  mkdirSync(dirname(program), { recursive: true })
  const unfinished = `${program}.${process.pid}`
  await run(goProgram, ['build', '-o', unfinished, '.'], { cwd: source, env: { ...process.env, GOWORK: 'off' } })
  renameSync(unfinished, program)
  return program
}

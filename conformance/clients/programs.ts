/** The official clients of other languages as programs, made on first use and kept in `.cache`. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { findProgram, isExecutable, servicesAreRequired } from '@backchannel/servers'

const run = promisify(execFile)

/** What to start. */
interface Program {
  readonly file: string
  readonly args: readonly string[]
}

/** How to start a client, and options for vitest's `describe`: a skip with the reason where it can't be made. */
export interface Client {
  readonly options: { skip?: boolean; meta?: { skipReason: string } }
  command(args: readonly string[]): readonly [string, readonly string[]]
}

/** @throws Error where it can't be made and services are required */
export async function client(language: 'go' | 'python'): Promise<Client> {
  try {
    const { file, args: first } = await (language === 'go' ? makeGo() : makePython())
    return { options: {}, command: (args) => [file, [...first, ...args]] }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${reason}`, { cause: error })
    const command = (): never => {
      throw new Error(reason, { cause: error })
    }
    return { options: { skip: true, meta: { skipReason: reason } }, command }
  }
}

/** A virtual environment with the pinned packages. */
async function makePython(): Promise<Program> {
  const python = findProgram(['python3'])
  if (python === undefined) throw new Error('the Python client needs Python 3.10 or newer (install `python3`)')
  const { stdout } = await run(python, ['--version'])
  const source = join(import.meta.dirname, 'python')
  const requirements = join(source, 'requirements.txt')
  const folder = cached('python', stdout, [requirements])
  const program = { file: join(folder, 'bin/python'), args: [join(source, 'client.py')] }
  const done = join(folder, 'complete')
  if (existsSync(done)) return program
  // What was begun and not finished may hold anything.
  rmSync(folder, { recursive: true, force: true })
  await step('the Python client needs the module venv (install `python3-venv`)', python, ['-m', 'venv', folder])
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', requirements]
  await step('the Python client could not be installed', program.file, pip)
  writeFileSync(done, '')
  return program
}

async function makeGo(): Promise<Program> {
  const go = findProgram(['go'], ['/usr/local/go/bin'])
  if (go === undefined) throw new Error('the Go client needs Go to be built (install `go`)')
  const { stdout } = await run(go, ['version'])
  const source = join(import.meta.dirname, 'go')
  const file = cached(
    'go',
    stdout,
    ['go.mod', 'go.sum', 'main.go'].map((name) => join(source, name)),
  )
  if (isExecutable(file)) return { file, args: [] }
  await step('the Go client could not be built', go, ['build', '-o', `${file}.tmp`, '.'], source)
  renameSync(`${file}.tmp`, file)
  return { file, args: [] }
}

/** Another version of the language or of what is installed is another file. */
function cached(name: string, version: string, files: readonly string[]): string {
  const hash = createHash('sha256').update(version)
  for (const file of files) hash.update(readFileSync(file))
  const folder = join(import.meta.dirname, '.cache')
  mkdirSync(folder, { recursive: true })
  return join(folder, `${name}-${hash.digest('hex').slice(0, 16)}`)
}

async function step(failure: string, file: string, args: readonly string[], cwd?: string): Promise<void> {
  try {
    const environment = { ...process.env, CGO_ENABLED: '0' }
    await run(file, args, { env: environment, timeout: 180_000, ...(cwd === undefined ? {} : { cwd }) })
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    throw new Error(`${failure}: ${output.split('\n').at(-1)}`, { cause: error })
  }
}

import { execFile } from 'node:child_process'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe } from 'vitest'
import { clientStory } from './client-story.ts'

const run = promisify(execFile)
const folder = join(import.meta.dirname, 'python')
const requirements = join(folder, 'requirements.txt')

/** Installs the library, once per version; why it can't, where it is the machine that lacks something. */
async function install(environment: string): Promise<string | undefined> {
  const installed = join(environment, 'installed')
  try {
    await access(installed)
    return undefined
  } catch {
    // Not yet.
  }
  const python = join(environment, 'bin', 'python')
  try {
    await run('python3', ['-m', 'venv', '--clear', environment], { timeout: 60_000 })
    await run(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements], { timeout: 180_000 })
    await run(python, ['-c', `open(${JSON.stringify(installed)}, 'w').close()`])
    return undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'Python 3 is not installed'
    const { message } = error as Error
    if (/ensurepip|venv/.test(message)) return "Python's venv is not installed"
    if (/connection|No matching distribution|resolution/i.test(message)) return "Python's packages can't be fetched"
    throw error
  }
}

const version = /centrifuge-python==(\S+)/.exec(await readFile(requirements, 'utf8'))?.[1] ?? 'unknown'
const environment = join(import.meta.dirname, '..', '..', '.cache', `centrifuge-python-${version}`)
const skipReason = await install(environment)
const options = skipReason === undefined ? {} : { skip: true, meta: { skipReason } }

describe('the official Python client', options, () => {
  clientStory((args) => [join(environment, 'bin', 'python'), [join(folder, 'client.py'), ...args]])
})

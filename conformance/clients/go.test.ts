import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe } from 'vitest'
import { clientStory } from './client-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'backchannel-go-'))
afterAll(() => rmSync(folder, { recursive: true }))
const binary = join(folder, 'client')

/** Builds the client; why it can't, where it is the machine that lacks something. */
async function build(): Promise<string | undefined> {
  const options = { cwd: join(import.meta.dirname, 'go'), timeout: 240_000 }
  try {
    await promisify(execFile)('go', ['build', '-o', binary, '.'], options)
    return undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'Go is not installed'
    const { message } = error as Error
    if (/dial tcp|no such host|module lookup disabled|Forbidden/.test(message)) return "Go's modules can't be fetched"
    throw error
  }
}

const skipReason = await build()
const options = skipReason === undefined ? {} : { skip: true, meta: { skipReason } }

describe('the official Go client', options, () => {
  clientStory((args) => [binary, args])
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'

import { startGuard } from '@backchannel/servers'

const endTimeout = 5000
const running = new Set<number>()

export interface ScriptResult {
  code: number | null
  /** Standard output and error, in the order they came. */
  output: string
}

export interface ScriptOptions {
  args?: string[]
  env?: NodeJS.ProcessEnv
  /** Milliseconds after which it is stopped, which is a failure. */
  timeout: number
  /** A temporary directory for what it writes, removed when this process ends. */
  directory: string
}

/** Runs an npm script to its end. */
export async function runScript(
  name: string,
  { args = [], env = {}, timeout, directory }: ScriptOptions,
): Promise<ScriptResult> {
  const guard = startGuard('TERM', directory)
  // A process group of its own: whatever the script starts is stopped with it.
  const child = spawn('npm', ['run', '--silent', name, ...(args.length > 0 ? ['--', ...args] : [])], {
    detached: true,
    env: { ...process.env, ...(process.stdout.isTTY && { FORCE_COLOR: '1' }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error('npm was not found in PATH')
  guard.watch(-pid)
  running.add(pid)
  let output = ''
  const collect = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const late = setTimeout(() => {
    output += `\nStopped after ${timeout / 1000} s.\n`
    stopGroup(pid)
  }, timeout)
  const [code] = await once(child, 'close')
  clearTimeout(late)
  running.delete(pid)
  guard.watch(undefined)
  // Some tools colour what they print in CI, terminal or not.
  return { code, output: process.stdout.isTTY ? output : stripVTControlCharacters(output) }
}

/** Asks everything that runs to end, and kills what is still there after five seconds. */
export function stopScripts(): void {
  for (const pid of running) stopGroup(pid)
}

function stopGroup(pid: number): void {
  signalGroup(pid, 'SIGTERM')
  setTimeout(() => signalGroup(pid, 'SIGKILL'), endTimeout).unref()
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}

/** The program as a user runs it: a process of its own, in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const bin = fileURLToPath(new URL('../../bin/backchannel.mjs', import.meta.url))

/** A folder that goes when the test does. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'backchannel-cli-'))

  /** Writes a file; what is no text becomes JSON. @returns its path */
  write(name: string, content: unknown): string {
    const file = join(this.path, name)
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export class Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''

  constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.ended = once(child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }))
  }

  /** The log so far. */
  get lines(): Record<string, unknown>[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1)
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** Resolves with the line once it is logged; fails when the process ends before that. */
  async logged(message: string): Promise<Record<string, unknown>> {
    for (;;) {
      const line = this.lines.find((candidate) => candidate['message'] === message)
      if (line) return line
      await this.nextOutput()
    }
  }

  /** Resolves when more was printed; fails when the process ends before that. */
  async nextOutput(): Promise<void> {
    const ended = this.ended.then(({ code, stderr }) => {
      throw new Error(`ended with ${code}: ${stderr}`)
    })
    await Promise.race([once(this.child.stdout ?? this.child, 'data'), ended])
  }

  /** Where clients connect: `127.0.0.1:<port>`. */
  async address(): Promise<string> {
    return String((await this.logged('listening'))['address'])
  }
}

/** Only what is given is in the environment, and the program's own Node on the path. */
export function start(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { PATH: process.env['PATH'], ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new Running(child)
}

export function run(args: readonly string[], options?: Parameters<typeof start>[1]): Promise<Ended> {
  return start(args, options).ended
}

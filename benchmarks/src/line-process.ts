import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const stopTimeout = 5000

/**
 * A child that speaks in lines and ends with its standard input. So it ends with us too, however we end: the kernel
 * closes the pipe.
 */
export class LineProcess {
  readonly pid: number
  readonly #name: string
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #lines: AsyncIterator<string>
  #errors = ''

  private constructor(name: string, child: ChildProcessByStdio<Writable, Readable, Readable>, pid: number) {
    this.pid = pid
    this.#name = name
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    child.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-10_000)
    })
    child.stdin.on('error', () => undefined)
  }

  /** @throws when the program can't be run at all */
  static async start(name: string, file: string, args: string[], env: NodeJS.ProcessEnv): Promise<LineProcess> {
    const child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
    await once(child, 'spawn')
    if (child.pid === undefined) throw new Error(`${name} has no process id`)
    return new LineProcess(name, child, child.pid)
  }

  send(value: unknown): void {
    this.#child.stdin.write(`${JSON.stringify(value)}\n`)
  }

  /** The next line as JSON. @throws when the child ends instead, with what it wrote to standard error */
  async receive(): Promise<unknown> {
    const { value, done } = await this.#lines.next()
    if (done !== true) return JSON.parse(value)
    await this.#exited()
    throw new Error(`${this.#name} ended (${this.#child.signalCode ?? this.#child.exitCode}): ${this.#errors.trim()}`)
  }

  /** Closes its standard input and waits for its end; after five seconds it is killed. May be called twice. */
  async stop(): Promise<void> {
    this.#child.stdin.end()
    const late = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeout)
    await this.#exited()
    clearTimeout(late)
  }

  async #exited(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
  }
}

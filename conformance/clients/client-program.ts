import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** What a program tells: an event, and what belongs to it. */
export interface Told {
  event: string
  [member: string]: unknown
}

/** A client in another language, as a process: a line in is a command, a line out is an event in JSON. */
export class ClientProgram {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #lines: AsyncIterator<string>
  #errors = ''

  constructor(command: string, args: readonly string[]) {
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()))
    // A program that has ended reads nothing more; `next` says so.
    this.#process.stdin.on('error', () => {})
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  say(...commands: readonly string[]): void {
    for (const command of commands) this.#process.stdin.write(`${command}\n`)
  }

  /** The next event there is; of one program they come in an order. */
  async next(): Promise<Told> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`the client has ended: ${this.#errors}`)
    return JSON.parse(value) as Told
  }

  /** Ends the client by the end of its input. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exit = once(this.#process, 'exit')
    this.#process.stdin.end()
    await exit
  }
}

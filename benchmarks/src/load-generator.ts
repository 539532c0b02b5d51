import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { LineProcess } from './line-process.ts'
import type { Call, RunningPeer } from './peers/peer.ts'

const run = promisify(execFile)
const source = fileURLToPath(new URL('../loadgen/', import.meta.url))

const installed = '/usr/local/go/bin/go'
/** The Go tool: from PATH, else where Go's own installer puts it. */
export const goProgram = !isInPath('go') && existsSync(installed) ? installed : 'go'

function isInPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)))
}

/** Go's own version; undefined when there is no Go here. */
export async function goVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run(goProgram, ['env', 'GOVERSION'], { cwd: source })
    return stdout.trim().replace('go', '')
  } catch {
    return undefined
  }
}

/** Why the load generator can't run here; undefined when it can. */
export async function missingForLoad(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'the benchmark needs Linux: epoll, and CPU times from /proc'
  if ((await goVersion()) === undefined) return 'the load generator is a Go program, and Go is not installed'
  return undefined
}

/** Builds the load generator unless this very source has been built before; gives the program's file. */
export async function buildLoadGenerator(): Promise<string> {
  const hash = createHash('sha256').update((await goVersion()) ?? '')
  for (const name of readdirSync(source).sort()) hash.update(name).update(readFileSync(source + name))
  const file = fileURLToPath(new URL(`../.cache/loadgen-${hash.digest('hex').slice(0, 16)}`, import.meta.url))
  if (existsSync(file)) return file
  mkdirSync(dirname(file), { recursive: true })
  const unfinished = `${file}.${process.pid}`
  await run(goProgram, ['build', '-o', unfinished, '.'], { cwd: source, env: { ...process.env, GOWORK: 'off' } })
  renameSync(unfinished, file)
  return file
}

export interface RunRequest {
  readonly call: Call
  /** Requests outstanding at once: sent, and not yet both answered and heard by every subscriber. */
  readonly window: number
  /** Requests per second at fixed times, whatever comes back (an open loop); 0 keeps the window full instead. */
  readonly rate: number
  /** How long requests are sent before and while it is measured, in seconds. */
  readonly warmUp: number
  readonly seconds: number
  readonly pids: readonly number[]
}

/** One measurement; times in seconds. */
export interface RunResult {
  readonly publications: number
  readonly deliveries: number
  readonly seconds: number
  readonly serverCpu: number
  readonly loadgenCpu: number
  /** Latency of a delivery in microseconds, counted from when its publication was due; in an open loop only. */
  readonly p50?: number
  readonly p99?: number
}

/** The subscribers and publishers of one peer: a process of its own, on a core of its own. */
export class LoadGenerator {
  readonly pid: number
  readonly #child: LineProcess

  private constructor(child: LineProcess) {
    this.#child = child
    this.pid = child.pid
  }

  /** Starts the program and waits until every subscriber is subscribed. */
  static async connect(
    [file, ...args]: readonly [string, ...string[]],
    peer: RunningPeer,
    channel: string,
    subscribers: number,
  ): Promise<LoadGenerator> {
    const child = await LineProcess.start('the load generator', file, args, process.env)
    const generator = new LoadGenerator(child)
    const { address, path, wire, tokenKey } = peer
    try {
      await generator.#ask({ connect: { address, path, wire, channel, tokenKey, subscribers } })
    } catch (error) {
      await child.stop()
      throw error
    }
    return generator
  }

  /** @throws when a publication was lost, repeated, or heard in different orders */
  async run(request: RunRequest): Promise<RunResult> {
    return (await this.#ask({ run: request })) as RunResult
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }

  async #ask(request: object): Promise<object> {
    this.#child.send(request)
    const answer = (await this.#child.receive()) as object
    if ('error' in answer) throw new Error(String(answer.error))
    return answer
  }
}

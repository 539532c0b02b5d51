import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { freePort } from './free-port.ts'
import { startGuard } from './guard.ts'

/** What every launcher gives back. The server listens on 127.0.0.1 and ends with the process that started it. */
export interface RunningServer {
  readonly port: number
  /** Undefined while the server is down. */
  readonly pid: number | undefined
  /** Everything the server printed so far (the last megabyte of it). */
  logs(): string
  /** Asks the server to end and waits for it; after ten seconds it is killed. May be called twice. */
  stop(): Promise<void>
  /** SIGKILL, as a crash. */
  kill(): Promise<void>
  /** Freezes it: its port still accepts, nothing is answered. Resolves when every thread of it stands still. */
  pause(): Promise<void>
  resume(): void
  /** Starts it again on the same port with the same configuration and data; stops it first when it runs. */
  restart(): Promise<void>
}

export interface ServerProgram {
  name: string
  /** Its own temporary directory, removed when this process ends. */
  directory: string
  command(port: number): { file: string; args: string[] }
  env: NodeJS.ProcessEnv
  /** Another system user to run as. */
  identity?: { uid: number; gid: number } | undefined
  /** The signal that asks for a clean end. */
  stopSignal: 'SIGTERM' | 'SIGINT'
  /** The signal the guard uses. @default 'KILL' */
  guardSignal?: 'KILL' | 'QUIT'
  /** True once the server answers on the port. Called again and again; may throw while it doesn't. */
  isReady(port: number): Promise<boolean>
  /** A fixed port; without it a free one is chosen. */
  port?: number | undefined
}

const run = promisify(execFile)

const logLimit = 1_048_576
const startTimeout = 30_000
const stopTimeout = 10_000
const portTries = 5

/** Starts the program and waits until it is ready. An error holds what the server printed. */
export async function startServer(program: ServerProgram): Promise<RunningServer> {
  const guard = startGuard(program.guardSignal ?? 'KILL', program.directory)
  let output = ''
  let child: ChildProcess | undefined
  let port = program.port ?? 0

  const isUp = () => child !== undefined && child.exitCode === null && child.signalCode === null

  function launch(): ChildProcess {
    const { file, args } = program.command(port)
    const started = spawn(file, args, {
      env: program.env,
      cwd: program.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...program.identity,
    })
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-logLimit)
    }
    started.stdout.on('data', collect)
    started.stderr.on('data', collect)
    started.on('error', (error) => {
      output += `${error.message}\n`
    })
    started.on('exit', () => guard.watch(undefined))
    guard.watch(started.pid)
    return started
  }

  async function startOnce(): Promise<void> {
    child = launch()
    const deadline = Date.now() + startTimeout
    while (Date.now() < deadline) {
      if (child.pid === undefined || !isUp()) throw new Error(`${program.name} ended while starting:\n${output}`)
      if (await program.isReady(port).catch(() => false)) {
        // Another server on the same port may have answered; ours has then failed to bind and is about to end.
        await sleep(20)
        if (isUp()) return
      }
      await sleep(25)
    }
    await end('SIGKILL')
    throw new Error(`${program.name} did not become ready within ${startTimeout / 1000} s:\n${output}`)
  }

  async function start(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      if (program.port === undefined) port = await freePort()
      try {
        return await startOnce()
      } catch (error) {
        const taken = /address already in use|could not bind/i.test(output)
        if (program.port !== undefined || !taken || tries === portTries) throw error
        output = ''
      }
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || !isUp()) return
    const closed = once(child, 'close')
    child.kill(signal)
    // A frozen process takes signals only once it goes on.
    child.kill('SIGCONT')
    const late = setTimeout(() => child?.kill('SIGKILL'), stopTimeout)
    await closed
    clearTimeout(late)
  }

  await start()

  return {
    get port() {
      return port
    },
    get pid() {
      return isUp() ? child?.pid : undefined
    },
    logs: () => output,
    stop: () => end(program.stopSignal),
    kill: () => end('SIGKILL'),
    async pause() {
      child?.kill('SIGSTOP')
      while (isUp() && !(await standsStill(child?.pid))) await sleep(10)
    },
    resume() {
      child?.kill('SIGCONT')
    },
    async restart() {
      await end(program.stopSignal)
      await startOnce()
    },
  }
}

/** The kernel stops the threads of a busy process one after the other; until then they go on answering. */
async function standsStill(pid: number | undefined): Promise<boolean> {
  if (process.platform === 'linux') {
    const threads = `/proc/${pid}/task`
    // "pid (name) state …", where the name may hold anything.
    return readdirSync(threads).every((thread) => / T [^)]*$/.test(readFileSync(`${threads}/${thread}/stat`, 'utf8')))
  }
  const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(pid)])
  return stdout.startsWith('T')
}

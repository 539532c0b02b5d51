/** Runs the sandbox's own server as a process, with a data folder of its own. */
import { freePort } from '@backchannel/servers'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export const repository = path.join(import.meta.dirname, '../..')

/** A new, migrated database. */
export const databaseTemplate = path.join(repository, '.cache/e2e/pglite')

export interface SandboxOptions {
  env?: Record<string, string>
  /** From source through Vite. */
  development?: boolean
  /** The folder with server.ts. @default apps/sandbox */
  appDir?: string
  /** Let it make its database itself, as it does when it is started for the first time. */
  freshDatabase?: boolean
}

export interface ProcessEnd {
  code: number | null
  signal: NodeJS.Signals | null
}

/** What a server must not inherit from the shell that runs the tests. */
const scrubbed =
  /^(?:CENTRIFUGO_|BETTER_AUTH_|DATABASE_URL|VALKEY_URL|COLLAB|CACHE_|REALTIME|DATA_DIR|PORT|HOST|TRUST_PROXY|DEMO_USER|MESSENGER_|LOG_LEVEL)/

export class SandboxServer {
  readonly dataDir = mkdtempSync(path.join(tmpdir(), 'backchannel-sandbox-'))
  readonly #options: SandboxOptions
  #port = 0
  #child: ChildProcess | undefined
  #output = ''

  constructor(options: SandboxOptions = {}) {
    this.#options = options
    if (options.freshDatabase !== true) cpSync(databaseTemplate, path.join(this.dataDir, 'pglite'), { recursive: true })
    process.once('exit', () => {
      this.#child?.kill('SIGKILL')
      rmSync(this.dataDir, { recursive: true, force: true })
    })
  }

  static async start(options: SandboxOptions = {}): Promise<SandboxServer> {
    const server = new SandboxServer(options)
    await server.start()
    return server
  }

  /** As a browser on this machine sees it. */
  get url(): string {
    return `http://localhost:${this.#port}`
  }

  get port(): number {
    return this.#port
  }

  /** Everything that it has printed. */
  get output(): string {
    return this.#output
  }

  /** The key of the embedded hub's HTTP API. */
  get hubApiKey(): string {
    return readFileSync(path.join(this.dataDir, 'hub-api-key'), 'utf8')
  }

  /** Starts it, again on the same port and with the same data, and waits until it serves. */
  async start(): Promise<void> {
    this.#port ||= await freePort()
    const { ended } = this.launch()
    let over: ProcessEnd | undefined
    void ended.then((end) => (over = end))
    const deadline = Date.now() + 60_000
    while (!(await this.#isHealthy())) {
      if (over !== undefined || Date.now() > deadline) throw new Error(`The sandbox did not start:\n${this.#output}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Starts it without waiting for anything. */
  launch(): { ended: Promise<ProcessEnd> } {
    const { appDir = path.join(repository, 'apps/sandbox'), development = false, env = {} } = this.#options
    const inherited = Object.entries(process.env).filter(([name]) => !scrubbed.test(name))
    const child = spawn(
      process.execPath,
      ['--conditions=@backchannel/source', 'server.ts', ...(development ? ['--dev'] : [])],
      {
        cwd: appDir,
        // The tests come from many addresses: each browser names its own, as a proxy on this machine would.
        env: {
          ...Object.fromEntries(inherited),
          TRUST_PROXY: 'loopback',
          // What was compiled once: each start is a third cheaper.
          NODE_COMPILE_CACHE: path.join(repository, '.cache/node'),
          DATA_DIR: this.dataDir,
          PORT: String(this.#port),
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    this.#child = child
    this.#output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    }
    const ended = once(child, 'close').then(([code, signal]): ProcessEnd => ({ code, signal }))
    return { ended }
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProcessEnd> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return { code: null, signal: null }
    const closed = once(child, 'close')
    child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
    const [code, by] = await closed
    clearTimeout(late)
    return { code, signal: by }
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.end()
    rmSync(this.dataDir, { recursive: true, force: true })
  }

  async #isHealthy(): Promise<boolean> {
    try {
      return (await fetch(`http://127.0.0.1:${this.#port}/health`)).status === 200
    } catch {
      return false
    }
  }
}

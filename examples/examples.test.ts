// Each example is started as its README says, and its page driven in a real browser by two users.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { findChromium, freePort, requireServices } from '@backchannel/servers'
import { chromium, type Browser, type Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const options = await requireServices('chromium')
const seconds = 1000

class Example {
  readonly folder: string
  readonly port: number
  output = ''
  #process: ChildProcess | undefined

  constructor(name: string, port: number) {
    this.folder = join(import.meta.dirname, name)
    this.port = port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Resolves when it says where it is. */
  async start(script = ['start']): Promise<void> {
    const started = spawn('npm', ['run', '--silent', ...script], {
      cwd: this.folder,
      env: { ...process.env, PORT: String(this.port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = started
    this.output = ''
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`It did not start:\n${this.output}`)), 30 * seconds)
      const collect = (chunk: Buffer): void => {
        this.output += stripVTControlCharacters(chunk.toString())
        if (!new RegExp(`http://(?:localhost|127\\.0\\.0\\.1):${this.port}`).test(this.output)) return
        clearTimeout(late)
        resolve()
      }
      started.stdout.on('data', collect)
      started.stderr.on('data', collect)
    })
  }

  /** The exit code after SIGTERM. */
  async stop(): Promise<number | null> {
    const running = this.#process
    if (!running || running.exitCode !== null) return running?.exitCode ?? null
    const ended = once(running, 'exit')
    running.kill('SIGTERM')
    const [code] = (await ended) as [number | null]
    return code
  }
}

let browser: Browser | undefined

beforeAll(async () => {
  if (options.skip) return
  const executablePath = await findChromium()
  browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: ['--disable-gpu', '--disable-background-networking'],
  })
})

afterAll(() => browser?.close())

describe.each(['node-http', 'hono', 'express', 'sveltekit'])('the example %s', options, (name) => {
  let example: Example
  const pages: Page[] = []

  async function open(user: string): Promise<Page> {
    const page = await (browser as Browser).newPage()
    pages.push(page)
    await page.goto(`${example.url}/?user=${user}`)
    return page
  }

  const lines = (page: Page, pane: string) => page.locator(`#${pane} li`).allTextContents()
  const state = (page: Page, pane: string) => page.locator(`#${pane} .state`).textContent()
  const expectLive = async (page: Page): Promise<void> => {
    for (const pane of ['sse', 'websocket']) {
      await expect.poll(() => state(page, pane), { timeout: 20 * seconds }).toBe('live')
    }
  }

  beforeAll(async () => {
    example = new Example(name, await freePort())
    await example.start()
  })

  afterAll(async () => {
    await Promise.all(pages.map((page) => page.close()))
    await example.stop()
  })

  test('has a README with its two commands', () => {
    const readme = readFileSync(join(example.folder, 'README.md'), 'utf8')
    expect(readme).toContain('```sh\nnpm install\nnpm start\n```')
  })

  test(
    'shows everybody’s orders, the own receipts and the kitchen, in two browsers',
    async () => {
      const [ann, bob] = [await open('ann'), await open('bob')]
      await Promise.all([expectLive(ann), expectLive(bob)])
      await ann.fill('input[name=item]', 'Pizza & "Cola"')
      await ann.click('button')
      await expect.poll(() => lines(bob, 'sse'), { timeout: 10 * seconds }).toEqual(['ann ordered Pizza & "Cola"'])
      await expect
        .poll(() => lines(ann, 'sse'), { timeout: 10 * seconds })
        .toEqual(['ann ordered Pizza & "Cola"', 'Your receipt: no. 1'])
      for (const [page, user] of [
        [ann, 'ann'],
        [bob, 'bob'],
      ] as const) {
        await expect
          .poll(() => lines(page, 'websocket'), { timeout: 10 * seconds })
          .toEqual([`Welcome to the kitchen, ${user}`, 'To cook: Pizza & "Cola"'])
      }
    },
    60 * seconds,
  )

  test(
    'comes back by itself when the server has been away',
    async () => {
      const [page] = pages
      expect(page).toBeDefined()
      expect(await example.stop()).toBe(0)
      for (const pane of ['sse', 'websocket']) {
        await expect.poll(() => state(page as Page, pane), { timeout: 20 * seconds }).toBe('offline')
      }
      await example.start()
      await expectLive(page as Page)
    },
    90 * seconds,
  )

  test('refuses pages of other origins, and who is nobody', async () => {
    const status = async (path: string, headers: Record<string, string>): Promise<number> => {
      const response = await fetch(`${example.url}${path}`, { headers })
      await response.body?.cancel()
      return response.status
    }
    expect(await status('/events?user=ann', { origin: 'https://evil.test' })).toBe(403)
    expect(await status('/events', {})).toBe(401)
    expect(await status('/live?user=ann', {})).toBe(426)
  })

  test(
    'lets go of clients that go away, without a word in the log',
    async () => {
      const said = example.output
      const controllers = Array.from({ length: 50 }, () => new AbortController())
      await Promise.all(
        controllers.map(async ({ signal }) => {
          const { status } = await fetch(`${example.url}/events?user=eve`, { signal })
          expect(status).toBe(200)
        }),
      )
      for (const controller of controllers) controller.abort()
      await expect
        .poll(
          async () => {
            const response = await fetch(`${example.url}/orders?user=eve`, {
              method: 'POST',
              body: JSON.stringify({ item: 'Tea' }),
              headers: { 'content-type': 'application/json' },
            })
            return ((await response.json()) as { receipts: number }).receipts
          },
          { timeout: 10 * seconds },
        )
        .toBe(0)
      expect(example.output.slice(said.length)).toBe('')
    },
    30 * seconds,
  )
})

describe('the example sveltekit, in development', options, () => {
  let example: Example
  let page: Page | undefined

  beforeAll(async () => {
    example = new Example('sveltekit', await freePort())
    await example.start(['dev', '--', '--host', '127.0.0.1', '--port', String(example.port), '--strictPort'])
  })

  afterAll(async () => {
    await page?.close()
    await example.stop()
  })

  test(
    'takes WebSockets through the plugin, beside those of hot reload',
    async () => {
      page = await (browser as Browser).newPage()
      await page.goto(`${example.url}/?user=ann`)
      for (const pane of ['sse', 'websocket']) {
        await expect.poll(() => page?.locator(`#${pane} .state`).textContent(), { timeout: 30 * seconds }).toBe('live')
      }
      await page.click('button')
      await expect
        .poll(() => page?.locator('#websocket li').allTextContents(), { timeout: 10 * seconds })
        .toEqual(['Welcome to the kitchen, ann', 'To cook: Pizza'])
    },
    60 * seconds,
  )
})

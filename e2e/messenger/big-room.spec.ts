/** Ten thousand messages: the page holds a few hundred of them, wherever one scrolls. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { expect, ownAddress, test } from '../support/fixtures.ts'
import { MessengerPage } from '../support/messenger-page.ts'
import { repository, SandboxServer } from '../support/sandbox-server.ts'

declare global {
  /** Durations of tasks of 50 ms and more, in milliseconds. */
  var longTasks: number[]
}

test('a room of 10,000 messages scrolls to its beginning and back, a window at a time', async ({ browser }) => {
  test.slow()
  const sandbox = new SandboxServer()
  const said = execFileSync(
    process.execPath,
    ['--conditions=@backchannel/source', 'seed.ts', '--users', '50', '--rooms', '50x1', '--messages', '10000'],
    {
      cwd: path.join(repository, 'apps/sandbox'),
      env: { ...process.env, DATA_DIR: sandbox.dataDir },
      encoding: 'utf8',
    },
  )
  const name = /^Room \d+: (.+), 50 members$/m.exec(said)?.[1] ?? ''
  await sandbox.start()
  const context = await browser.newContext({ baseURL: sandbox.url, extraHTTPHeaders: ownAddress() })
  try {
    const ada = await MessengerPage.as(await context.newPage(), 'Ada')
    const { page, log } = ada
    await ada.join(name)
    await ada.open(name)
    const rows = log.locator('[data-seq]')
    await expect(rows.first()).toBeVisible()
    const shown = () => rows.evaluateAll((items) => items.map((item) => Number((item as HTMLElement).dataset['seq'])))
    const last = (await shown()).at(-1) ?? 0
    expect(last).toBeGreaterThanOrEqual(10_000)

    await page.evaluate(() => {
      globalThis.longTasks = []
      new PerformanceObserver((list) => {
        globalThis.longTasks.push(...list.getEntries().map(({ duration }) => duration))
      }).observe({ entryTypes: ['longtask'] })
    })
    await log.hover()
    let first = last
    for (let turn = 0; turn < 150 && first > last - 1500; turn++) {
      await page.mouse.wheel(0, -1500)
      await page.waitForTimeout(50)
      const seqs = await shown()
      first = seqs[0] ?? 0
      expect(seqs.length).toBeLessThanOrEqual(400)
      expect(seqs).toEqual(Array.from(seqs, (_, index) => first + index))
    }
    expect(first).toBeLessThanOrEqual(last - 1500)
    const tasks = await page.evaluate(() => globalThis.longTasks)
    const told = `${tasks.length} tasks of 50 ms and more while 1,500 messages went by, the longest ${Math.round(Math.max(0, ...tasks))} ms`
    test.info().annotations.push({ type: 'long tasks', description: told })
    console.log(told)

    await page.getByRole('button', { name: 'Jump to the end' }).click()
    await expect.poll(async () => (await shown()).at(-1)).toBe(last)
    await page.goto(`${new URL(page.url()).pathname}?m=5`)
    await expect.poll(async () => (await shown())[0]).toBe(1)
  } finally {
    await context.close()
    await sandbox.remove()
  }
})

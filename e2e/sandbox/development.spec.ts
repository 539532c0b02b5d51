import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, ownAddress, test } from '../support/fixtures.ts'
import { visit } from '../support/hydration.ts'
import { RealtimePage, unique } from '../support/realtime-page.ts'
import { repository, SandboxServer } from '../support/sandbox-server.ts'
import { signInAsDemoUser } from '../support/sign-in.ts'

/** A copy of the app, as deep in the repository as the app, whose files a test may change. */
function copyOfTheApp(): string {
  const original = path.join(repository, 'apps/sandbox')
  mkdirSync(path.join(repository, '.cache'), { recursive: true })
  const copy = mkdtempSync(path.join(repository, '.cache/sandbox-'))
  const leftOut = new Set(['node_modules', 'dist', '.data'])
  cpSync(original, copy, { recursive: true, filter: (file) => !leftOut.has(path.relative(original, file)) })
  mkdirSync(path.join(copy, 'node_modules'))
  symlinkSync(path.join(original, 'node_modules/better-auth'), path.join(copy, 'node_modules/better-auth'))
  return copy
}

async function hubId(sandbox: SandboxServer): Promise<unknown> {
  const answer = await fetch(`${sandbox.url}/api/info`, {
    method: 'POST',
    headers: { 'X-API-Key': sandbox.hubApiKey },
    body: '{}',
  })
  const { result } = await answer.json()
  expect(result.nodes).toHaveLength(1)
  return result.nodes[0].uid
}

test('npm run dev: an edited rule holds at once, on the same hub and the same socket', async ({ browser }) => {
  test.setTimeout(300_000)
  const appDir = copyOfTheApp()
  const sandbox = await SandboxServer.start({ development: true, appDir })
  try {
    const context = await browser.newContext({ baseURL: sandbox.url, extraHTTPHeaders: ownAddress() })
    const realtime = new RealtimePage(await context.newPage())
    const { page } = realtime
    // The first visit in development waits for Vite.
    page.setDefaultTimeout(90_000)
    await signInAsDemoUser(page)
    await realtime.connect()
    const hub = await hubId(sandbox)
    const client = await realtime.clientId.textContent()
    expect(client).toMatch(/^[\da-f]{8}$/)

    const edit = async (file: string, change: (text: string) => string, log: string) => {
      const full = path.join(appDir, file)
      const printed = sandbox.output.length
      writeFileSync(full, change(readFileSync(full, 'utf8')))
      await expect.poll(() => sandbox.output.slice(printed), { timeout: 30_000 }).toContain(log)
    }
    const again = 'the realtime rules were loaded again'
    const rules = 'src/realtime-rules.ts'
    const condition = "channel.startsWith('sandbox:') && channel !== demoChannel"
    const rejoin = async () => {
      await realtime.choose('personal')
      await realtime.isLive()
      await realtime.choose('shared')
    }

    await edit(rules, (text) => text.replace(condition, "channel.startsWith('sandbox:')"), again)
    await rejoin()
    await expect(page.getByRole('alert').filter({ hasText: 'permission denied' })).toBeVisible()

    const mistake = 'throw throw'
    await edit(rules, (text) => text.replace('throw', mistake), 'the former ones stay in force')
    await rejoin()
    await expect(page.getByRole('alert').filter({ hasText: 'permission denied' })).toBeVisible()

    await edit(
      rules,
      (text) => text.replace(mistake, 'throw').replace("channel.startsWith('sandbox:')", condition),
      again,
    )
    await rejoin()
    await realtime.isLive()

    // A component changes in place: Vite's own socket shares the port, and the page is not loaded anew.
    const component = path.join(appDir, 'src/components/realtime/channel-choice.tsx')
    writeFileSync(component, readFileSync(component, 'utf8').replace(/^(\s+)Channel$/m, '$1Channel to hear'))
    await expect(page.getByRole('heading', { name: 'Channel to hear' })).toBeVisible()
    await realtime.isLive()

    // A change elsewhere in the server's code starts no second hub either.
    const serverCode = path.join(appDir, 'src/lib/realtime-server.ts')
    writeFileSync(serverCode, readFileSync(serverCode, 'utf8').replace('At most 500', 'Not more than 500'))
    const text = unique('after all the edits')
    await expect(async () => realtime.publish(text)).toPass()
    await expect(realtime.message(text)).toBeVisible()

    expect(await hubId(sandbox)).toBe(hub)
    expect(await realtime.clientId.textContent()).toBe(client)
    expect(realtime.sockets).toHaveLength(1)

    // What stands on other packages is found from source, too.
    await visit(page, '/sandbox/cache')
    await page.getByRole('button', { name: 'Get', exact: true }).click()
    await expect(page.getByText('null: not there')).toBeVisible()
    await visit(page, '/sandbox/collab')
    await expect(page.getByTestId('realtime-badge')).toHaveText('Live', { timeout: 90_000 })
    await page.goto('/messenger')
    await expect(page.getByRole('img', { name: 'Connection: live' })).toBeVisible({ timeout: 90_000 })
    // Vite has found every dependency before the first page; one that it finds later loads the page anew under its user.
    expect(sandbox.output).not.toMatch(/dependenc(?:y|ies) optimized|optimized dependencies changed/)
    await context.close()
  } finally {
    await sandbox.remove()
    rmSync(appDir, { recursive: true })
  }
})

// The cache page: off as it comes, in this process, over a real Valkey, and while that is away.
import { missingServices, servicesAreRequired, startRedis } from '@backchannel/servers'
import type { Browser, Page } from '@playwright/test'
import { expect, ownAddress, test } from '../support/fixtures.ts'
import { isHydrated, visit } from '../support/hydration.ts'
import { SandboxServer } from '../support/sandbox-server.ts'
import { enter } from '../support/sign-in.ts'

async function open(browser: Browser, sandbox: SandboxServer): Promise<Page> {
  const context = await browser.newContext({ baseURL: sandbox.url, extraHTTPHeaders: ownAddress() })
  const page = await context.newPage()
  await enter(context, 'demo')
  await visit(page, '/sandbox/cache')
  return page
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const newest = (page: Page) => page.getByRole('list', { name: 'What the cache said' }).getByRole('listitem').first()

/** Sets a value and gets it, with the time it has left; then deletes it. */
async function byHand(page: Page): Promise<void> {
  await page.getByLabel('Value').fill('{"n":[1,"ü"]}')
  await press(page, 'Set')
  await expect(newest(page)).toContainText('kept for 60 s')
  await press(page, 'Get')
  await expect(newest(page)).toContainText('{"n":[1,"ü"]}')
  await press(page, 'Time left')
  await expect(newest(page)).toContainText(/(?:60|59|58) s left/)
  await press(page, 'Delete')
  await expect(newest(page)).toContainText('deleted')
  await press(page, 'Get')
  await expect(newest(page)).toContainText('null: not there')
}

async function demos(page: Page): Promise<void> {
  await press(page, 'Send 20 requests')
  await expect(page.getByText('20 answers, the loader ran once.')).toBeVisible()
  const entries = page.getByRole('list', { name: 'Entries with the tag' })
  await press(page, 'Store them')
  await expect(entries.getByText('stored at')).toHaveCount(3)
  await press(page, 'Invalidate the tag')
  await expect(entries.getByText('not there')).toHaveCount(3)
}

test('off, every call answers and nothing is kept; the page says how to turn it on', async ({ browser, running }) => {
  const page = await open(browser, running.sandbox)
  await expect(page.getByRole('heading', { name: 'Turn the cache on' })).toBeVisible()
  await press(page, 'Set')
  await expect(newest(page)).toContainText('kept for')
  await press(page, 'Get')
  await expect(newest(page)).toContainText('null: not there')
  await press(page, 'Send 20 requests')
  // A browser has six connections at a time, so these come in four groups, of which each is loaded once.
  await expect(page.getByText(/20 answers, the loader ran [2-6] times/)).toBeVisible()
  await page.getByLabel('Value').fill('no json')
  await press(page, 'Set')
  await expect(page.getByRole('alert').getByText('The value is no JSON')).toBeVisible()
  await page.context().close()
})

test('in this process, values are kept and counted', async ({ browser }) => {
  const sandbox = await SandboxServer.start({ env: { VALKEY_URL: 'memory:' } })
  try {
    const page = await open(browser, sandbox)
    await expect(page.getByRole('heading', { name: 'In this process' })).toBeVisible()
    await byHand(page)
    await demos(page)
    await expect(page.getByTestId('cache-counters').getByText('Entries')).toBeVisible()
  } finally {
    await sandbox.remove()
  }
})

test('over a Valkey, which stops and starts again', async ({ browser }) => {
  const missing = await missingServices('redis')
  if (missing !== undefined && servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${missing}`)
  test.skip(missing !== undefined, missing)
  let valkey = await startRedis()
  const sandbox = await SandboxServer.start({ env: { VALKEY_URL: valkey.url } })
  try {
    const page = await open(browser, sandbox)
    await expect(page.getByRole('heading', { name: 'Valkey', exact: true })).toBeVisible()
    await byHand(page)
    await demos(page)
    const { port } = valkey
    await valkey.stop()
    await press(page, 'Get')
    await expect(newest(page)).toContainText('null: not there')
    await expect(page.getByRole('heading', { name: 'Valkey is down' })).toBeVisible()
    // The session comes from the database now.
    await page.reload()
    await isHydrated(page)
    await expect(page.getByRole('heading', { name: 'Cache', exact: true })).toBeVisible()
    valkey = await startRedis({ port })
    await expect(async () => {
      await press(page, 'Set')
      await press(page, 'Get')
      await expect(newest(page)).toContainText('{"text":"hello"}', { timeout: 1000 })
    }).toPass()
  } finally {
    await sandbox.remove()
    await valkey.stop()
  }
})

import { expect, ownAddress, test } from '../support/fixtures.ts'
import { RealtimePage, unique } from '../support/realtime-page.ts'
import { SandboxServer } from '../support/sandbox-server.ts'
import { signInAsDemoUser } from '../support/sign-in.ts'

test('REALTIME=off: the page shows how to turn it on, and what is published is saved', async ({ browser }) => {
  const sandbox = await SandboxServer.start({ env: { REALTIME: 'off' } })
  try {
    const context = await browser.newContext({ baseURL: sandbox.url, extraHTTPHeaders: ownAddress() })
    const realtime = new RealtimePage(await context.newPage())
    const { page } = realtime
    await signInAsDemoUser(page)

    const hints = page.getByRole('region', { name: 'Turn realtime on' })
    await expect(hints).toContainText('CENTRIFUGO_TOKEN_HMAC_SECRET')
    await expect(hints).toContainText('CENTRIFUGO_API_KEY')
    await expect(hints).toContainText('docker compose --profile realtime up -d')
    await expect(hints).toContainText('npm run servers -- centrifugo')
    await expect(hints).toContainText('. ./.env.local')
    await expect.poll(() => sandbox.output).toContain('realtime is off')
    await expect(hints).toContainText('curl -X POST http://localhost:8000/api/publish')
    await expect(page.getByRole('button', { name: 'Connect', exact: true })).toBeDisabled()
    await realtime.isOffline()

    const text = unique('saved all the same')
    await realtime.publish(text, 'Saved, but not delivered live')
    await expect(realtime.message(text)).toHaveCount(0)
    await page.reload()
    await expect(page.getByTestId('saved-messages')).toContainText(text)

    // No hub: its paths are nobody's.
    expect((await fetch(`${sandbox.url}/api/publish`, { method: 'POST' })).status).toBe(404)
    await context.close()
  } finally {
    await sandbox.remove()
  }
})

import { isAccessible } from '../support/accessibility.ts'
import { expect, ownAddress, test } from '../support/fixtures.ts'
import { visit } from '../support/hydration.ts'
import { RealtimePage, unique } from '../support/realtime-page.ts'
import { signInAsDemoUser } from '../support/sign-in.ts'

test('axe finds nothing, and nothing sticks out, on a phone and on a desk, in light and in dark', async ({
  browser,
  running,
}) => {
  test.slow()
  const context = await browser.newContext({
    baseURL: running.sandbox.url,
    extraHTTPHeaders: ownAddress(),
  })
  const page = await context.newPage()
  for (const path of ['/', '/sign-in', '/sign-up', '/no-such-page']) {
    await visit(page, path)
    await isAccessible(page)
  }
  await signInAsDemoUser(page)
  await isAccessible(page)

  const realtime = new RealtimePage(page)
  await realtime.connect()
  await realtime.publish(unique('a long line that has to wrap somewhere before it reaches the edge of the page'))
  await realtime.publish(`https://example.com/${'unbroken'.repeat(50)}`)
  await expect(realtime.log.getByText('https://example.com/')).toBeVisible()
  await page.getByRole('button', { name: 'Move to Centrifugo' }).click()
  await isAccessible(page)
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    expect(await realtime.log.evaluate((box) => box.scrollWidth - box.clientWidth)).toBeLessThanOrEqual(0)
  }
  await visit(page, '/sandbox/streams')
  await isAccessible(page)
  for (const driver of ['sse', 'websocket']) {
    await page.getByTestId(driver).getByRole('button', { name: 'Connect', exact: true }).click()
  }
  await expect(page.getByText('Joined the lobby')).toHaveCount(2)
  await page.getByRole('button', { name: 'Watch the wire' }).click()
  await expect(page.getByTestId('wire')).toContainText('retry: ')
  await isAccessible(page)
  await visit(page, '/sandbox/cache')
  await page.getByRole('button', { name: 'Set', exact: true }).click()
  await page.getByRole('button', { name: 'Store them' }).click()
  await expect(page.getByText('kept for 60 s')).toBeVisible()
  await isAccessible(page)
  await visit(page, '/sandbox/collab?doc=accessibility')
  await expect(page.getByTestId('realtime-badge')).toHaveText('Live')
  await page.getByRole('textbox', { name: /^The document/ }).focus()
  await page.keyboard.type('# Title\ntext, `code`, https://example.com/ and more\n> quote\n\n- item\n')
  await page.getByRole('button', { name: 'Keep this one' }).click()
  await expect(page.getByText('This version is kept.')).toBeVisible()
  await isAccessible(page)
  await page.getByRole('button', { name: 'Demo user' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).waitFor()
  await isAccessible(page)
  await context.close()
})

test('everything works from the keyboard', async ({ browser, running }) => {
  const context = await browser.newContext({ baseURL: running.sandbox.url, extraHTTPHeaders: ownAddress() })
  const page = await context.newPage()
  const realtime = new RealtimePage(page)
  const { keyboard } = page
  await signInAsDemoUser(page)

  await page.goto('/sandbox/realtime')
  await keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await keyboard.press('Enter')
  await keyboard.press('Tab')
  await expect(page.getByRole('radio', { name: 'Shared' })).toBeFocused()
  await keyboard.press('ArrowDown')
  await expect(page.getByRole('radio', { name: 'Only you' })).toBeChecked()
  await keyboard.press('Tab')
  await expect(page.getByRole('button', { name: 'Connect', exact: true })).toBeFocused()
  await keyboard.press('Enter')
  await realtime.isLive()

  await page.getByLabel('Message', { exact: true }).focus()
  await keyboard.press('Enter')
  await expect(page.getByText('Write something first.')).toBeVisible()
  const text = unique('typed')
  await keyboard.type(text)
  await keyboard.press('Enter')
  await expect(realtime.message(text)).toBeVisible()
  // Ready for the next one.
  await expect(page.getByLabel('Message', { exact: true })).toBeFocused()

  await page.getByRole('button', { name: 'Demo user' }).focus()
  await keyboard.press('Enter')
  await keyboard.press('ArrowDown')
  await expect(page.getByRole('menuitem', { name: 'Sign out' })).toBeFocused()
  await keyboard.press('Enter')
  await page.waitForURL(`${running.sandbox.url}/`)
  // A new page begins at its heading, as one that was loaded would begin at its top.
  await expect(page.getByRole('heading', { level: 1, name: 'Let the server speak' })).toBeFocused()
  await page.getByRole('link', { name: 'Sign in', exact: true }).first().press('Enter')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeFocused()
  await context.close()
})

test('dark and light: the system’s preference until one chooses', async ({ browser, running }) => {
  const context = await browser.newContext({ baseURL: running.sandbox.url, colorScheme: 'dark' })
  const page = await context.newPage()
  const dark = () => page.evaluate(() => document.documentElement.classList.contains('dark'))
  await page.goto('/')
  expect(await dark()).toBe(true)
  await page.emulateMedia({ colorScheme: 'light' })
  await expect.poll(dark).toBe(false)
  await page.getByRole('button', { name: 'Switch between dark and light' }).click()
  expect(await dark()).toBe(true)
  await page.reload()
  expect(await dark()).toBe(true)
  await context.close()
})

import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, ownAddress, signInAsDemoUser, test } from '../support/fixtures.ts'
import { RealtimePage, unique } from '../support/realtime-page.ts'

async function violations(page: Page): Promise<string[]> {
  // Contrast is measured on what has come to rest.
  await page.evaluate(() => {
    for (const animation of document.getAnimations()) animation.finish()
  })
  // An open menu has guards at its ends, which hand the focus on: hidden from a screen reader, yet in the tab order.
  const { violations: found } = await new AxeBuilder({ page }).exclude('[data-base-ui-focus-guard]').analyze()
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`${colorScheme}: axe finds nothing, and nothing sticks out, on a phone and on a desk`, async ({
    browser,
    running,
  }) => {
    test.slow()
    const context = await browser.newContext({
      baseURL: running.sandbox.url,
      extraHTTPHeaders: ownAddress(),
      colorScheme,
      reducedMotion: 'reduce',
    })
    const page = await context.newPage()
    const check = async () => {
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 800 })
        expect(await violations(page)).toEqual([])
        expect(await overflow(page)).toBeLessThanOrEqual(0)
      }
    }
    for (const path of ['/', '/sign-in', '/sign-up', '/no-such-page']) {
      await page.goto(path)
      await check()
    }
    await signInAsDemoUser(page)
    await check()

    const realtime = new RealtimePage(page)
    await realtime.connect()
    await realtime.publish(unique('a long line that has to wrap somewhere before it reaches the edge of the page'))
    await realtime.publish(`https://example.com/${'unbroken'.repeat(50)}`)
    await expect(realtime.log.getByText('https://example.com/')).toBeVisible()
    await page.getByRole('button', { name: 'Move to Centrifugo' }).click()
    await check()
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      expect(await realtime.log.evaluate((box) => box.scrollWidth - box.clientWidth)).toBeLessThanOrEqual(0)
    }
    await page.goto('/sandbox/streams', { waitUntil: 'networkidle' })
    await check()
    for (const driver of ['sse', 'websocket']) {
      await page.getByTestId(driver).getByRole('button', { name: 'Connect', exact: true }).click()
    }
    await expect(page.getByText('Joined the lobby')).toHaveCount(2)
    await page.getByRole('button', { name: 'Watch the wire' }).click()
    await expect(page.getByTestId('wire')).toContainText('retry: ')
    await check()
    await page.goto('/sandbox/cache', { waitUntil: 'networkidle' })
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    await page.getByRole('button', { name: 'Store them' }).click()
    await expect(page.getByText('kept for 60 s')).toBeVisible()
    await check()
    await page.goto('/sandbox/collab?doc=accessibility', { waitUntil: 'networkidle' })
    await expect(page.getByTestId('realtime-badge')).toHaveText('Live')
    await page.getByRole('textbox', { name: /^The document/ }).focus()
    await page.keyboard.type('# Title\ntext, `code`, https://example.com/ and more\n> quote\n\n- item\n')
    await page.getByRole('button', { name: 'Keep this one' }).click()
    await expect(page.getByText('This version is kept.')).toBeVisible()
    await check()
    await page.getByRole('button', { name: 'Demo user' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor()
    await check()
    await context.close()
  })
}

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

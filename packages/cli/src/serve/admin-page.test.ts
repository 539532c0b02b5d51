import { findChromium, requireServices } from '@backchannel/servers'
import { chromium } from '@playwright/test'
import { expect, test } from 'vitest'
import { Folder, start } from '../testing/cli.ts'

const withChromium = await requireServices('chromium')

test('an admin logs in, sees, publishes, disconnects and logs out', { ...withChromium, timeout: 60_000 }, async () => {
  using folder = new Folder()
  const admin = { enabled: true, password: 'password', secret: 'secret', handler_prefix: '/inner' }
  const file = folder.write('config.json', {
    admin,
    channel: { namespaces: [{ name: 'chat', history_size: 5, history_ttl: '60s' }] },
  })
  const server = start(['-c', file, '-a', '127.0.0.1', '-p', '0'])
  const executablePath = await findChromium()
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
  try {
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => message.text().includes('Content Security Policy') && errors.push(message.text()))
    await page.goto(`http://${await server.address()}/inner/`)
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('That is not the password.').waitFor()
    await page.getByLabel('Password').fill('password')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('Nobody is subscribed to anything.').waitFor()

    await page.getByLabel('Channel', { exact: true }).fill('chat:1')
    await page.getByLabel('Data (JSON)').fill('{"text": "<b>"}')
    await page.getByRole('button', { name: 'Publish' }).click()
    await page.getByText('Published at offset 1.').waitFor()
    await page.getByLabel('Data (JSON)').fill('{')
    await page.getByRole('button', { name: 'Publish' }).click()
    await page.getByText('The data is not JSON.').waitFor()
    await page.getByLabel('User').fill('42')
    await page.getByRole('button', { name: 'Disconnect' }).click()
    await page.getByText('Disconnected.').waitFor()

    const boxOf = async (selector: string) => await page.locator(selector).boundingBox()
    const styleOf = async (selector: string, property: string): Promise<unknown> =>
      await page.evaluate(`getComputedStyle(document.querySelector('${selector}')).${property}`)
    const button = await boxOf('#disconnect button')
    expect(await boxOf('#disconnect input')).toMatchObject({ y: button?.y, height: button?.height })
    expect(await styleOf('#nodes td:last-child', 'textAlign')).toBe('right')

    await page.setViewportSize({ width: 390, height: 844 })
    const form = await boxOf('#disconnect')
    for (const field of ['#publish [name=channel]', '#disconnect input']) {
      expect(await boxOf(field)).toMatchObject({ x: form?.x, width: form?.width })
    }
    const table = page.getByRole('region', { name: 'Nodes' })
    expect(await table.evaluate((element) => element.scrollWidth > element.clientWidth)).toBe(true)
    expect(await styleOf('.scroll', 'backgroundAttachment')).toBe('local, local, scroll, scroll')

    await page.reload()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Password').waitFor()
    expect(errors).toEqual([])
  } finally {
    await browser.close()
    server.child.kill('SIGTERM')
    await server.ended
  }
})

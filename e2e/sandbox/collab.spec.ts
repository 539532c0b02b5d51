// The collab page: two browsers in one document, offline and back, undo, versions, readers, reloads.
import type { Locator, Page } from '@playwright/test'
import { expect, type OpenBrowser, test } from '../support/fixtures.ts'
import { unique } from '../support/realtime-page.ts'
import { SandboxServer } from '../support/sandbox-server.ts'
import { enter } from '../support/sign-in.ts'

class Paper {
  readonly page: Page
  readonly text: Locator
  readonly badge: Locator

  constructor(page: Page) {
    this.page = page
    this.text = page.getByRole('textbox', { name: /^The document/ })
    this.badge = page.getByTestId('realtime-badge')
  }

  /** In the browser of a new user. */
  static async open(openBrowser: OpenBrowser, name: string): Promise<Paper> {
    const paper = new Paper(await openBrowser('new', `/sandbox/collab?doc=${name}`))
    await expect(paper.badge).toHaveText('Live')
    await expect(paper.text).toBeVisible()
    return paper
  }

  /** At the end of the text. */
  async type(text: string): Promise<void> {
    await this.text.focus()
    await this.page.keyboard.press('Control+End')
    await this.page.keyboard.type(text)
  }

  /** What is written, without the flags of others' cursors in it. */
  words(): Promise<string> {
    return this.text.evaluate((element) => {
      const copy = element.cloneNode(true) as HTMLElement
      for (const flag of copy.querySelectorAll('.ProseMirror-yjs-cursor')) flag.remove()
      return (copy.textContent ?? '').trim()
    })
  }

  press(name: string): Promise<void> {
    return this.page.getByRole('button', { name, exact: true }).click()
  }
}

const documentOf = (): string =>
  unique('doc')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')

test('two who type at once end with the same text, see each other, and undo only their own', async ({
  openBrowser,
}) => {
  const name = documentOf()
  const ann = await Paper.open(openBrowser, name)
  const bob = await Paper.open(openBrowser, name)
  await expect(ann.page.getByRole('list', { name: 'Who is here' }).getByRole('listitem')).toHaveCount(2)

  await ann.type('Start. ')
  await expect.poll(() => bob.words()).toContain('Start.')
  await Promise.all([ann.type('aaaaaaaaaa'), bob.type('bbbbbbbbbb')])
  await expect.poll(async () => (await ann.words()).replaceAll(/[^ab]/g, '').length).toBe(21)
  await expect.poll(async () => (await bob.words()) === (await ann.words())).toBe(true)

  await bob.text.focus()
  await bob.page.keyboard.press('Control+End')
  await expect(ann.text.locator('.ProseMirror-yjs-cursor')).toHaveText(/User /)

  await ann.press('Undo')
  await expect.poll(() => bob.words()).not.toContain('aaa')
  await expect.poll(() => bob.words()).toContain('b'.repeat(10))
})

test('formatting goes both ways', async ({ openBrowser }) => {
  const name = documentOf()
  const ann = await Paper.open(openBrowser, name)
  const bob = await Paper.open(openBrowser, name)
  await ann.text.focus()
  await ann.page.keyboard.type('# Title\n**bold**  and plain\n- a list\n')
  await expect(bob.text.getByRole('heading', { level: 1, name: 'Title' })).toBeVisible()
  await expect(bob.text.locator('strong')).toHaveText('bold')
  await expect(bob.text.locator('.prosemirror-flat-list')).toHaveCount(2)
  await bob.text.locator('strong').dblclick()
  await bob.press('Italic')
  await expect(ann.text.locator('em')).toHaveText('bold')
  await bob.press('Link')
  await bob.page.getByLabel('Address').fill('javascript:alert(1)')
  await bob.press('Link the selection')
  await expect(bob.page.getByRole('alert')).toHaveText('An address such as https://example.com')
  await bob.page.getByLabel('Address').fill('example.com/page')
  await bob.press('Link the selection')
  await expect(ann.text.getByRole('link')).toHaveAttribute('href', 'https://example.com/page')
  await expect(ann.text.getByRole('link')).toHaveAttribute('rel', /noopener/)
})

test('one who was offline and one who was not agree again', async ({ openBrowser }) => {
  const name = documentOf()
  const ann = await Paper.open(openBrowser, name)
  const bob = await Paper.open(openBrowser, name)
  await ann.type('Together. ')
  await expect.poll(() => bob.words()).toContain('Together.')
  await ann.page.context().setOffline(true)
  await expect(ann.badge).toHaveText('Offline')
  await expect(ann.page.getByText('What you type is kept here')).toBeVisible()
  await ann.type('Ann alone. ')
  await bob.type('Bob alone. ')
  await expect.poll(() => bob.words()).not.toContain('Ann alone.')
  await ann.page.context().setOffline(false)
  await expect(ann.badge).toHaveText('Live')
  for (const paper of [ann, bob]) {
    await expect.poll(() => paper.words()).toContain('Ann alone.')
    await expect.poll(() => paper.words()).toContain('Bob alone.')
  }
})

test('a reload keeps all, also one while the server is away', async ({ openBrowser, running }) => {
  const name = documentOf()
  const ann = await Paper.open(openBrowser, name)
  await ann.type('Kept by the server.')
  await ann.page.reload()
  await expect.poll(() => ann.words()).toContain('Kept by the server.')
  // The page still comes: what is away are the rooms.
  let isAway = true
  await ann.page.routeWebSocket(/\/collab\//, (socket) => {
    if (isAway) return socket.close()
    socket.connectToServer()
  })
  await ann.page.reload()
  await expect(ann.badge).toHaveText('Offline')
  await expect.poll(() => ann.words()).toBe('Kept by the server.')
  await ann.type(' Kept by the browser.')
  await ann.page.waitForTimeout(500)
  await ann.page.reload()
  await expect.poll(() => ann.words()).toBe('Kept by the server. Kept by the browser.')
  isAway = false
  await expect(ann.badge).toHaveText('Live')
  const bob = await Paper.open(openBrowser, name)
  await expect.poll(() => bob.words()).toContain('Kept by the browser.')
  expect(running.sandbox.output).not.toMatch(/"level":(50|60)/)
})

test('a version is restored for everybody, and what was there can be restored again', async ({ openBrowser }) => {
  const name = documentOf()
  const ann = await Paper.open(openBrowser, name)
  const bob = await Paper.open(openBrowser, name)
  await ann.type('First draft')
  await expect.poll(() => bob.words()).toContain('First draft')
  await ann.press('Keep this one')
  await expect(ann.page.getByText('This version is kept.')).toBeVisible()
  const restores = ann.page.getByRole('list', { name: 'Kept versions' }).getByRole('button')
  const kept = await restores.count()
  await bob.page.keyboard.press('Control+A')
  await bob.text.focus()
  await bob.page.keyboard.press('Control+A')
  await bob.page.keyboard.type('Something else')
  await expect.poll(() => ann.words()).toBe('Something else')
  await restores.first().click()
  for (const paper of [ann, bob]) await expect.poll(() => paper.words()).toBe('First draft')
  await expect(restores).toHaveCount(kept + 1)
  await restores.first().click()
  await expect.poll(() => bob.words()).toBe('Something else')
})

test('a reader sees everything and changes nothing', async ({ openBrowser }) => {
  const name = documentOf()
  const ann = await Paper.open(openBrowser, name)
  const bob = await Paper.open(openBrowser, name)
  const errors: string[] = []
  bob.page.on('pageerror', ({ message }) => errors.push(message))
  await bob.page.getByRole('switch', { name: 'Join as a reader' }).click()
  await expect(bob.page.getByText('You are reading.')).toBeVisible()
  await expect(bob.page.getByRole('heading', { name: 'Versions' })).toHaveCount(0)
  await ann.type('For all to read')
  await expect.poll(() => bob.words()).toBe('For all to read')
  await expect(bob.text).toHaveAttribute('contenteditable', 'false')
  await expect(bob.page.getByRole('toolbar')).toHaveCount(0)
  await bob.page.getByRole('switch', { name: 'Join as a reader' }).click()
  await expect(bob.badge).toHaveText('Live')
  await bob.type('. And to write')
  await expect.poll(() => ann.words()).toBe('For all to read. And to write')
  expect(errors).toEqual([])
})

test('nobody gets in without a session, or into what is no document', async ({ openBrowser, running }) => {
  const page = await openBrowser('new')
  const closeCode = (name: string) =>
    page.evaluate(
      (path) =>
        new Promise<number>((resolve) => {
          const socket = new WebSocket(path)
          socket.addEventListener('close', ({ code }) => resolve(code))
        }),
      `/collab/${name}`,
    )
  expect(await closeCode('Not%20A%20Document')).toBe(4403)
  await page.context().clearCookies()
  expect(await closeCode('welcome')).toBe(4403)
  const { status } = await fetch(`${running.sandbox.url}/collab/welcome`)
  expect(status).toBe(404)
})

test('switched off, the editor works and keeps its text in the browser', async ({ browser }) => {
  const sandbox = await SandboxServer.start({ env: { COLLAB: 'off' } })
  try {
    const context = await browser.newContext({ baseURL: sandbox.url })
    const page = await context.newPage()
    await enter(context, 'demo')
    await page.goto('/sandbox/collab')
    const text = page.getByRole('textbox', { name: /^The document/ })
    await expect(page.getByText('Kept in this browser only')).toBeVisible()
    await text.focus()
    await page.keyboard.type('Mine alone', { delay: 20 })
    // A browser writes in its own time: what was typed in the very moment of the reload may be lost.
    await page.waitForTimeout(500)
    await page.reload()
    await expect(text).toHaveText('Mine alone')
    await context.close()
  } finally {
    await sandbox.remove()
  }
})

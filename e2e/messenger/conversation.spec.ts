/** Three people and a room, on either engine. */
import { MessengerPage } from '../support/messenger-page.ts'
import { expect, ownAddress, test } from '../support/fixtures.ts'
import { unique } from '../support/realtime-page.ts'
import type { DemoPerson } from '../support/sign-in.ts'

const people = test.extend<{ as: (person: DemoPerson, how?: 'by one click') => Promise<MessengerPage> }>({
  as: async ({ browser, running }, use) => {
    const contexts: Awaited<ReturnType<typeof browser.newContext>>[] = []
    await use(async (person, how) => {
      const context = await browser.newContext({ baseURL: running.sandbox.url, extraHTTPHeaders: ownAddress() })
      contexts.push(context)
      const page = await context.newPage()
      return how === undefined ? MessengerPage.as(page, person) : MessengerPage.signIn(page, person)
    })
    for (const context of contexts) await context.close()
  },
})

people(
  'from signing in to leaving: everybody hears everybody, and the numbers are right everywhere',
  async ({ as }) => {
    const [ada, grace, linus] = [await as('Ada', 'by one click'), await as('Grace'), await as('Linus')]
    const name = unique('Tea')
    await ada.createRoom(name)
    await expect(ada.log.getByText('Ada created the room.')).toBeVisible()

    await grace.join(name)
    await linus.join(name)
    await expect(ada.page.getByText('3 members')).toBeVisible()

    await grace.open(name)
    await linus.open(name)
    await ada.send('Who is here?')
    for (const { log } of [ada, grace, linus]) await expect(log.getByText('Who is here?')).toHaveCount(1)
    await grace.send('I am.')
    await linus.send('Me too.')
    for (const reader of [ada, grace, linus]) {
      await expect(reader.message('I am.')).toHaveCount(1)
      await expect(reader.message('Me too.')).toHaveCount(1)
    }
    // The same order for everybody.
    const order = await ada.texts('')
    expect(await grace.texts('')).toEqual(order)
    expect(await linus.texts('')).toEqual(order)

    await linus.page.getByRole('button', { name: 'Leave room' }).click()
    await linus.page.getByRole('button', { name: 'Leave', exact: true }).click()
    await expect(linus.room(name)).toBeHidden()
    await expect(ada.page.getByText('2 members')).toBeVisible()

    // Out of the room: not told, and let in by no address.
    await ada.send('He is gone.')
    await expect(grace.message('He is gone.')).toBeVisible()
    const path = new URL(ada.page.url()).pathname
    await linus.page.goto(path)
    await expect(linus.page.getByText('You are not a member of this room')).toBeVisible()
    await linus.page.getByRole('button', { name: `Join ${name}` }).click()
    await expect(linus.message('He is gone.')).toBeVisible()
  },
)

people('a room elsewhere: unread, a preview, and the title says so', async ({ as }) => {
  const [ada, grace] = [await as('Ada'), await as('Grace')]
  const [one, other] = [unique('One'), unique('Other')]
  await ada.createRoom(one)
  await grace.join(one)
  await grace.createRoom(other)

  await ada.send('first')
  await ada.send('second')
  await expect(grace.room(one)).toContainText('2 unread')
  await expect(grace.room(one)).toContainText('Ada: second')
  await expect(grace.page).toHaveTitle(/^\(\d+\)/)
  // Above the other one, which was made later.
  await expect(grace.rooms.getByRole('link').first()).toContainText(one)

  await grace.open(one)
  await expect(grace.message('second')).toBeVisible()
  await expect(grace.room(one)).not.toContainText('unread')
})

people('two tabs of one person stay in step', async ({ as }) => {
  const ada = await as('Ada')
  const second = new MessengerPage(await ada.page.context().newPage())
  await second.page.goto('/messenger')
  await second.isLive()
  const name = unique('Tabs')
  await ada.createRoom(name)
  await second.open(name)

  await ada.send('from the first')
  await expect(second.message('from the first')).toBeVisible()
  await second.send('from the second')
  await expect(ada.message('from the second')).toHaveCount(1)

  await second.page.getByRole('button', { name: 'Leave room' }).click()
  await second.page.getByRole('button', { name: 'Leave', exact: true }).click()
  await expect(ada.room(name)).toBeHidden()
  await expect(ada.page.getByText('You are not a member of this room')).toBeVisible()
})

people('a message is changed and deleted for everybody', async ({ as }) => {
  const [ada, grace] = [await as('Ada'), await as('Grace')]
  const name = unique('Edits')
  await ada.createRoom(name)
  await grace.join(name)
  await grace.open(name)
  await ada.send('teh first')
  await expect(grace.message('teh first')).toBeVisible()

  await ada.composer.press('ArrowUp')
  const field = ada.page.getByRole('textbox', { name: 'Edited message' })
  await field.fill('the first')
  await field.press('Enter')
  for (const reader of [ada, grace]) {
    await expect(reader.message('the first')).toBeVisible()
    await expect(reader.message('teh first')).toBeHidden()
    await expect(reader.log.getByText('edited')).toBeVisible()
  }

  await ada.log.locator('li').filter({ hasText: 'the first' }).hover()
  await ada.log.locator('li').filter({ hasText: 'the first' }).getByRole('button', { name: 'Message menu' }).click()
  await ada.page.getByRole('menuitem', { name: 'Delete' }).click()
  await ada.page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
  for (const { log } of [ada, grace]) await expect(log.getByText('Message deleted')).toBeVisible()
})

people('what is written is text: no HTML, no script, no address that is none', async ({ as }) => {
  const [ada, grace] = [await as('Ada'), await as('Grace')]
  const name = unique('<b>Bold</b>')
  await ada.createRoom(name)
  await grace.join(name)
  await grace.open(name)
  let dialogs = 0
  for (const { page } of [ada, grace]) page.on('dialog', () => (dialogs += 1))

  await ada.send('<img src=x onerror=alert(1)> [a](javascript:alert(2)) <script>alert(3)</script> **strong**')
  await expect(grace.log.locator('strong', { hasText: 'strong' })).toBeVisible()
  await expect(grace.log.locator('img[src=x], script')).toHaveCount(0)
  await expect(grace.log.locator('a[href^="javascript"]')).toHaveCount(0)
  await expect(grace.page.getByRole('heading', { name })).toBeVisible()
  expect(dialogs).toBe(0)
})

people('pressed twice, it is written once', async ({ as }) => {
  const ada = await as('Ada')
  await ada.createRoom(unique('Twice'))
  await ada.composer.fill('once')
  await ada.page.getByRole('button', { name: 'Send', exact: true }).dblclick()
  await expect(ada.message('once')).toHaveCount(1)
  await ada.page.reload()
  await expect(ada.message('once')).toHaveCount(1)
})

people('without a session the messenger leads to the sign-in page', async ({ as }) => {
  const ada = await as('Ada')
  await ada.createRoom(unique('Gone'))
  await ada.composer.fill('anybody?')
  await ada.page.waitForLoadState('networkidle')
  await ada.page.context().clearCookies()
  await ada.page.keyboard.press('Enter')
  await ada.page.waitForURL(/\/sign-in/)
  await ada.page.getByRole('button', { name: 'Continue as Ada' }).click()
  // What was written then is sent now.
  await expect(ada.message('anybody?')).toHaveCount(1)
  await expect(ada.log.getByRole('img', { name: 'Waiting' })).toHaveCount(0)
})

people('a channel that is refused leaves its user signed in, and the server is asked instead', async ({ as }) => {
  const [ada, grace] = [await as('Ada'), await as('Grace')]
  const name = unique('Refused')
  await ada.createRoom(name)
  await grace.join(name)
  await ada.page.route('**/api/token/subscription/**', (route) =>
    route.fulfill({ status: 403, json: { detail: 'permission denied' } }),
  )
  await ada.page.reload()
  await expect(ada.page.getByRole('img', { name: 'Connection: refused' })).toBeVisible()
  await grace.open(name)
  await grace.send('Do you hear me?')
  await expect(ada.message('Do you hear me?')).toBeVisible()
  expect(new URL(ada.page.url()).pathname).toMatch(/^\/messenger\//)
})

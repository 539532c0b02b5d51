/** The messenger's pages: for eyes, ears and thumbs, with the keyboard, and where the reader stays while more is loaded. */
import type { Page } from '@playwright/test'
import { randomUUID } from 'node:crypto'
import { isAccessible, violations } from '../support/accessibility.ts'
import { expect, type OpenBrowser, test } from '../support/fixtures.ts'
import { MessengerPage } from '../support/messenger-page.ts'
import { unique } from '../support/realtime-page.ts'

async function enter(openBrowser: OpenBrowser): Promise<MessengerPage> {
  const messenger = new MessengerPage(await openBrowser('new', '/messenger'))
  await messenger.isLive()
  return messenger
}

/** Writes without the page, as fast as the server lets one. */
async function post(page: Page, roomId: string, content: string): Promise<void> {
  for (;;) {
    const answer = await page.request.post(`/api/rooms/${roomId}/messages`, {
      data: { content, client_id: randomUUID() },
      headers: { origin: new URL(page.url()).origin },
    })
    if (answer.status() === 201) return
    expect(answer.status()).toBe(429)
    await page.waitForTimeout(Number(answer.headers()['retry-after'] ?? 1) * 1000)
  }
}

const roomIdOf = (page: Page) => new URL(page.url()).pathname.split('/').at(-1) ?? ''

test('axe finds nothing, and nothing sticks out, in any state', async ({ openBrowser }) => {
  test.slow()
  const ann = await enter(openBrowser)
  const { page } = ann
  await expect(page.getByText('No rooms yet')).toBeVisible()
  await isAccessible(page)

  const name = unique(`A room with ${'a long name '.repeat(5)}`)
  await ann.createRoom(name)
  await page.setViewportSize({ width: 1280, height: 800 })
  const texts = [
    `# Heading\n\n**bold** \`code\` [link](https://example.com/) ~~gone~~\n\n- [x] done\n- open\n\n> quoted`,
    `\`\`\`\n${'a line of code that is wider than any phone '.repeat(3)}\n\`\`\``,
    `|${'a column|'.repeat(12)}\n|${'-|'.repeat(12)}\n|${'a cell|'.repeat(12)}`,
    `https://example.com/${'unbroken'.repeat(50)}`,
    'مرحبا بالجميع 👩‍💻🎉',
  ]
  for (const text of texts) await ann.send(text)
  await expect(ann.log.getByText('مرحبا بالجميع')).toBeVisible()
  await isAccessible(page)
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    expect(await ann.log.evaluate((box) => box.scrollWidth - box.clientWidth)).toBeLessThanOrEqual(0)
  }

  await page.getByRole('button', { name: 'Members', exact: true }).click()
  await expect(page.getByRole('list', { name: 'Members of this room' }).getByRole('listitem')).toHaveCount(1)
  await isAccessible(page)
  await page.keyboard.press('Escape')
  await ann.log.focus()
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('menuitem', { name: 'Delete' })).toBeVisible()
  await isAccessible(page)
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await expect(page.getByRole('alertdialog')).toBeVisible()
  await isAccessible(page)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.keyboard.press('Control+k')
  await expect(page.getByRole('option')).toHaveCount(1)
  await isAccessible(page)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'New room' }).click()
  await isAccessible(page)
  await page.keyboard.press('Escape')

  for (const view of ['discover', 'search']) {
    await page.goto(`/messenger?view=${view}`)
    await page.getByRole('searchbox').fill(view === 'search' ? 'bold' : 'a long name')
    await expect(page.getByRole('main').getByRole('listitem').first()).toBeVisible()
    await isAccessible(page)
  }
  await page.goto('/messenger/999999')
  await expect(page.getByText('You are not a member of this room')).toBeVisible()
  await isAccessible(page)
  await page.context().setOffline(true)
  await expect(page.getByText('Offline: what you write is sent when the connection is back.')).toBeVisible()
  await isAccessible(page)
})

test('everything works from the keyboard', async ({ openBrowser }) => {
  const ann = await enter(openBrowser)
  const { page } = ann
  const { keyboard } = page
  const [one, other] = [unique('Keys one'), unique('Keys other')]
  await ann.createRoom(one)
  await ann.createRoom(other)
  await expect(ann.composer).toBeFocused()

  // The rooms are one stop of the Tab key, and the arrows go through them.
  await ann.room(other).focus()
  await keyboard.press('ArrowDown')
  await expect(ann.room(one)).toBeFocused()
  await keyboard.press('Home')
  await expect(ann.room(other)).toBeFocused()
  await expect(ann.rooms.locator('a[tabindex="0"]')).toHaveCount(1)
  await keyboard.press('End')
  await keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: one })).toBeVisible()
  await expect(ann.composer).toBeFocused()
  await keyboard.press('Alt+ArrowUp')
  await expect(page.getByRole('heading', { name: other })).toBeVisible()
  await keyboard.press('Control+k')
  await keyboard.type(one.toUpperCase())
  await keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: one })).toBeVisible()
  await expect(ann.composer).toBeFocused()

  // A line of its own, sent, changed, and not changed.
  await keyboard.type('first line')
  await keyboard.press('Shift+Enter')
  await keyboard.type('second line')
  await keyboard.press('Enter')
  // Confirmed: what is on its way can't be changed.
  await expect(ann.log.locator('li[data-seq]').filter({ hasText: 'second line' })).toHaveCount(1)
  await keyboard.press('ArrowUp')
  const edited = page.getByRole('textbox', { name: 'Edited message' })
  await expect(edited).toHaveValue('first line\nsecond line')
  await keyboard.press('Escape')
  await expect(ann.composer).toHaveValue('')
  await expect(ann.composer).toBeFocused()

  // From message to message, and back to where the menu was opened.
  await ann.log.focus()
  await keyboard.press('ArrowUp')
  await expect(ann.log.locator('li').last()).toBeFocused()
  await keyboard.press('ArrowUp')
  await expect(ann.log.locator('li').first()).toBeFocused()
  await keyboard.press('ArrowDown')
  await keyboard.press('Enter')
  await expect(page.getByRole('menuitem', { name: 'Edit' })).toBeVisible()
  await keyboard.press('Escape')
  await expect(ann.log.locator('li').last()).toBeFocused()

  const members = page.getByRole('button', { name: 'Members', exact: true })
  await members.focus()
  await keyboard.press('Enter')
  await expect(page.getByRole('button', { name: 'Close members' })).toBeFocused()
  await keyboard.press('Escape')
  await expect(members).toBeFocused()

  // The divider, and that it stays.
  const divider = page.getByRole('separator', { name: 'Width of the room list' })
  const width = Number(await divider.getAttribute('aria-valuenow'))
  await divider.focus()
  await keyboard.press('ArrowRight')
  await expect(divider).toHaveAttribute('aria-valuenow', String(width + 16))
  await page.reload()
  await expect(divider).toHaveAttribute('aria-valuenow', String(width + 16))
})

test('on a phone: one pane at a time, and back', async ({ openBrowser }) => {
  const ann = await enter(openBrowser)
  const { page } = ann
  await page.setViewportSize({ width: 360, height: 640 })
  const name = unique('Phone')
  await ann.createRoom(name)
  await expect(ann.rooms).toBeHidden()
  await ann.send('from a phone')
  await expect(ann.message('from a phone')).toBeVisible()
  expect(await ann.composer.evaluate((field) => field.getBoundingClientRect().bottom <= innerHeight)).toBe(true)
  await page.getByRole('button', { name: 'Back to my rooms' }).click()
  await expect(ann.room(name)).toContainText('You: from a phone')
  await expect(ann.composer).toBeHidden()
  await ann.room(name).click()
  await page.goBack()
  await expect(ann.room(name)).toBeVisible()
})

test('a draft waits in its room, over a reload', async ({ openBrowser }) => {
  const ann = await enter(openBrowser)
  const [one, other] = [unique('Draft one'), unique('Draft other')]
  await ann.createRoom(one)
  await ann.composer.fill('half a sentence')
  await ann.createRoom(other)
  await expect(ann.composer).toHaveValue('')
  await ann.open(one)
  await expect(ann.composer).toHaveValue('half a sentence')
  await ann.page.reload()
  await expect(ann.composer).toHaveValue('half a sentence')
  await ann.composer.press('Enter')
  await expect(ann.message('half a sentence')).toHaveCount(1)
  await ann.page.reload()
  await expect(ann.message('half a sentence')).toHaveCount(1)
  await expect(ann.composer).toHaveValue('')
})

test('what is too long is counted and not sent; what the server refuses says why, and can be sent again', async ({
  openBrowser,
}) => {
  const ann = await enter(openBrowser)
  const { page } = ann
  await ann.createRoom(unique('Refused'))
  await ann.composer.fill('x'.repeat(4001))
  await expect(page.getByText('1 character too many.')).toBeVisible()
  await ann.composer.press('Enter')
  await expect(ann.composer).toHaveValue('x'.repeat(4001))

  // On its way it becomes something that the server does not take.
  await page.route('**/messages', (route) => {
    const body = route.request().postDataJSON() as object
    return route.continue({ postData: JSON.stringify({ ...body, content: 'x'.repeat(4001) }) })
  })
  await ann.send('refused')
  const failed = ann.log.getByRole('listitem').filter({ hasText: 'refused' })
  await expect(failed.getByRole('img', { name: 'Not sent' })).toBeVisible()
  await expect(failed.getByRole('alert')).toContainText('4000')
  expect(await violations(page)).toEqual([])
  await page.unroute('**/messages')
  await failed.getByRole('button', { name: 'Retry' }).click()
  await expect(failed.getByRole('img', { name: 'Not sent' })).toHaveCount(0)
  await page.reload()
  await expect(ann.message('refused')).toHaveCount(1)
})

test('the reader stays where they are while messages are loaded above and come below', async ({ openBrowser }) => {
  test.slow()
  const [ann, bob] = [await enter(openBrowser), await enter(openBrowser)]
  const { page } = ann
  const name = unique('Long')
  await ann.createRoom(name)
  const roomId = roomIdOf(page)
  await bob.join(name)
  const write = async ({ page: writer }: MessengerPage, about: string, count: number) => {
    for (let index = 1; index <= count; index += 1) await post(writer, roomId, `${about} ${index}`)
  }
  await Promise.all([write(ann, 'ann', 60), write(bob, 'bob', 60)])
  await page.goto('/messenger')
  await write(bob, 'unread', 30)
  await expect(ann.room(name)).toContainText('30 unread')
  await expect(page).toHaveTitle('(30) Backchannel messenger')
  await ann.open(name)
  await expect(ann.log.getByTestId('unread-line')).toBeInViewport()
  // What was in sight is read, the rest is not.
  await expect(page).toHaveTitle(/^\((?:[12]\d|\d)\) Backchannel messenger$/)
  await page.getByRole('button', { name: 'Jump to the end' }).click()
  await expect(ann.message('unread 30')).toBeInViewport()
  await expect(page).toHaveTitle('Backchannel messenger')

  /** The first message in sight, and how far from the top it is. */
  const place = () =>
    ann.log.evaluate((box) => {
      const { top } = box.getBoundingClientRect()
      const row = [...box.querySelectorAll('li')].find((one) => one.getBoundingClientRect().bottom > top)
      return { seq: row?.getAttribute('data-seq'), top: Math.round((row?.getBoundingClientRect().top ?? 0) - top) }
    })
  const first = () => ann.log.locator('li').first().getAttribute('data-seq')
  // Up to the beginning, a page at a time.
  await ann.log.hover()
  for (let before = await first(); before !== '1';) {
    await ann.log.evaluate((box) => (box.scrollTop = 300))
    const reading = await place()
    await expect.poll(first).not.toBe(before)
    expect(await place()).toEqual(reading)
    before = await first()
  }

  await ann.log.evaluate((box) => (box.scrollTop = 300))
  const reading = await place()
  await write(bob, 'later', 3)
  await expect(page.getByRole('button', { name: '3 new' })).toBeVisible()
  expect(await place()).toEqual(reading)
  await page.getByRole('button', { name: '3 new' }).click()
  await expect(ann.message('later 1')).toBeInViewport()
  await page.getByRole('button', { name: 'Jump to the end' }).or(ann.message('later 3')).first().click()
  await expect(ann.message('later 3')).toBeInViewport()

  // At the end it is followed.
  await write(bob, 'last', 2)
  await expect(ann.message('last 2')).toBeInViewport()

  // A link leads to its message, also when it is far away.
  await page.goto(`/messenger/${roomId}?m=5`)
  await expect(ann.log.locator('li[data-seq="5"]')).toBeInViewport()
  await ann.send('from the past')
  await expect(ann.message('from the past')).toBeInViewport()
})

test('who comes back to a room follows it again, and a message that is not there is said to be missing', async ({
  openBrowser,
}) => {
  const [ann, bob] = [await enter(openBrowser), await enter(openBrowser)]
  const [one, other] = [unique('Back one'), unique('Back other')]
  await ann.createRoom(one)
  const roomId = roomIdOf(ann.page)
  await bob.join(one)
  await bob.open(one)
  await ann.createRoom(other)
  await ann.open(one)
  const texts = Array.from({ length: 25 }, (_, index) => `line ${index + 1}`)
  for (const text of texts) {
    await bob.send(text)
    await expect(ann.message(text)).toBeInViewport()
  }
  await expect(ann.page.getByTestId('unread-line')).toHaveCount(0)
  await ann.page.goto(`/messenger/${roomId}?m=9999`)
  await expect(ann.page.getByRole('alert').filter({ hasText: /\S/ })).toBeVisible()
  await bob.send('and on')
  await expect(ann.message('and on')).toBeInViewport()
})

test('new messages are announced, those of other rooms in short', async ({ openBrowser }) => {
  const [ann, bob] = [await enter(openBrowser), await enter(openBrowser)]
  const name = unique('News')
  await ann.createRoom(name)
  await bob.join(name)
  await bob.open(name)
  const news = ann.page.getByTestId('news')
  await bob.send('**Hello** Ann')
  await expect(news).toHaveText(/^User \w+: Hello Ann$/)
  await ann.page.goto('/messenger')
  await ann.isLive()
  await expect(ann.room(name)).toBeVisible()
  await bob.send('Where are you?')
  await expect(news).toHaveText(new RegExp(`^New message in ${name} from User`))
})

test('a direct conversation: who is online, who types, and what was read', async ({ openBrowser }) => {
  const [ann, bob] = [await enter(openBrowser), await enter(openBrowser)]
  const bobsName = (await bob.page.getByRole('button', { name: /^User / }).textContent()) ?? ''
  await ann.page.getByRole('button', { name: 'New direct message' }).click()
  await ann.page.getByRole('searchbox', { name: 'Find people' }).fill(bobsName)
  await ann.page.getByRole('list', { name: 'People' }).getByRole('button', { name: bobsName }).click()
  await expect(ann.page.getByRole('heading', { name: bobsName })).toBeVisible()
  await expect(ann.page.getByTestId('room-about')).toHaveText('Online')
  await ann.send('Are you there?')
  const receipt = ann.log.getByRole('listitem').filter({ hasText: 'Are you there?' })
  await expect(receipt.getByRole('img', { name: 'Sent' })).toBeVisible()

  await bob.rooms.getByRole('link').click()
  await expect(bob.message('Are you there?')).toBeVisible()
  await expect(receipt.getByRole('img', { name: 'Read' })).toBeVisible()
  await bob.composer.pressSequentially('I am')
  await expect(ann.page.getByTestId('room-about')).toHaveText(`${bobsName} is typing`)
  await bob.composer.press('Enter')
  await expect(ann.message('I am')).toBeVisible()
  await expect(ann.page.getByTestId('room-about')).toHaveText('Online')
})

test('a search leads to its message; a room found by name is joined and left in its row', async ({ openBrowser }) => {
  const [ann, bob] = [await enter(openBrowser), await enter(openBrowser)]
  const name = unique('Found')
  await ann.createRoom(name)
  const word = unique('needle')
  await ann.send(`a ${word} in a haystack`)
  await expect(ann.log.getByText(word)).toBeVisible()
  await ann.page.goto('/messenger?view=search')
  await ann.page.getByRole('searchbox', { name: 'Search in messages' }).fill(word)
  await ann.page.getByRole('list', { name: 'Found messages' }).getByRole('button').click()
  await expect(ann.log.getByText(word)).toBeInViewport()

  await bob.page.getByRole('button', { name: 'Discover rooms' }).click()
  await bob.page.getByRole('searchbox', { name: 'Find a room' }).fill(name)
  const row = bob.page.getByRole('list', { name: 'Found rooms' }).getByRole('listitem').filter({ hasText: name })
  await expect(row).toContainText('1 member')
  await row.getByRole('button', { name: `Join ${name}` }).click()
  await expect(row).toContainText('2 members')
  await row.getByRole('button', { name: `Leave ${name}` }).click()
  await expect(row.getByRole('button', { name: `Join ${name}` })).toBeVisible()
})

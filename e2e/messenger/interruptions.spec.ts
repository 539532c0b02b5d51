/** What a messenger is judged by: the line breaks, the server goes, and nothing is missing or doubled afterwards. */
import { missingServices, servicesAreRequired, startPostgres } from '@backchannel/servers'
import type { Browser } from '@playwright/test'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, ownAddress, test } from '../support/fixtures.ts'
import { Line } from '../support/line.ts'
import { MessengerPage } from '../support/messenger-page.ts'
import { unique } from '../support/realtime-page.ts'
import { SandboxServer } from '../support/sandbox-server.ts'
import { enter } from '../support/sign-in.ts'

async function arrive(browser: Browser, url: string, person: 'Ada' | 'Grace'): Promise<MessengerPage> {
  const context = await browser.newContext({ baseURL: url, extraHTTPHeaders: ownAddress() })
  return MessengerPage.as(await context.newPage(), person)
}

/** Ada and Grace in a room of their own. */
async function conversation(browser: Browser, adaUrl: string, graceUrl: string) {
  const [ada, grace] = [await arrive(browser, adaUrl, 'Ada'), await arrive(browser, graceUrl, 'Grace')]
  const name = unique('Storm')
  await ada.createRoom(name)
  await grace.join(name)
  await grace.open(name)
  return { ada, grace }
}

const numbered = (about: string, count: number) => Array.from({ length: count }, (_, index) => `${about} ${index + 1}`)

test('a minute without a line: all of it arrives, in order and once, and what was written meanwhile is sent', async ({
  browser,
}) => {
  test.slow()
  const sandbox = await SandboxServer.start()
  const line = new Line(() => sandbox.port)
  await line.open()
  try {
    const { ada, grace } = await conversation(browser, sandbox.url, line.url)
    await ada.send('before')
    await expect(grace.message('before')).toBeVisible()
    await grace.page.evaluate(() => document.querySelector('[role=log]')?.setAttribute('data-same', 'page'))

    await line.cut()
    await grace.isAway()
    // Going about is no loading: nothing of the messenger goes away.
    await grace.page.getByRole('button', { name: 'Search messages' }).click()
    await grace.page.getByRole('button', { name: 'Back to my rooms' }).first().click()
    await expect(grace.composer).toBeVisible()
    await grace.send('written without a line')
    await expect(grace.log.getByRole('img', { name: /Waiting|Sending/ })).toBeVisible()
    const missed = numbered('missed', 15)
    for (const text of missed) {
      await ada.send(text)
      await pause(4000)
    }
    await line.open()

    await expect(grace.message('missed 15')).toBeVisible({ timeout: 60_000 })
    expect(await grace.texts('missed')).toEqual(missed)
    for (const reader of [ada, grace]) {
      await expect(reader.message('written without a line')).toHaveCount(1, { timeout: 60_000 })
    }
    // Recovered, and not reloaded.
    await expect(grace.log).toHaveAttribute('data-same', 'page')
  } finally {
    await line.cut()
    await sandbox.remove()
  }
})

const set = [
  { database: 'PGlite', delivery: 'commit' },
  { database: 'Postgres', delivery: 'outbox' },
] as const

for (const { database, delivery } of set) {
  test(`killed in the middle of a conversation, on ${database}, delivery ${delivery}: nothing lost, nothing doubled, one order`, async ({
    browser,
  }) => {
    const missing = database === 'Postgres' ? await missingServices('postgres') : undefined
    if (missing !== undefined && servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${missing}`)
    test.skip(missing !== undefined, missing)
    test.slow()
    const postgres = database === 'Postgres' ? await startPostgres() : undefined
    const sandbox = await SandboxServer.start({
      env: {
        MESSENGER_DELIVERY: delivery,
        ...(postgres === undefined ? {} : { DATABASE_URL: await postgres.createDatabase() }),
      },
    })
    try {
      const { ada, grace } = await conversation(browser, sandbox.url, sandbox.url)
      const write = async (who: MessengerPage, texts: string[]) => {
        for (const text of texts) {
          await who.send(text)
          await pause(250)
        }
      }
      const [hers, theirs] = [numbered('ada', 24), numbered('grace', 24)]
      const writing = Promise.all([write(ada, hers), write(grace, theirs)])
      await pause(2000)
      await sandbox.end('SIGKILL')
      await pause(1500)
      await sandbox.start()
      await writing

      await expect.poll(() => ada.texts('ada'), { timeout: 90_000 }).toEqual(hers)
      await expect.poll(() => grace.texts('grace'), { timeout: 90_000 }).toEqual(theirs)
      await expect.poll(() => ada.texts('grace'), { timeout: 90_000 }).toEqual(theirs)
      await expect.poll(() => grace.texts('ada'), { timeout: 90_000 }).toEqual(hers)
      // One order, which is that of the database.
      const order = await ada.texts('')
      expect(await grace.texts('')).toEqual(order)
      await grace.page.reload()
      await expect.poll(() => grace.texts('')).toEqual(order)
    } finally {
      await sandbox.remove()
      await postgres?.stop()
    }
  })
}

test('with realtime off the server is asked now and then, and the page says so', async ({ browser }) => {
  const sandbox = await SandboxServer.start({ env: { REALTIME: 'off' } })
  try {
    const pages = await Promise.all(
      (['Ada', 'Grace'] as const).map(async (person) => {
        const context = await browser.newContext({ baseURL: sandbox.url, extraHTTPHeaders: ownAddress() })
        const page = await context.newPage()
        await enter(context, person)
        await page.goto('/messenger')
        await expect(page.getByRole('img', { name: 'Connection: asking the server' })).toBeVisible()
        return new MessengerPage(page)
      }),
    )
    const [ada, grace] = pages as [MessengerPage, MessengerPage]
    const name = unique('Polled')
    await ada.createRoom(name)
    await grace.join(name)
    await grace.open(name)
    await ada.send('slowly')
    await expect(ada.message('slowly')).toHaveCount(1)
    await expect(grace.message('slowly')).toHaveCount(1)
    await grace.send('but surely')
    await expect(ada.message('but surely')).toHaveCount(1)
  } finally {
    await sandbox.remove()
  }
})

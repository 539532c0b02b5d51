// The streams page: plain events over both drivers, in two browsers, with the line cut now and then.
import type { Locator, Page } from '@playwright/test'
import { expect, test } from '../support/fixtures.ts'
import { unique } from '../support/realtime-page.ts'

const streams = '/sandbox/streams'

class Pane {
  readonly root: Locator

  constructor(page: Page, driver: 'sse' | 'websocket') {
    this.root = page.getByTestId(driver)
  }

  async connect(): Promise<void> {
    await this.root.getByRole('button', { name: 'Connect', exact: true }).click()
    await expect(this.root.getByTestId('realtime-badge')).toHaveText('Live')
    await expect(this.line('Joined the lobby')).toBeVisible()
  }

  line(text: string | RegExp): Locator {
    return this.root.getByRole('log').getByText(text)
  }

  async send(text: string, to = 'Everybody'): Promise<void> {
    await this.root.getByLabel('To').selectOption(to)
    await this.root.getByLabel('Note').fill(text)
    await this.root.getByRole('button', { name: 'Send' }).click()
    await expect(this.root.getByText(/^Sent to \d+ connection/)).toBeVisible()
  }
}

function open(page: Page): { sse: Pane; websocket: Pane } {
  return { sse: new Pane(page, 'sse'), websocket: new Pane(page, 'websocket') }
}

for (const driver of ['sse', 'websocket'] as const) {
  test(`${driver}: a note reaches whom it is for, and nobody else`, async ({ openBrowser }) => {
    const [ann, bob] = [open(await openBrowser('new', streams)), open(await openBrowser('new', streams))]
    await ann[driver].connect()
    await bob[driver].connect()
    const [toAll, toMe, toLobby] = [unique('all'), unique('me'), unique('lobby')]
    await ann[driver].send(toAll)
    await ann[driver].send(toMe, 'Only me')
    await ann[driver].send(toLobby, 'The lobby')
    for (const text of [toAll, toMe, toLobby]) await expect(ann[driver].line(text)).toBeVisible()
    await expect(bob[driver].line(toLobby)).toBeVisible()
    await expect(bob[driver].line(toAll)).toBeVisible()
    await expect(bob[driver].line(toMe)).toHaveCount(0)
  })

  test(`${driver}: a line that is cut comes back by itself`, async ({ openBrowser }) => {
    const page = open(await openBrowser('new', streams))
    const pane = page[driver]
    await pane.connect()
    await pane.root.getByRole('button', { name: 'Cut the line' }).click()
    await expect(pane.line('The line was cut')).toBeVisible()
    await expect(pane.line('Connected again')).toBeVisible()
    await expect(pane.root.getByTestId('realtime-badge')).toHaveText('Live')
    const text = unique('after')
    await pane.send(text)
    await expect(pane.line(text)).toBeVisible()
  })
}

test('sse: what is sent while the line is cut is caught up with, once', async ({ openBrowser }) => {
  const { sse } = open(await openBrowser('new', streams))
  const other = open(await openBrowser('new', streams))
  await sse.connect()
  const [before, meanwhile] = [unique('before'), unique('meanwhile')]
  await other.sse.send(before)
  await expect(sse.line(before)).toBeVisible()
  await sse.root.getByRole('button', { name: 'Cut the line' }).click()
  await expect(sse.line('The line was cut')).toBeVisible()
  await other.sse.send(meanwhile)
  await expect(sse.line('Connected again')).toBeVisible()
  await expect(sse.line(meanwhile)).toHaveCount(1)
  await expect(sse.line(before)).toHaveCount(1)
})

test('heartbeats can be seen: on the wire of one, answered by the other', async ({ openBrowser }) => {
  const page = await openBrowser('new', streams)
  const { websocket } = open(page)
  await websocket.connect()
  await page.getByRole('button', { name: 'Watch the wire' }).click()
  const wire = page.getByTestId('wire')
  await expect(wire).toContainText('retry: ')
  await expect(wire).toContainText(': heartbeat')
  await expect(websocket.line(/^Heartbeat answered in \d+ ms$/)).not.toHaveCount(0)
})

test('nobody who is not signed in is let in', async ({ running, request }) => {
  const answer = await request.get(`${running.sandbox.url}/api/streams/events`)
  expect(answer.status()).toBe(401)
  const socket = await request.get(`${running.sandbox.url}/api/streams/socket`, {
    headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
  })
  expect(socket.status()).toBe(401)
})

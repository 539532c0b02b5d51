import type { WebSocketRoute } from '@playwright/test'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, ownAddress, test, type Running } from '../support/fixtures.ts'
import { RealtimePage, unique } from '../support/realtime-page.ts'
import { signInAsDemoUser, signUp } from '../support/sign-in.ts'

/** What a curl from a terminal does. */
function publishByApi({ apiUrl, apiKey }: Running, channel: string, text: string, key = apiKey): Promise<Response> {
  return fetch(`${apiUrl}/publish`, {
    method: 'POST',
    headers: { 'X-API-Key': key },
    body: JSON.stringify({ channel, data: { text } }),
  })
}

test('sign in, connect, publish: the message comes over the socket', async ({ browser, running }) => {
  const context = await browser.newContext({ baseURL: running.sandbox.url, extraHTTPHeaders: ownAddress() })
  const realtime = new RealtimePage(await context.newPage())
  await signInAsDemoUser(realtime.page)

  // It does not connect by itself.
  await realtime.isOffline()
  await expect(realtime.log).toContainText('Press Connect')
  expect(realtime.sockets).toHaveLength(0)

  await realtime.connect()
  expect(realtime.sockets.map((socket) => socket.url())).toEqual([running.websocketUrl])

  const text = unique('first')
  expect(realtime.received()).not.toContain(text)
  await realtime.publish(text)
  await expect(realtime.message(text)).toHaveCount(1)
  expect(realtime.received()).toContain(text)
  await expect(realtime.log.getByRole('listitem').filter({ hasText: text }).getByRole('time')).toHaveText(
    /^\d\d:\d\d:\d\d$/,
  )

  await realtime.page.getByRole('button', { name: 'Disconnect' }).click()
  await realtime.isOffline()
  await expect.poll(() => realtime.sockets.every((socket) => socket.isClosed())).toBe(true)
  await context.close()
})

test('sign up, connect, publish', async ({ browser, running }) => {
  const context = await browser.newContext({ baseURL: running.sandbox.url, extraHTTPHeaders: ownAddress() })
  const realtime = new RealtimePage(await context.newPage())
  await signUp(realtime.page)
  await realtime.connect()
  const text = unique('newly signed up')
  await realtime.publish(text)
  await expect(realtime.message(text)).toHaveCount(1)
  await context.close()
})

test('no local echo: with the socket cut nothing appears, and it comes when the socket is back', async ({
  openBrowser,
}) => {
  const cut = new RealtimePage(await openBrowser('demo'))
  const witness = new RealtimePage(await openBrowser('new'))
  await witness.connect()

  let open = true
  const routes: WebSocketRoute[] = []
  await cut.page.routeWebSocket(/\/connection\/websocket$/, (route) => {
    routes.push(route)
    const server = route.connectToServer()
    server.onMessage((message) => {
      if (open) route.send(message)
    })
  })
  await cut.connect()
  const before = unique('before the cut')
  await cut.publish(before)
  await expect(cut.message(before)).toBeVisible()

  open = false
  const during = unique('during the cut')
  await cut.publish(during)
  await expect(witness.message(during)).toBeVisible()
  // The server saved it, delivered it, and told this page so. Still the list knows nothing of it.
  await expect(cut.message(during)).toHaveCount(0)
  await expect(cut.message(before)).toHaveCount(1)

  open = true
  await routes.at(-1)?.close({ code: 3000, reason: 'the line is back' })
  await expect(cut.message(during)).toHaveCount(1)
  expect(routes).toHaveLength(2)
  await expect(cut.message(before)).toHaveCount(1)
})

test('another user hears the shared channel, and nothing of a personal one', async ({ openBrowser }) => {
  const one = new RealtimePage(await openBrowser('demo'))
  const other = new RealtimePage(await openBrowser('new'))
  await other.connect()
  await one.choose('personal')
  await one.connect()

  const secret = unique('only for me')
  await one.publish(secret)
  await expect(one.message(secret)).toBeVisible()

  await one.choose('shared')
  await one.isLive()
  // Another channel, the same socket.
  expect(one.sockets).toHaveLength(1)
  const shared = unique('for everybody')
  await one.publish(shared)
  await expect(one.message(shared)).toBeVisible()
  // Sent after the secret on the other's only socket: had the secret come, it would be here by now.
  await expect(other.message(shared)).toBeVisible()
  expect(other.received()).toContain(shared)
  expect(other.received()).not.toContain(secret)
})

test('tokens: for oneself alone', async ({ openBrowser, request, running }) => {
  const one = await openBrowser('demo')
  const other = await openBrowser('new')
  const personal = await one.getByRole('radio', { name: 'Only you' }).getAttribute('aria-label')
  const channel = personal?.replace('Only you: ', '') ?? ''
  expect(channel).toMatch(/^personal:\w+$/)
  const ask = (of: typeof request, path: string) => of.get(`${running.sandbox.url}${path}`)

  const allowed = await ask(one.request, `/api/token/subscription?channel=${channel}`)
  expect(allowed.status()).toBe(200)
  expect(await allowed.json()).toEqual({ token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) })

  const foreign = await ask(other.request, `/api/token/subscription?channel=${channel}`)
  expect(foreign.status()).toBe(403)
  expect(await foreign.json()).toEqual({ detail: 'permission denied' })

  for (const path of ['/api/token/connection', `/api/token/subscription?channel=${channel}`]) {
    const nobody = await ask(request, path)
    expect(nobody.status()).toBe(401)
    expect(await nobody.json()).toEqual({ detail: 'unauthorized' })
  }
})

test('server functions: 401 without a session, 403 for another’s channel, and a length limit', async ({
  openBrowser,
  request,
}) => {
  const page = await openBrowser('demo')
  const realtime = new RealtimePage(page)
  const calls: { url: string; method: string; headers: Record<string, string>; body: string | null }[] = []
  page.on('request', (sent) => {
    if (!sent.url().includes('/_serverFn/')) return
    calls.push({ url: sent.url(), method: sent.method(), headers: sent.headers(), body: sent.postData() })
  })
  await realtime.connect()
  await realtime.publish(unique('to be replayed'))

  const repeat = (call: (typeof calls)[number] | undefined, body = call?.body) => {
    if (call === undefined) throw new Error('The page made no such call')
    const { cookie: _, ...headers } = call.headers
    return { url: call.url, options: { method: call.method, headers, ...(body && { data: body }) } }
  }
  const connection = repeat(calls.find(({ method }) => method === 'GET'))
  const publish = calls.find(({ method }) => method === 'POST')
  for (const { url, options } of [connection, repeat(publish)]) {
    const answer = await request.fetch(url, options)
    expect(answer.status()).toBe(401)
    expect(await answer.json()).toEqual({ detail: 'unauthorized' })
  }

  const elsewhere = repeat(publish, publish?.body?.replace('sandbox:demo', 'personal:somebody'))
  expect((await page.request.fetch(elsewhere.url, elsewhere.options)).status()).toBe(403)
  const long = repeat(publish, publish?.body?.replace('to be replayed', 'long'.repeat(200)))
  const tooLong = await page.request.fetch(long.url, long.options)
  expect(tooLong.status()).toBe(400)
  expect(await tooLong.json()).toEqual({ detail: 'At most 500 characters.' })
  // The same request, unchanged, is accepted: it was not refused for being a replay.
  const unchanged = repeat(publish)
  expect((await page.request.fetch(unchanged.url, unchanged.options)).status()).toBe(200)
})

test('a session that has ended leads to the sign-in page, and back', async ({ openBrowser }) => {
  const realtime = new RealtimePage(await openBrowser('demo'))
  const { page } = realtime
  await realtime.connect()
  await page.context().clearCookies()
  await page.getByLabel('Message', { exact: true }).fill('too late')
  await page.getByRole('button', { name: 'Publish', exact: true }).click()
  await page.waitForURL(/\/sign-in\?redirect=/)
  // The page is gone, and its socket with it.
  await expect.poll(() => realtime.sockets.every((socket) => socket.isClosed())).toBe(true)
  await page.getByRole('button', { name: 'Continue as demo user' }).click()
  await page.waitForURL(/\/sandbox\/realtime$/)
})

test('a POST to the server API appears in every browser', async ({ openBrowser, running }) => {
  const browsers = [new RealtimePage(await openBrowser('demo')), new RealtimePage(await openBrowser('new'))]
  for (const realtime of browsers) await realtime.connect()

  const text = unique('from a terminal')
  const answer = await publishByApi(running, 'sandbox:demo', text)
  expect(answer.status).toBe(200)
  expect(await answer.json()).toHaveProperty('result')
  for (const realtime of browsers) await expect(realtime.message(text)).toBeVisible()

  expect((await publishByApi(running, 'sandbox:demo', text, 'wrong')).status).toBe(401)
  // On Centrifugo the app starts no hub of its own: these paths are nobody's.
  const own = await fetch(`${running.sandbox.url}/api/publish`, { method: 'POST' })
  expect(own.status).toBe(running.centrifugo === undefined ? 401 : 404)
})

test('the list follows the newest message, unless the reader has scrolled back', async ({ openBrowser, running }) => {
  const realtime = new RealtimePage(await openBrowser('new'))
  await realtime.connect()
  const tall = (about: string) => unique(`${`${about}\n`.repeat(60)}${about}`)

  const followed = tall('a tall message')
  await publishByApi(running, 'sandbox:demo', followed)
  const end = () => realtime.log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight)
  await expect(realtime.message(followed)).toBeVisible()
  await expect.poll(end).toBeLessThan(10)

  await realtime.log.hover()
  await realtime.page.mouse.wheel(0, -600)
  await expect.poll(end).toBeGreaterThan(400)
  const unfollowed = tall('another one')
  await publishByApi(running, 'sandbox:demo', unfollowed)
  await expect(realtime.message(unfollowed)).toBeVisible()
  expect(await end()).toBeGreaterThan(1000)
})

test('what is told of one channel is gone with the other chosen', async ({ openBrowser }) => {
  const realtime = new RealtimePage(await openBrowser('new'))
  const { page } = realtime
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  await page.route('**/_serverFn/**', async (route) => {
    const answer = await route.fetch()
    if (route.request().method() === 'POST') await held
    await route.fulfill({ response: answer })
  })
  const text = unique('of the shared channel')
  await page.getByLabel('Message', { exact: true }).fill(text)
  const answered = page.waitForResponse((response) => response.request().method() === 'POST')
  await page.getByRole('button', { name: 'Publish', exact: true }).click()
  await realtime.choose('personal')
  await expect(page.getByText('Nothing yet.')).toBeVisible()
  release()
  await answered
  await expect(page.getByRole('button', { name: 'Publish', exact: true })).toBeEnabled()
  await expect(page.getByTestId('publish-outcome')).toBeEmpty()
  await expect(page.getByText('Nothing yet.')).toBeVisible()
  await realtime.choose('shared')
  await expect(page.getByTestId('saved-messages')).toContainText(text)
})

test('a server that is away: the page says so where it was asked, until it is back', async ({ openBrowser }) => {
  const realtime = new RealtimePage(await openBrowser('new'))
  const { page } = realtime
  // What the page still asks for must not be what fails: then there is no page.
  await page.waitForLoadState('networkidle')
  await page.route('**/_serverFn/**', (route) => route.abort())
  await page.getByRole('button', { name: 'Refresh what is saved' }).click()
  const unreachable = page.getByRole('region', { name: 'In the database' }).getByRole('alert')
  await expect(unreachable).toHaveText('The server could not be reached.')
  await realtime.publish(unique('not saved'), 'Not saved: the server could not be reached.')
  await page.getByLabel('Message', { exact: true }).press('End')
  await page.keyboard.type('!')
  await expect(page.getByTestId('publish-outcome')).toBeEmpty()

  await realtime.publish(unique('not saved'), 'Not saved: the server could not be reached.')
  await page.unrouteAll()
  await page.getByRole('button', { name: 'Refresh what is saved' }).click()
  await expect(unreachable).toHaveCount(0)
  await realtime.connect()
  await expect(page.getByTestId('publish-outcome')).toBeEmpty()
})

test('a refused channel on an open connection: the connection stands, and the page says which is which', async ({
  openBrowser,
}) => {
  const realtime = new RealtimePage(await openBrowser('new'))
  const { page } = realtime
  await page.route('**/api/token/subscription*', (route) => route.fulfill({ status: 403, json: { detail: 'no' } }))
  await realtime.choose('personal')
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await expect(page.getByText('Connected; this channel is refused')).toBeVisible()
  await realtime.isOffline()
  // The longest of the states: on a phone, too, the button stays beside it.
  await page.setViewportSize({ width: 360, height: 800 })
  const badge = await realtime.badge.boundingBox()
  const button = await page.getByRole('button', { name: 'Disconnect' }).boundingBox()
  expect(button?.y).toBeLessThan((badge?.y ?? 0) + (badge?.height ?? 0))
  await realtime.choose('shared')
  await realtime.isLive()
  expect(realtime.sockets).toHaveLength(1)
})

test('the first attempt fails: the page says so and goes on trying', async ({ openBrowser, running }) => {
  const realtime = new RealtimePage(await openBrowser('new'))
  const { page } = realtime
  let held = true
  await page.routeWebSocket(/\/connection\/websocket$/, (route) => {
    if (held) void route.close({ code: 3000, reason: 'not yet' })
    else route.connectToServer()
  })
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await expect(page.getByRole('alert')).toHaveText(
    `${running.websocketUrl} does not answer, or refuses this page’s origin. Trying again.`,
  )
  held = false
  await realtime.isLive()
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('the curl line on the page works as it stands there', async ({ openBrowser, running }) => {
  const curl = spawnSync('curl', ['--version'])
  test.skip(curl.status !== 0, 'curl is not installed')

  const realtime = new RealtimePage(await openBrowser('new'))
  const { page } = realtime
  const folder = mkdtempSync(path.join(tmpdir(), 'backchannel-terminal-'))
  writeFileSync(path.join(folder, '.env.local'), `CENTRIFUGO_API_KEY=${running.apiKey}\n`)
  await realtime.choose('personal')
  await realtime.connect()
  const command = (await page.locator('pre').filter({ hasText: 'curl' }).textContent()) ?? ''
  expect(command).toContain('"channel":"personal:')
  const terminal = spawnSync('sh', ['-c', command], {
    cwd: folder,
    env: { ...process.env, DATA_DIR: running.sandbox.dataDir },
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true })
  expect(JSON.parse(terminal.stdout)).toHaveProperty('result')
  await expect(realtime.message('Hello from a terminal')).toHaveCount(1)
})

test('the app’s server restarts: the open tab comes back by itself and knows what it missed', async ({
  openBrowser,
  running,
}) => {
  const { sandbox, centrifugo } = running
  const realtime = new RealtimePage(await openBrowser('demo'))
  let held = false
  await realtime.page.routeWebSocket(/\/connection\/websocket$/, (route) => {
    if (held) void route.close({ code: 3000, reason: 'not yet' })
    else route.connectToServer()
  })
  await realtime.connect()
  const before = unique('before the restart')
  await realtime.publish(before)
  await expect(realtime.message(before)).toBeVisible()

  held = true
  await sandbox.end()
  if (centrifugo === undefined) await realtime.isOffline()
  await sandbox.start()
  const meanwhile = unique('while the tab was away')
  expect((await publishByApi(running, 'sandbox:demo', meanwhile)).status).toBe(200)
  held = false
  await realtime.isLive()

  const gap = realtime.page.getByTestId('missed')
  if (centrifugo === undefined) {
    // The hub's memory went with its process. It says so instead of passing over the gap.
    await expect(gap).toHaveText('The server started anew. What was published here meanwhile is in the database.')
    await expect(realtime.page.getByRole('alert')).toHaveCount(0)
    await expect(realtime.message(meanwhile)).toHaveCount(0)
  } else {
    await expect(realtime.message(meanwhile)).toBeVisible()
    await expect(gap).toBeEmpty()
  }
  const after = unique('after the restart')
  await realtime.publish(after)
  await expect(realtime.message(after)).toBeVisible()
  await expect(realtime.message(before)).toBeVisible()
  // Live messages again: what is told of the gap has had its time, and the other channel doesn't repeat it.
  await expect(gap).toBeEmpty()
  await realtime.choose('personal')
  await expect(realtime.log).toContainText('Listening on personal:')
  await expect(gap).toBeEmpty()
})

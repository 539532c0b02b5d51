import { expect, test } from '../support/fixtures.ts'
import { RealtimePage, unique } from '../support/realtime-page.ts'

test('Centrifugo is killed: the app goes on, says so, and heals when it is back', async ({ openBrowser, running }) => {
  const { centrifugo } = running
  if (centrifugo === undefined) throw new Error('This project has no Centrifugo')
  await expect.poll(() => running.sandbox.output).toContain(`publishing to Centrifugo at ${centrifugo.apiUrl}`)
  const realtime = new RealtimePage(await openBrowser('demo'))
  await realtime.connect()

  await centrifugo.kill()
  await realtime.isOffline()
  const unheard = unique('nobody hears this')
  const call = realtime.page.waitForResponse((response) => response.request().method() === 'POST')
  await realtime.publish(unheard, 'Saved, but not delivered live')
  const answer = await call
  expect(answer.status()).toBe(200)
  // A publish gives up after 5 seconds at the latest.
  expect(answer.request().timing().responseStart).toBeLessThan(6_000)
  await expect(realtime.message(unheard)).toHaveCount(0)

  // The page loads, and shows what was written; Connect works and the badge stays offline.
  const fresh = new RealtimePage(await realtime.page.context().newPage())
  expect((await fresh.page.goto('/sandbox/realtime'))?.status()).toBe(200)
  await expect(fresh.page.getByTestId('saved-messages')).toContainText(unheard)
  await fresh.page.getByRole('button', { name: 'Connect', exact: true }).click()
  await expect(fresh.page.getByRole('button', { name: 'Disconnect' })).toBeVisible()
  await fresh.isOffline()

  await centrifugo.restart()
  await realtime.isLive()
  await fresh.isLive()
  const heard = unique('everybody hears this')
  await realtime.publish(heard)
  await expect(realtime.message(heard)).toBeVisible()
  await expect(fresh.message(heard)).toBeVisible()
})

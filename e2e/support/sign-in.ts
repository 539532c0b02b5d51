/** The ways in: through the page, as people come, and by one call, for the tests of what lies behind it. */
import { expect, type BrowserContext, type Page } from '@playwright/test'
import { randomBytes } from 'node:crypto'
import { visit } from './hydration.ts'

/** One of those that need no password. */
export type DemoPerson = 'Ada' | 'Grace' | 'Linus' | 'Margaret'

const password = 'correct horse battery'

function somebody(): { name: string; email: string } {
  const name = `User ${randomBytes(3).toString('hex')}`
  return { name, email: `${name.replace(' ', '-').toLowerCase()}@example.com` }
}

export async function signInAsDemoUser(page: Page): Promise<void> {
  await visit(page, '/sandbox/realtime')
  await page.waitForURL(/\/sign-in/)
  await page.getByRole('button', { name: 'Continue as demo user' }).click()
  await page.getByRole('heading', { name: 'Realtime', exact: true }).waitFor()
}

export async function signUp(page: Page): Promise<void> {
  const { name, email } = somebody()
  await visit(page, '/sign-up?redirect=/sandbox/realtime')
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('heading', { name: 'Realtime', exact: true }).waitFor()
}

/** Gives the context's pages the session of the demo user, of a demo person, or of a new user. */
export async function enter(context: BrowserContext, user: 'demo' | 'new' | DemoPerson): Promise<void> {
  const answer =
    user === 'new'
      ? await context.request.post('/api/auth/sign-up/email', { data: { ...somebody(), password } })
      : await context.request.post('/api/auth/sign-in/demo', { data: user === 'demo' ? {} : { person: user } })
  expect(answer.status(), await answer.text()).toBe(200)
}

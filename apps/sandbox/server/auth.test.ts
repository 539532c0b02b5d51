import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientAddressHeader, createAuth, type Auth } from './auth.ts'
import { openPglite, type OpenDatabase } from './database.ts'
import { readSettings } from './settings.ts'

const origin = 'http://localhost:3000'
let dataDir: string
let database: OpenDatabase
let auth: Auth

beforeAll(async () => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'sandbox-auth-'))
  database = await openPglite(dataDir)
  auth = authWith({})
})
afterAll(async () => {
  await database.close()
  rmSync(dataDir, { recursive: true })
})

function authWith(environment: Record<string, string>): Auth {
  const settings = readSettings(environment, { mode: 'production', appDir: dataDir })
  return createAuth(database.db, 's'.repeat(43), 'http://localhost:1', settings, pino({ level: 'silent' }))
}

let addresses = 0
/** Every call comes from another address unless one is given: the rate limit counts per address. */
function post(route: string, body: object, { address }: { address?: string } = {}) {
  addresses += 1
  return auth.handler(
    new Request(`${origin}/api/auth${route}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        origin,
        [clientAddressHeader]: address ?? `10.0.0.${addresses}`,
      },
      body: JSON.stringify(body),
    }),
  )
}

const cookieOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
const userOf = async (response: Response) =>
  (await auth.api.getSession({ headers: new Headers({ cookie: cookieOf(response) }) }))?.user

describe('signing in', () => {
  test('an account: sign up, sign in, and the wrong password', async () => {
    const account = { name: 'Ada', email: 'ada@example.com', password: 'correct horse' }
    expect((await post('/sign-up/email', account)).status).toBe(200)
    const response = await post('/sign-in/email', { email: account.email, password: account.password })
    expect(await userOf(response)).toMatchObject({ name: 'Ada', email: 'ada@example.com' })
    expect((await post('/sign-in/email', { email: account.email, password: 'wrong horse' })).status).toBe(401)
  })

  test('the demo user: one click, no form, and everybody is the same user', async () => {
    const responses = await Promise.all([post('/sign-in/demo', {}), post('/sign-in/demo', {})])
    const users = await Promise.all(responses.map(userOf))
    expect(users[0]).toMatchObject({ name: 'Demo user' })
    expect(users[1]?.id).toBe(users[0]?.id)
  })

  test('demo people are each somebody, and only those on the list', async () => {
    const [ada, again, grace] = await Promise.all(
      ['Ada', 'Ada', 'Grace'].map(async (person) => userOf(await post('/sign-in/demo', { person }))),
    )
    expect(ada).toMatchObject({ name: 'Ada' })
    expect(again?.id).toBe(ada?.id)
    expect(grace).toMatchObject({ name: 'Grace' })
    expect((await post('/sign-in/demo', { person: 'Mallory' })).status).toBe(400)
    expect((await post('/sign-in/demo', { person: 'demo' })).status).toBe(400)
  })

  test('the demo user can be switched off', async () => {
    const request = new Request(`${origin}/api/auth/sign-in/demo`, { method: 'POST', headers: { origin } })
    expect((await authWith({ DEMO_USER: 'off' }).handler(request)).status).toBe(404)
  })

  test('a page of another origin can’t use anybody’s cookie', async () => {
    const signedIn = await post('/sign-in/demo', {})
    const response = await auth.handler(
      new Request(`${origin}/api/auth/sign-out`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'https://evil.example', cookie: cookieOf(signedIn) },
        body: '{}',
      }),
    )
    expect(response.status).toBe(403)
    expect(await userOf(signedIn)).toBeDefined()
  })

  test('a page of another origin can’t make a visitor the demo user', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', origin: 'https://evil.example' }
    const request = new Request(`${origin}/api/auth/sign-in/demo`, { method: 'POST', headers })
    expect((await auth.handler(request)).status).toBe(403)
  })

  test('too many attempts from one address are refused, from another address not', async () => {
    const attempt = (address: string) =>
      post('/sign-in/email', { email: 'nobody@example.com', password: 'guess guess' }, { address })
    const statuses: number[] = []
    for (let count = 0; count < 4; count += 1) statuses.push((await attempt('192.0.2.1')).status)
    expect(statuses).toEqual([401, 401, 401, 429])
    expect((await attempt('192.0.2.2')).status).toBe(401)
  })
})

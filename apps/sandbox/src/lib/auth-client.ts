/** The browser's calls to Better Auth's routes: three of them, so that no client library has to be downloaded. */
import type { DemoPerson } from './demo-people.ts'

export type AuthOutcome = { ok: true } | { ok: false; message: string }

export function signUp(input: { name: string; email: string; password: string }): Promise<AuthOutcome> {
  return post('/api/auth/sign-up/email', input)
}

export function signIn(input: { email: string; password: string }): Promise<AuthOutcome> {
  return post('/api/auth/sign-in/email', input)
}

/** @param person one of the demo people. @default the demo user */
export function signInAsDemoUser(person?: DemoPerson): Promise<AuthOutcome> {
  return post('/api/auth/sign-in/demo', { person })
}

export function signOut(): Promise<AuthOutcome> {
  return post('/api/auth/sign-out', {})
}

async function post(path: string, body: object): Promise<AuthOutcome> {
  let response: Response
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  } catch {
    return { ok: false, message: 'The server could not be reached. Please try again.' }
  }
  if (response.ok) return { ok: true }
  if (response.status === 429) {
    const wait = response.headers.get('x-retry-after') ?? 'a few'
    return { ok: false, message: `Too many attempts. Please wait ${wait} seconds.` }
  }
  const answer: unknown = await response.json().catch(() => undefined)
  const message = typeof answer === 'object' && answer !== null && 'message' in answer ? answer.message : undefined
  return { ok: false, message: typeof message === 'string' ? message : `The server answered ${response.status}.` }
}

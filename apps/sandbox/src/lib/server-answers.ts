/** What server functions and server routes answer when they can't do as they are asked. */
import type { z } from 'zod'
import type { AppContext } from '../app-context.ts'
import { userOf, type CurrentUser } from './session.ts'

/** Who asks. @throws the 401 answer without a session */
export async function requireUser(request: Request, context: AppContext): Promise<CurrentUser> {
  const user = await userOf(request, context)
  if (user === undefined) throw unauthorized()
  return user
}

/** @throws the 400 answer for bad input: a thrown ZodError would be answered with status 200 */
export function checkInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const { success, data, error } = schema.safeParse(input)
  if (success) return data
  throw answer(400, { detail: error.issues.map(({ message }) => message).join(' ') })
}

export function unauthorized(): Response {
  return answer(401, { detail: 'unauthorized' })
}

export function permissionDenied(): Response {
  return answer(403, { detail: 'permission denied' })
}

export function answer(status: number, body: object): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
}

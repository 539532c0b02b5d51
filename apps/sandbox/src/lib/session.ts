import { createServerFn } from '@tanstack/react-start'
import { getRequest } from '@tanstack/react-start/server'
import type { AppContext } from '../app-context.ts'

export interface CurrentUser {
  readonly id: string
  readonly name: string
  readonly email: string
}

/** Who this request's session cookie belongs to, if anybody. */
export async function userOf(request: Request, { auth }: Pick<AppContext, 'auth'>): Promise<CurrentUser | undefined> {
  const session = await auth.api.getSession({ headers: request.headers })
  if (session === null) return undefined
  const { id, name, email } = session.user
  return { id, name, email }
}

export const getCurrentUser = createServerFn({ method: 'GET' }).handler(async ({ context }) => ({
  user: await userOf(getRequest(), context),
  demoUser: context.demoUser,
}))

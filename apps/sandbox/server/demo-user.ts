/** One click instead of a form: everybody who presses a button is signed in as the same demo user, or demo person. */
import type { BetterAuthPlugin } from 'better-auth'
import { createAuthEndpoint, formCsrfMiddleware } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import { z } from 'zod'
import { demoPeople } from '../src/lib/demo-people.ts'

const account = (person?: string) => ({
  email: `${(person ?? 'demo').toLowerCase()}@backchannel.example`,
  name: person ?? 'Demo user',
})

const input = z.object({ person: z.enum(demoPeople).optional() }).optional()

export function demoUser() {
  return {
    id: 'demo-user',
    endpoints: {
      signInDemo: createAuthEndpoint(
        '/sign-in/demo',
        { method: 'POST', body: input, use: [formCsrfMiddleware] },
        async (ctx) => {
          const users = ctx.context.internalAdapter
          const { email, name } = account(ctx.body?.person)
          const find = async () => (await users.findUserByEmail(email))?.user
          const user =
            (await find()) ??
            // Two first clicks at once: the database lets one of them create the user.
            (await users.createUser({ email, name, emailVerified: true }, { method: 'demo' }).catch(find))
          if (!user) throw ctx.error('INTERNAL_SERVER_ERROR')
          const session = await users.createSession(user.id)
          await setSessionCookie(ctx, { session, user })
          return ctx.json({ user: { id: user.id, name: user.name } })
        },
      ),
    },
    rateLimit: [{ pathMatcher: (path) => path === '/sign-in/demo', window: 10, max: 5 }],
  } satisfies BetterAuthPlugin
}

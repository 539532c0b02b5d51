/** One click instead of a form: everybody who presses the button is signed in as the same demo user. */
import type { BetterAuthPlugin } from 'better-auth'
import { createAuthEndpoint, formCsrfMiddleware } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'

const demoUserEmail = 'demo@backchannel.example'

export function demoUser() {
  return {
    id: 'demo-user',
    endpoints: {
      signInDemo: createAuthEndpoint('/sign-in/demo', { method: 'POST', use: [formCsrfMiddleware] }, async (ctx) => {
        const users = ctx.context.internalAdapter
        const find = async () => (await users.findUserByEmail(demoUserEmail))?.user
        const user =
          (await find()) ??
          // Two first clicks at once: the database lets one of them create the user.
          (await users
            .createUser({ email: demoUserEmail, name: 'Demo user', emailVerified: true }, { method: 'demo' })
            .catch(find))
        if (!user) throw ctx.error('INTERNAL_SERVER_ERROR')
        const session = await users.createSession(user.id)
        await setSessionCookie(ctx, { session, user })
        return ctx.json({ user: { id: user.id, name: user.name } })
      }),
    },
    rateLimit: [{ pathMatcher: (path) => path === '/sign-in/demo', window: 10, max: 5 }],
  } satisfies BetterAuthPlugin
}

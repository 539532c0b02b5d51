import { Link, createFileRoute, redirect } from '@tanstack/react-router'
import { AuthCard, field } from '../components/auth-card.tsx'
import { TextField } from '../components/ui/text-field.tsx'
import { signIn } from '../lib/auth-client.ts'
import { readRedirect } from '../lib/redirect.ts'

export const Route = createFileRoute('/sign-in')({
  validateSearch: (search: Record<string, unknown>): { redirect?: string } =>
    search['redirect'] === undefined ? {} : { redirect: readRedirect(search['redirect']) },
  beforeLoad: ({ context, search }) => {
    if (context.user !== undefined) throw redirect({ href: readRedirect(search.redirect) })
  },
  head: () => ({ meta: [{ title: 'Sign in · Backchannel' }] }),
  component: SignInPage,
})

function SignInPage() {
  const { demoUser } = Route.useRouteContext()
  const search = Route.useSearch()
  return (
    <AuthCard
      title="Sign in"
      action="Sign in"
      busyText="Signing in"
      demoUser={demoUser}
      redirect={readRedirect(search.redirect)}
      send={(form) => signIn({ email: field(form, 'email'), password: field(form, 'password') })}
      foot={
        <>
          No account yet?{' '}
          <Link to="/sign-up" search={search} className="font-medium text-accent underline underline-offset-4">
            Create one
          </Link>
        </>
      }
    >
      <TextField label="Email" name="email" type="email" autoComplete="email" required />
      <TextField label="Password" name="password" type="password" autoComplete="current-password" required />
    </AuthCard>
  )
}

import { Link, createFileRoute, redirect } from '@tanstack/react-router'
import { AuthCard, field } from '../components/auth-card.tsx'
import { TextField } from '../components/ui/text-field.tsx'
import { signUp } from '../lib/auth-client.ts'
import { readRedirect } from '../lib/redirect.ts'

export const Route = createFileRoute('/sign-up')({
  validateSearch: (search: Record<string, unknown>): { redirect?: string } =>
    search['redirect'] === undefined ? {} : { redirect: readRedirect(search['redirect']) },
  beforeLoad: ({ context, search }) => {
    if (context.user !== undefined) throw redirect({ href: readRedirect(search.redirect) })
  },
  head: () => ({ meta: [{ title: 'Create an account · Backchannel' }] }),
  component: SignUpPage,
})

function SignUpPage() {
  const { demoUser } = Route.useRouteContext()
  const search = Route.useSearch()
  return (
    <AuthCard
      title="Create an account"
      action="Create account"
      busyText="Creating account"
      demoUser={demoUser}
      redirect={readRedirect(search.redirect)}
      send={(form) =>
        signUp({ name: field(form, 'name'), email: field(form, 'email'), password: field(form, 'password') })
      }
      foot={
        <>
          Have an account?{' '}
          <Link to="/sign-in" search={search} className="font-medium text-accent underline underline-offset-4">
            Sign in
          </Link>
        </>
      }
    >
      <TextField label="Name" name="name" autoComplete="name" maxLength={60} required />
      <TextField label="Email" name="email" type="email" autoComplete="email" required />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        minLength={8}
        hint="At least 8 characters."
        required
      />
    </AuthCard>
  )
}

import { Outlet, createFileRoute, redirect } from '@tanstack/react-router'

/** Everything under /sandbox is for signed-in users. This leads them there; the server functions enforce it. */
export const Route = createFileRoute('/sandbox')({
  beforeLoad: ({ context, location }) => {
    if (context.user === undefined) throw redirect({ to: '/sign-in', search: { redirect: location.href } })
    return { user: context.user }
  },
  component: Outlet,
})

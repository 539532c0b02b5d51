import { createFileRoute, redirect, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../components/ui/button.tsx'
import { Notice } from '../components/ui/notice.tsx'
import { signOut } from '../lib/auth-client.ts'

export const Route = createFileRoute('/sign-out')({
  beforeLoad: ({ context }) => {
    if (context.user === undefined) throw redirect({ to: '/' })
  },
  head: () => ({ meta: [{ title: 'Sign out · Backchannel' }] }),
  component: SignOutPage,
})

/** A page for links and bookmarks: opening it changes nothing, the button does. */
function SignOutPage() {
  const { user } = Route.useRouteContext()
  const router = useRouter()
  const [failure, setFailure] = useState<string>()

  const leave = async () => {
    const outcome = await signOut()
    if (!outcome.ok) return setFailure(outcome.message)
    // In this order: a page that wants a user would lead to the sign-in page first.
    await router.navigate({ to: '/' })
    await router.invalidate()
  }

  return (
    <main id="main" className="mx-auto grid w-full max-w-md gap-6 px-4 py-12 sm:px-6 sm:py-20">
      <h1 className="text-3xl font-semibold tracking-tight">Sign out</h1>
      <p className="text-ink-soft">You are signed in as {user?.name}.</p>
      <div>
        <Button onClick={() => void leave()}>Sign out</Button>
      </div>
      <div role="alert">{failure === undefined ? null : <Notice tone="bad">{failure}</Notice>}</div>
    </main>
  )
}

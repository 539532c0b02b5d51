import { Form } from '@base-ui/react/form'
import { useRouter } from '@tanstack/react-router'
import { useState, type ReactNode } from 'react'
import type { AuthOutcome } from '../lib/auth-client.ts'
import { DemoUserButton } from './demo-user-button.tsx'
import { Button } from './ui/button.tsx'
import { Notice } from './ui/notice.tsx'

/** The frame that signing in and signing up share: the demo user first, the form below. */
export function AuthCard({
  title,
  action,
  busyText,
  demoUser,
  redirect,
  send,
  children,
  foot,
}: {
  title: string
  action: string
  busyText: string
  demoUser: boolean
  redirect: string
  send: (form: FormData) => Promise<AuthOutcome>
  children: ReactNode
  foot: ReactNode
}) {
  const router = useRouter()
  const [state, setState] = useState<{ busy: boolean; failure?: string }>({ busy: false })

  const submit = async (form: FormData) => {
    setState({ busy: true })
    const outcome = await send(form)
    if (!outcome.ok) return setState({ busy: false, failure: outcome.message })
    await router.invalidate()
    await router.navigate({ href: redirect })
  }

  return (
    <main id="main" className="mx-auto w-full max-w-md px-4 py-12 sm:px-6 sm:py-20">
      <h1 className="text-3xl font-semibold tracking-tight">{title}</h1>
      <div className="mt-8 grid gap-6 rounded-2xl border bg-surface p-5 shadow-card sm:p-7">
        {demoUser ? (
          <>
            <DemoUserButton to={redirect} people />
            <div className="flex items-center gap-3 text-xs text-ink-soft" role="presentation">
              <span className="h-px grow bg-line" />
              or with an account
              <span className="h-px grow bg-line" />
            </div>
          </>
        ) : null}
        <Form
          className="grid gap-5"
          onSubmit={(event) => {
            event.preventDefault()
            void submit(new FormData(event.currentTarget))
          }}
        >
          {children}
          <div role="alert" className="empty:hidden">
            {state.failure === undefined ? null : <Notice tone="bad">{state.failure}</Notice>}
          </div>
          <Button
            type="submit"
            variant={demoUser ? 'secondary' : 'primary'}
            disabled={state.busy}
            focusableWhenDisabled
          >
            {state.busy ? busyText : action}
          </Button>
        </Form>
      </div>
      <p className="mt-6 text-sm text-ink-soft">{foot}</p>
    </main>
  )
}

export function field(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

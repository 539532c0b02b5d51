import { useRouter } from '@tanstack/react-router'
import { ArrowRight } from 'lucide-react'
import { useState } from 'react'
import { signInAsDemoUser } from '../lib/auth-client.ts'
import { Button, type ButtonLook } from './ui/button.tsx'

/** Signs in without a form and goes on to the page that was asked for. */
export function DemoUserButton({ to, ...look }: { to: string } & ButtonLook) {
  const router = useRouter()
  const [state, setState] = useState<{ busy: boolean; failure?: string }>({ busy: false })

  const enter = async () => {
    setState({ busy: true })
    const outcome = await signInAsDemoUser()
    if (!outcome.ok) return setState({ busy: false, failure: outcome.message })
    await router.invalidate()
    await router.navigate({ href: to })
  }

  return (
    <div className="grid gap-2">
      <Button {...look} disabled={state.busy} focusableWhenDisabled onClick={() => void enter()}>
        Continue as demo user
        <ArrowRight aria-hidden className="size-4.5" />
      </Button>
      <p role="alert" className="text-sm text-danger empty:hidden">
        {state.failure}
      </p>
    </div>
  )
}

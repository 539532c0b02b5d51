import { useRouter } from '@tanstack/react-router'
import { ArrowRight } from 'lucide-react'
import { useState } from 'react'
import { signInAsDemoUser } from '../lib/auth-client.ts'
import { demoPeople, type DemoPerson } from '../lib/demo-people.ts'
import { Button, type ButtonLook } from './ui/button.tsx'

/**
 * Signs in without a form and goes on to the page that was asked for.
 * @param people offer them as well, so that two browsers can be two people
 */
export function DemoUserButton({ to, people = false, ...look }: { to: string; people?: boolean } & ButtonLook) {
  const router = useRouter()
  const [state, setState] = useState<{ busy: boolean; failure?: string }>({ busy: false })

  const enter = async (person?: DemoPerson) => {
    setState({ busy: true })
    const outcome = await signInAsDemoUser(person)
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
      {people ? (
        <div className="grid grid-cols-2 gap-2">
          {demoPeople.map((person) => (
            <Button
              key={person}
              variant="secondary"
              disabled={state.busy}
              focusableWhenDisabled
              onClick={() => void enter(person)}
            >
              {/* On a small phone two of them stand side by side. */}
              <span className="max-[26rem]:sr-only">Continue as</span> {person}
            </Button>
          ))}
        </div>
      ) : null}
      <p role="alert" className="text-sm text-danger empty:hidden">
        {state.failure}
      </p>
    </div>
  )
}

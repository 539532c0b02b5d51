import { useRouter, type ErrorComponentProps } from '@tanstack/react-router'
import { Button } from './ui/button.tsx'

export function ErrorPage({ reset }: ErrorComponentProps) {
  const router = useRouter()
  const retry = () => {
    reset()
    void router.invalidate()
  }
  return (
    <main id="main" className="mx-auto grid max-w-xl gap-4 px-4 py-24 sm:px-6">
      <h1 className="text-3xl font-semibold tracking-tight">Something went wrong</h1>
      <p className="text-ink-soft">
        The page could not be loaded. The server may be restarting; trying again often helps.
      </p>
      <div>
        <Button onClick={retry}>Try again</Button>
      </div>
    </main>
  )
}

import { Link } from '@tanstack/react-router'
import { buttonClass } from './ui/button.tsx'

export function NotFoundPage() {
  return (
    <main id="main" className="mx-auto grid max-w-xl gap-4 px-4 py-24 sm:px-6">
      <h1 className="text-3xl font-semibold tracking-tight">There is no such page</h1>
      <p className="text-ink-soft">The address may be old or mistyped.</p>
      <div>
        <Link to="/" className={buttonClass()}>
          Go to the start
        </Link>
      </div>
    </main>
  )
}

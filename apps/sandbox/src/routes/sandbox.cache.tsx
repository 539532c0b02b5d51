import { createFileRoute } from '@tanstack/react-router'
import { CacheDemo } from '../components/CacheDemo.tsx'
import { getCachePage } from '../lib/cache-server.ts'

export const Route = createFileRoute('/sandbox/cache')({
  loader: () => getCachePage(),
  head: () => ({ meta: [{ title: 'Cache · Backchannel sandbox' }] }),
  component: CachePage,
})

function CachePage() {
  const status = Route.useLoaderData()
  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-4 py-8 sm:px-6 sm:py-12">
      <h1 className="text-3xl font-semibold tracking-tight sm:text-4xl">Cache</h1>
      <p className="mt-3 max-w-2xl leading-relaxed text-ink-soft">
        Values that may be lost, kept near. With a Valkey all instances share them; without one every call still
        answers, and the app is only slower.
      </p>
      <CacheDemo status={status} />
    </main>
  )
}

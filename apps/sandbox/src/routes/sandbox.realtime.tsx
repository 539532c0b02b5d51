import { createFileRoute } from '@tanstack/react-router'
import { RealtimeDemo } from '../components/RealtimeDemo.tsx'
import { getRealtimePage } from '../lib/realtime-server.ts'

export const Route = createFileRoute('/sandbox/realtime')({
  loader: () => getRealtimePage(),
  head: () => ({ meta: [{ title: 'Realtime · Backchannel sandbox' }] }),
  component: RealtimePage,
})

function RealtimePage() {
  const page = Route.useLoaderData()
  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-4 py-8 sm:px-6 sm:py-12">
      <h1 className="text-3xl font-semibold tracking-tight sm:text-4xl">Realtime</h1>
      <p className="mt-3 max-w-2xl leading-relaxed text-ink-soft">
        Connect, then let the server publish. Every message in the list came over the socket: this page never adds its
        own. Open it in a second browser to see both hear it.
      </p>
      <RealtimeDemo {...page} />
    </main>
  )
}

import { createFileRoute } from '@tanstack/react-router'
import { StreamsDemo } from '../components/StreamsDemo.tsx'

export const Route = createFileRoute('/sandbox/streams')({
  head: () => ({ meta: [{ title: 'Streams · Backchannel sandbox' }] }),
  component: StreamsPage,
})

function StreamsPage() {
  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-4 py-8 sm:px-6 sm:py-12">
      <h1 className="text-3xl font-semibold tracking-tight sm:text-4xl">Streams</h1>
      <p className="mt-3 max-w-2xl leading-relaxed text-ink-soft">
        Events from this app’s own server to plain <code>EventSource</code> and <code>WebSocket</code>, without a client
        library. Send a note over either, cut the line, and watch it come back.
      </p>
      <StreamsDemo />
    </main>
  )
}

import { useRouter } from '@tanstack/react-router'
import { StreamPane } from './streams/stream-pane.tsx'
import { WirePanel } from './streams/wire-panel.tsx'

/** Both drivers side by side, and what one of them looks like on the wire. */
export function StreamsDemo() {
  const router = useRouter()
  const signIn = () => void router.navigate({ to: '/sign-in', search: { redirect: '/sandbox/streams' } })
  return (
    <div className="mt-8 grid grid-cols-1 items-start gap-6 lg:grid-cols-2">
      <StreamPane
        driver="sse"
        title="EventSource"
        explanation="Server-sent events: one way, over plain HTTP. The browser comes back by itself and catches up."
        onUnauthorized={signIn}
      />
      <StreamPane
        driver="websocket"
        title="WebSocket"
        explanation="Both ways. Every five seconds the server asks for a sign of life, and tells how long the answer took."
        onUnauthorized={signIn}
      />
      <WirePanel />
    </div>
  )
}

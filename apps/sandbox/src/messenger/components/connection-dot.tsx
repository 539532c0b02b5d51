import type { ConnectionState } from '../client/types.ts'
import { useMessengerState } from '../react/messenger-provider.tsx'

const words = {
  connecting: 'Connecting',
  live: 'Live',
  polling: 'Asking the server',
  refused: 'Refused',
} as const satisfies Record<ConnectionState, string>

/** Green while the personal channel is subscribed, red otherwise. */
export function ConnectionDot({ className = '' }: { className?: string }) {
  const connection = useMessengerState((state) => state.connection)
  const isLive = connection === 'live'
  return (
    <span
      role="img"
      aria-label={`Connection: ${words[connection].toLowerCase()}`}
      title={words[connection]}
      data-testid="connection-dot"
      data-state={connection}
      className={`size-2.5 shrink-0 rounded-full ${isLive ? 'bg-live' : 'bg-danger'} ${connection === 'connecting' ? 'motion-safe:animate-pulse' : ''} ${className}`}
    />
  )
}

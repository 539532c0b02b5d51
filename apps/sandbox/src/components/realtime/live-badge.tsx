/** Said aloud when it changes. */
export function LiveBadge({ live }: { live: boolean }) {
  return (
    <p
      aria-live="polite"
      data-testid="realtime-badge"
      className={`inline-flex h-8 shrink-0 items-center gap-2 rounded-full px-3 text-sm font-medium ${
        live ? 'bg-live-soft text-live' : 'bg-sunken text-ink-soft'
      }`}
    >
      <span aria-hidden className="relative size-2">
        <span className="absolute inset-0 rounded-full bg-current" />
        {live ? <span className="absolute inset-0 rounded-full bg-current motion-safe:animate-signal" /> : null}
      </span>
      {live ? 'Live' : 'Offline'}
    </p>
  )
}

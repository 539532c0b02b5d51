import { CircleAlert, CircleCheck, Info, TriangleAlert, X } from 'lucide-react'
import type { ReactNode } from 'react'

const tones = {
  info: { look: 'bg-sunken text-ink-soft', Icon: Info },
  good: { look: 'bg-live-soft text-live', Icon: CircleCheck },
  warn: { look: 'bg-warn-soft text-warn', Icon: TriangleAlert },
  bad: { look: 'bg-danger-soft text-danger', Icon: CircleAlert },
} as const

export type Tone = keyof typeof tones

export function Notice({
  tone,
  onDismiss,
  children,
}: {
  tone: Tone
  /** Gives it a button that takes it away. */
  onDismiss?: () => void
  children: ReactNode
}) {
  const { look, Icon } = tones[tone]
  return (
    <div className={`flex items-start gap-2 rounded-lg px-3 py-2 text-sm ${look}`}>
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 grow wrap-anywhere">{children}</div>
      {onDismiss === undefined ? null : (
        <button type="button" onClick={onDismiss} aria-label="Dismiss" className="-m-1 shrink-0 rounded p-1.5">
          <X aria-hidden className="size-4" />
        </button>
      )}
    </div>
  )
}

import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'

const tones = {
  good: { look: 'bg-live-soft text-live', Icon: CircleCheck },
  warn: { look: 'bg-warn-soft text-warn', Icon: TriangleAlert },
  bad: { look: 'bg-danger-soft text-danger', Icon: CircleAlert },
} as const

export type Tone = keyof typeof tones

export function Notice({ tone, children }: { tone: Tone; children: ReactNode }) {
  const { look, Icon } = tones[tone]
  return (
    <div className={`flex items-start gap-2 rounded-lg px-3 py-2 text-sm ${look}`}>
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div>{children}</div>
    </div>
  )
}

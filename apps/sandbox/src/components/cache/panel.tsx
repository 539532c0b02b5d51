import { type ReactNode, useId } from 'react'
import { Notice } from '../ui/notice.tsx'

/** Does something on the server. Gives what went wrong, for the panel to say. */
export type Attempt = (work: () => Promise<void>) => Promise<string | undefined>

export function Panel({
  title,
  explanation,
  failure,
  children,
}: {
  title: string
  explanation: string
  failure: string | undefined
  children: ReactNode
}) {
  const heading = useId()
  return (
    <section aria-labelledby={heading} className="rounded-2xl border bg-surface p-5 shadow-card">
      <h2 id={heading} className="text-lg font-semibold tracking-tight">
        {title}
      </h2>
      <p className="mt-1 text-sm text-ink-soft">{explanation}</p>
      <div role="alert">
        {failure === undefined ? null : (
          <div className="mt-4">
            <Notice tone="bad">{failure}</Notice>
          </div>
        )}
      </div>
      <div className="mt-4 grid grid-cols-1 gap-4">{children}</div>
    </section>
  )
}

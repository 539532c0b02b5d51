import type { ReactNode } from 'react'

/** In place of what can't be shown: what is the matter, and what can be done. */
export function Problem({
  title,
  text,
  failure,
  children,
}: {
  title: string
  text: string
  /** Why the last attempt to do something about it failed. */
  failure?: string | undefined
  children?: ReactNode
}) {
  return (
    <div className="m-auto grid max-w-sm justify-items-center gap-3 p-6 text-center">
      <p className="font-semibold tracking-tight wrap-anywhere">{title}</p>
      <p className="text-sm leading-relaxed text-ink-soft">{text}</p>
      <p role="alert" className="text-sm text-danger empty:hidden">
        {failure}
      </p>
      <div className="mt-1 flex flex-wrap justify-center gap-2">{children}</div>
    </div>
  )
}

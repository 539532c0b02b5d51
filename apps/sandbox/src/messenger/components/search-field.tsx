import { Search } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { limits } from '../model.ts'

export function SearchField({
  label,
  value,
  onChange,
  takesFocus = false,
}: {
  label: string
  value: string
  onChange: (value: string) => void
  /** It is what its view was opened for. */
  takesFocus?: boolean
}) {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (takesFocus) field.current?.focus()
  }, [takesFocus])
  return (
    <div className="relative">
      <Search aria-hidden className="pointer-events-none absolute top-3 left-3 size-4 text-ink-soft" />
      <input
        ref={field}
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        maxLength={limits.query}
        autoComplete="off"
        spellCheck={false}
        onChange={({ target }) => onChange(target.value)}
        className="h-10 w-full rounded-lg border border-line-strong bg-surface pr-3 pl-9 text-base placeholder:text-ink-soft sm:text-sm [&::-webkit-search-cancel-button]:hidden"
      />
    </div>
  )
}

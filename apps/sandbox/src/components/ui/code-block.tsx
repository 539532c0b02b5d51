import { Check, Copy } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'

/** Commands to run elsewhere, with a button that copies them. */
export function CodeBlock({ code, label }: { code: string; label: string }) {
  const [copied, setCopied] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code)
    } catch {
      // No clipboard outside https and localhost; the text can still be selected.
      return
    }
    setCopied(true)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setCopied(false), 2_000)
  }

  return (
    <figure className="overflow-hidden rounded-lg border bg-sunken">
      <figcaption className="flex items-center justify-between border-b py-1 pr-1 pl-3 text-xs text-ink-soft">
        {label}
        <button
          type="button"
          onClick={() => void copy()}
          aria-label={copied ? 'Copied' : `Copy: ${label}`}
          className="grid size-8 place-items-center rounded-md transition-colors hover:bg-line hover:text-ink"
        >
          {copied ? <Check aria-hidden className="size-4 text-live" /> : <Copy aria-hidden className="size-4" />}
        </button>
      </figcaption>
      <pre className="p-3 font-mono text-xs leading-relaxed [overflow-wrap:anywhere] whitespace-pre-wrap text-ink">
        {code}
      </pre>
    </figure>
  )
}

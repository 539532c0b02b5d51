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
    <div className="relative rounded-lg border bg-sunken">
      <pre
        // Long lines scroll; a keyboard must be able to get there.
        tabIndex={0}
        aria-label={label}
        role="region"
        className="overflow-x-auto rounded-lg p-3 pr-12 font-mono text-xs leading-relaxed text-ink"
      >
        {code}
      </pre>
      <button
        type="button"
        onClick={() => void copy()}
        aria-label={copied ? 'Copied' : `Copy: ${label}`}
        className="absolute top-1.5 right-1.5 grid size-8 place-items-center rounded-md bg-sunken text-ink-soft transition-colors hover:bg-line hover:text-ink"
      >
        {copied ? <Check aria-hidden className="size-4 text-live" /> : <Copy aria-hidden className="size-4" />}
      </button>
    </div>
  )
}

import { Button } from '../../components/ui/button.tsx'
import type { Found } from '../react/use-found.ts'

/** How a search goes, in words; nothing while its results speak for themselves. */
export function ResultsState({
  results: { found, searching, failure, again },
  none,
}: {
  results: Found<unknown>
  none: string
}) {
  return (
    <div role="status" className="px-5 text-sm text-ink-soft empty:hidden">
      {failure !== undefined ? (
        <div className="grid justify-items-start gap-2 pb-2">
          <p className="text-danger">{failure}</p>
          <Button variant="secondary" onClick={again}>
            Retry
          </Button>
        </div>
      ) : found === undefined ? (
        <p className="py-2">{searching ? 'Searching.' : ''}</p>
      ) : found.length === 0 && !searching ? (
        <p className="py-2">{none}</p>
      ) : null}
    </div>
  )
}

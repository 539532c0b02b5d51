import { useEffect, useState } from 'react'
import { messageOf } from './use-request.ts'

export interface Found<T> {
  /** Of the last search that succeeded; undefined before the first. */
  readonly found: readonly T[] | undefined
  readonly searching: boolean
  readonly failure: string | undefined
  readonly again: () => void
}

/** Searches while one types: a moment after the last key, and only the last answer counts. */
export function useFound<T>(query: string, search: (query: string) => Promise<readonly T[]>): Found<T> {
  const [state, setState] = useState<{ found?: readonly T[]; searching: boolean; failure?: string }>({
    searching: true,
  })
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    let isCurrent = true
    setState(({ found }) => ({ ...(found && { found }), searching: true }))
    const timer = setTimeout(
      () =>
        void search(query).then(
          (found) => isCurrent && setState({ found, searching: false }),
          (error: unknown) =>
            isCurrent &&
            setState(({ found }) => ({ ...(found && { found }), searching: false, failure: messageOf(error) })),
        ),
      query === '' ? 0 : 200,
    )
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [query, search, attempt])
  return {
    found: state.found,
    searching: state.searching,
    failure: state.failure,
    again: () => setAttempt((before) => before + 1),
  }
}

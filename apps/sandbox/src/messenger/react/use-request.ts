import { useRef, useState } from 'react'

/** A call that is on its way, and why the last one failed. A second one meanwhile is not made. */
export function useRequest(): {
  readonly busy: boolean
  readonly failure: string | undefined
  readonly run: (work: () => Promise<void>) => Promise<void>
  readonly forget: () => void
} {
  const [state, setState] = useState<{ busy: boolean; failure?: string }>({ busy: false })
  const isBusy = useRef(false)
  const run = async (work: () => Promise<void>) => {
    if (isBusy.current) return
    isBusy.current = true
    setState({ busy: true })
    try {
      await work()
      setState({ busy: false })
    } catch (error) {
      setState({ busy: false, failure: messageOf(error) })
    } finally {
      isBusy.current = false
    }
  }
  return { busy: state.busy, failure: state.failure, run, forget: () => setState(({ busy }) => ({ busy })) }
}

/** The messenger's calls fail with words for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'Something went wrong. Please try again.'
}

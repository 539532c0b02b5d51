import type { CacheStatus } from '@backchannel/cache'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { getCachePage } from '../lib/cache-server.ts'
import { ByHandPanel } from './cache/by-hand-panel.tsx'
import { StampedePanel } from './cache/stampede-panel.tsx'
import { StatusPanel } from './cache/status-panel.tsx'
import { TagPanel } from './cache/tag-panel.tsx'

/** The cache by hand, and what it does by itself. */
export function CacheDemo({ status: statusAtFirst }: { status: CacheStatus }) {
  const router = useRouter()
  const [status, setStatus] = useState(statusAtFirst)
  const refresh = async () => setStatus(await getCachePage())

  /** What went wrong, for the panel to say; undefined: nothing, or the visitor is led to the sign-in. */
  const attempt = async (work: () => Promise<void>): Promise<string | undefined> => {
    try {
      await work()
      await refresh()
      return undefined
    } catch (error) {
      if (!(error instanceof Response)) return 'The server could not be reached. Please try again.'
      if (error.status === 401) {
        await router.navigate({ to: '/sign-in', search: { redirect: '/sandbox/cache' } })
        return undefined
      }
      const { detail } = (await error.json()) as { detail?: string }
      return detail ?? 'That did not work. Please try again.'
    }
  }

  return (
    <div className="mt-8 grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="grid grid-cols-1 gap-6">
        <ByHandPanel attempt={attempt} />
        <StampedePanel attempt={attempt} />
        <TagPanel attempt={attempt} />
      </div>
      <StatusPanel status={status} />
    </div>
  )
}

import { useEffect, useState, type ReactNode } from 'react'
import { Button } from '../../components/ui/button.tsx'
import { useMessengerState } from '../react/messenger-provider.tsx'
import { useOnline } from '../react/use-online.ts'

/** Reconnecting mostly takes less, and is nothing to read about. */
const worthSaying = 3_000

/** What is wrong with the connection, in words. */
export function ConnectionBanner() {
  // There before its text: only then is a change of it read out.
  return (
    <div role="status">
      <BannerText />
    </div>
  )
}

function BannerText() {
  const connection = useMessengerState((state) => state.connection)
  const online = useOnline()
  if (!online) return <Strip tone="warn">Offline: what you write is sent when the connection is back.</Strip>
  switch (connection) {
    case 'live':
      return null
    case 'connecting':
      return <Connecting />
    case 'polling':
      return <Strip tone="info">Realtime is off: new messages are asked for every few seconds.</Strip>
    case 'refused':
      return (
        <Strip tone="bad">
          The server takes this page’s connection no more.
          <Button variant="secondary" className="h-8" onClick={() => location.reload()}>
            Reload
          </Button>
        </Strip>
      )
  }
}

function Connecting() {
  const [isLong, setIsLong] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setIsLong(true), worthSaying)
    return () => clearTimeout(timer)
  }, [])
  return isLong ? <Strip tone="warn">Connecting. What you write is sent when the connection is back.</Strip> : null
}

const tones = {
  info: 'bg-sunken text-ink-soft',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-danger-soft text-danger',
} as const

function Strip({ tone, children }: { tone: keyof typeof tones; children: ReactNode }) {
  return (
    <div
      className={`flex flex-wrap items-center justify-center gap-x-3 gap-y-1 border-b px-4 py-2 text-center text-sm ${tones[tone]}`}
    >
      {children}
    </div>
  )
}

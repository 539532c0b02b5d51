import { useRouter } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import type { Message } from '../lib/message.ts'
import { getSavedMessages, type RealtimePage } from '../lib/realtime-server.ts'
import { useRealtimeConnection } from '../lib/use-realtime-connection.ts'
import { ChannelChoice, type ChannelOption } from './realtime/channel-choice.tsx'
import { LiveBadge } from './realtime/live-badge.tsx'
import { MessageList } from './realtime/message-list.tsx'
import { PublishForm } from './realtime/publish-form.tsx'
import { SavedMessages } from './realtime/saved-messages.tsx'
import { SetupPanel } from './realtime/setup-panel.tsx'
import { Button } from './ui/button.tsx'
import { Notice } from './ui/notice.tsx'

interface Saved {
  readonly channel: string
  /** What was last fetched. */
  readonly messages?: readonly Message[]
  /** The last attempt to fetch failed. */
  readonly unreachable?: boolean
}

/** The console: choose a channel, connect on demand, watch what the server publishes. */
export function RealtimeDemo({ setup, shared, personal, saved: savedAtFirst }: RealtimePage) {
  const router = useRouter()
  const signIn = () => void router.navigate({ to: '/sign-in', search: { redirect: '/sandbox/realtime' } })

  const [channel, setChannel] = useState(shared.name)
  const [saved, setSaved] = useState<Saved>({ channel: shared.name, messages: savedAtFirst })

  // An answer counts for the channel that is shown by then, and if nothing newer was asked meanwhile.
  const shown = useRef(channel)
  const asked = useRef(0)
  const refresh = async (of: string) => {
    if (of !== shown.current) return
    asked.current += 1
    const mine = asked.current
    try {
      const messages = await getSavedMessages({ data: { channel: of } })
      if (mine === asked.current) setSaved({ channel: of, messages })
    } catch (error) {
      if (mine !== asked.current) return
      if (error instanceof Response && error.status === 401) return signIn()
      setSaved((before) => ({ ...(before.channel === of && before), channel: of, unreachable: true }))
    }
  }
  const connection = useRealtimeConnection({ onUnauthorized: signIn, onMissed: (of) => void refresh(of) })
  const choose = (next: string) => {
    shown.current = next
    setChannel(next)
    void refresh(next)
    if (connection.open) connection.switchTo(next)
  }

  const options: ChannelOption[] = [
    { channel: shared.name, label: 'Shared', explanation: 'Everyone who is signed in hears it.', shared: true },
    { channel: personal.name, label: 'Only you', explanation: 'Only your own browsers hear it.', shared: false },
  ]

  return (
    <div className="mt-8 grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1fr)_23rem]">
      <div className="grid grid-cols-1 gap-4">
        <ChannelChoice options={options} value={channel} onChange={choose} />
        <section aria-label="Live messages" className="overflow-hidden rounded-2xl border bg-surface shadow-card">
          <div className="flex items-center gap-x-3 border-b p-3 sm:px-5">
            <LiveBadge live={connection.status === 'live'} />
            <p className="min-w-0 grow text-sm text-ink-soft max-sm:leading-tight">
              {explain(connection.status)}
              {connection.clientId === undefined ? null : (
                <span
                  className="ml-2 font-mono text-xs max-sm:hidden"
                  data-testid="client-id"
                  title="This connection’s id on the server"
                >
                  {connection.clientId.slice(0, 8)}
                </span>
              )}
            </p>
            <div className="shrink-0">
              {connection.open ? (
                <Button variant="secondary" onClick={connection.disconnect}>
                  Disconnect
                </Button>
              ) : (
                <Button onClick={() => void connection.connect(channel)} disabled={setup.mode === 'off'}>
                  Connect
                </Button>
              )}
            </div>
          </div>
          {connection.problem === undefined ? null : (
            <div role="alert" className="border-b p-3 sm:px-5">
              <Notice tone="bad">{connection.problem}</Notice>
            </div>
          )}
          {/* There before its text: only then is a change of it read out. */}
          <div role="status" data-testid="missed">
            {connection.missed === undefined ? null : (
              <div className="border-b p-3 sm:px-5">
                <Notice tone="info" onDismiss={connection.dismissMissed}>
                  {connection.missed}
                </Notice>
              </div>
            )}
          </div>
          <MessageList
            messages={connection.messages}
            channel={channel}
            state={setup.mode === 'off' ? 'off' : connection.status}
          />
          <PublishForm
            channel={channel}
            live={connection.status === 'live'}
            onSaved={(of) => void refresh(of)}
            onUnauthorized={signIn}
          />
        </section>
      </div>
      <aside className="grid grid-cols-1 gap-6">
        <SetupPanel setup={setup} curl={channel === personal.name ? personal.curl : shared.curl} />
        <SavedMessages
          messages={saved.channel === channel ? saved.messages : undefined}
          unreachable={saved.channel === channel && saved.unreachable === true}
          refresh={() => refresh(channel)}
        />
      </aside>
    </div>
  )
}

function explain(status: ReturnType<typeof useRealtimeConnection>['status']): string {
  switch (status) {
    case 'closed':
      return 'Not connected'
    case 'connecting':
      return 'Connecting'
    case 'live':
      return 'Subscribed'
    case 'reconnecting':
      return 'Reconnecting by itself'
    case 'refused':
      return 'Not connected'
    case 'channel-refused':
      return 'Connected; this channel is refused'
  }
}

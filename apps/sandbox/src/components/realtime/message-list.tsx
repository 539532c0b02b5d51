import { Radio as RadioIcon, Unplug } from 'lucide-react'
import { useLayoutEffect, useRef } from 'react'
import { clock } from '../../lib/clock.ts'
import type { ReceivedMessage } from '../../lib/message.ts'
import type { RealtimeStatus } from '../../lib/use-realtime-connection.ts'

/** What came over the subscription, oldest first. */
export function MessageList({
  messages,
  channel,
  state,
}: {
  messages: readonly ReceivedMessage[]
  channel: string
  state: RealtimeStatus | 'off'
}) {
  const box = useRef<HTMLDivElement>(null)
  // Where the reader was before the newest came: afterwards several at once, or a tall one, look like scrolling back.
  const atEnd = useRef(true)
  // Before the browser paints, so that a scroll event never sees what is appended and not yet followed.
  useLayoutEffect(() => {
    if (messages.length === 0) atEnd.current = true
    if (box.current !== null && atEnd.current) box.current.scrollTop = box.current.scrollHeight
  }, [messages])

  return (
    <div
      ref={box}
      role="log"
      aria-label="Messages"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        atEnd.current = scrollHeight - scrollTop - clientHeight < 40
      }}
      className="h-[22rem] overflow-y-auto bg-paper sm:h-[26rem]"
    >
      {messages.length === 0 ? (
        <Empty channel={channel} state={state} />
      ) : (
        <ol className="grid grid-cols-1 content-end gap-px">
          {messages.map((message) => (
            <li key={message.key} className="px-4 py-3 motion-safe:animate-arrive sm:px-5">
              <div className="flex items-baseline gap-2 text-xs text-ink-soft">
                <span className="font-medium text-ink">{message.author ?? 'Server API'}</span>
                <time dateTime={message.at.toISOString()} className="font-mono tabular-nums">
                  {clock.format(message.at)}
                </time>
              </div>
              <p className="mt-0.5 text-[0.9375rem] leading-relaxed wrap-anywhere whitespace-pre-wrap">
                {message.text}
              </p>
            </li>
          ))}
        </ol>
      )}
    </div>
  )
}

function Empty({ channel, state }: { channel: string; state: RealtimeStatus | 'off' }) {
  const Icon = state === 'live' ? RadioIcon : Unplug
  return (
    <div className="grid h-full place-content-center justify-items-center gap-3 px-6 text-center">
      <Icon aria-hidden className={`size-7 ${state === 'live' ? 'text-live' : 'text-ink-soft'}`} strokeWidth={1.6} />
      <p className="max-w-72 text-sm text-ink-soft">{describeEmpty(channel, state)}</p>
    </div>
  )
}

function describeEmpty(channel: string, state: RealtimeStatus | 'off'): string {
  switch (state) {
    case 'off':
      return 'Realtime is off on this server. You can still publish: the message is saved, and nobody is told.'
    case 'closed':
    case 'refused':
      return 'Press Connect to open the socket. What the server publishes appears here.'
    case 'channel-refused':
      return 'The server does not let this page hear this channel. Choose the other one.'
    case 'connecting':
      return 'Opening the socket.'
    case 'reconnecting':
      return 'The connection was lost. What is missed meanwhile comes with the next one.'
    case 'live':
      return `Listening on ${channel}. Publish something below, or from a terminal.`
  }
}

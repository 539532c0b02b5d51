import type { RealtimeHandle } from '@backchannel/realtime/client'
import { useEffect, useRef, useState } from 'react'
import { readPublication, type ReceivedMessage } from './message.ts'
import { getRealtimeConnection } from './realtime-server.ts'

export type RealtimeStatus = 'closed' | 'connecting' | 'live' | 'reconnecting' | 'refused'

/** How many messages the page keeps. */
const keep = 200

/** One attempt to be connected, from the click on Connect until it is closed; late answers to an earlier one are ignored. */
interface Attempt {
  handle?: RealtimeHandle
}

/**
 * One channel's subscription, opened on demand. The client library is loaded when `connect` is called: it needs a
 * browser, and a visitor who never connects never downloads it.
 */
export function useRealtimeConnection(onUnauthorized: () => void) {
  const [status, setStatus] = useState<RealtimeStatus>('closed')
  const [problem, setProblem] = useState<string>()
  const [messages, setMessages] = useState<readonly ReceivedMessage[]>([])
  const current = useRef<Attempt | undefined>(undefined)
  const received = useRef(0)

  const close = () => {
    current.current?.handle?.close()
    current.current = undefined
  }
  useEffect(() => close, [])

  const connect = async (channel: string) => {
    close()
    const attempt: Attempt = {}
    current.current = attempt
    const latest = () => current.current === attempt
    const refuse = (text: string) => {
      if (!latest()) return
      close()
      setStatus('refused')
      setProblem(text)
    }
    setMessages([])
    setProblem(undefined)
    setStatus('connecting')

    try {
      const [connection, { subscribe }] = await Promise.all([
        getRealtimeConnection(),
        import('@backchannel/realtime/client'),
      ])
      if (!latest()) return
      if (!connection.enabled)
        return refuse('Realtime is off on this server. Reload the page to see how to turn it on.')
      attempt.handle = subscribe({
        url: connection.url,
        token: connection.token,
        channel,
        getToken: (request) => fetchToken(request.channel),
        onMessage: (data) => {
          if (!latest()) return
          received.current += 1
          const message = readPublication(data, String(received.current), new Date())
          setMessages((before) => [...before, message].slice(-keep))
        },
        onState: (connected) => {
          if (latest()) setStatus((before) => (connected ? 'live' : before === 'connecting' ? before : 'reconnecting'))
        },
      })
    } catch (error) {
      if (error instanceof Response && error.status === 401) return onUnauthorized()
      refuse('The server could not be reached. Please try again.')
    }
  }

  const disconnect = () => {
    close()
    setProblem(undefined)
    setStatus('closed')
  }

  return { status, problem, messages, connect, disconnect }
}

import type {
  ChannelHandle,
  ConnectionStatus,
  RealtimeConnection,
  SubscriptionStatus,
} from '@backchannel/realtime/client'
import { useEffect, useRef, useState } from 'react'
import { demoChannel } from './channels.ts'
import { readPublication, type ReceivedMessage } from './message.ts'
import { getRealtimeConnection } from './realtime-server.ts'

/** `refused`: the server said no to the connection, or, over one that stands, `channel-refused`: to the channel. */
export type RealtimeStatus = 'closed' | 'connecting' | 'live' | 'reconnecting' | 'refused' | 'channel-refused'

/** How many messages the page keeps. */
const keep = 200

interface View {
  /** Between the click and the socket: the token and the client library are on their way. */
  readonly opening: boolean
  readonly wasConnected: boolean
  readonly wasLive: boolean
  readonly failure: string | undefined
  /** The URL that an attempt failed at, until the first one succeeds. */
  readonly unanswered: string | undefined
  /** What may have been missed can't be sent again; why. */
  readonly missed: string | undefined
  readonly connection: ConnectionStatus | undefined
  readonly subscription: SubscriptionStatus | undefined
}

const closedView: View = {
  opening: false,
  wasConnected: false,
  wasLive: false,
  failure: undefined,
  unanswered: undefined,
  missed: undefined,
  connection: undefined,
  subscription: undefined,
}

/**
 * One channel over one socket, opened on demand; another channel takes the same socket. The client library is loaded
 * when `connect` is called: it needs a browser, and a visitor who never connects never downloads it.
 */
export function useRealtimeConnection({
  onUnauthorized,
  onMissed,
}: {
  onUnauthorized: () => void
  /** Messages were missed that the server can't send again. */
  onMissed: (channel: string) => void
}) {
  const [view, setView] = useState(closedView)
  const [messages, setMessages] = useState<readonly ReceivedMessage[]>([])
  const connection = useRef<RealtimeConnection>(undefined)
  const handle = useRef<ChannelHandle>(undefined)
  // Counts the calls of connect and disconnect: what an earlier one still waits for has become meaningless.
  const attempt = useRef(0)
  const received = useRef(0)

  const close = () => {
    attempt.current += 1
    connection.current?.close()
    connection.current = undefined
    handle.current = undefined
  }
  useEffect(() => close, [])

  const subscribe = (channel: string) => {
    handle.current?.close()
    setMessages([])
    setView((before) => ({ ...before, missed: undefined }))
    // The stream's: another one means that the server has begun anew.
    let epoch: string | undefined
    handle.current = connection.current?.subscribe({
      channel,
      // The shared channel is open to whoever is connected; one's own wants a token.
      getToken: channel === demoChannel ? undefined : '/api/token/subscription',
      onMessage: (data) => {
        received.current += 1
        const message = readPublication(data, String(received.current), new Date())
        setMessages((before) => [...before, message].slice(-keep))
        setView((before) => (before.missed === undefined ? before : { ...before, missed: undefined }))
      },
      onSubscription: (subscription) => {
        const subscribed = subscription.state === 'subscribed'
        setView((before) => ({ ...before, subscription, wasLive: before.wasLive || subscribed }))
        if (!subscribed) return
        if (subscription.recovery === 'failed') {
          const missed =
            epoch === subscription.position?.epoch
              ? 'This page was away for longer than messages are kept. What was published here is in the database.'
              : 'The server started anew. What was published here meanwhile is in the database.'
          setView((before) => ({ ...before, missed }))
          onMissed(channel)
        }
        epoch = subscription.position?.epoch
      },
    })
  }

  const connect = async (channel: string) => {
    close()
    const mine = attempt.current
    setView({ ...closedView, opening: true })
    try {
      const [answer, { createConnection }] = await Promise.all([
        getRealtimeConnection(),
        import('@backchannel/realtime/client'),
      ])
      if (mine !== attempt.current) return
      if (!answer.enabled) {
        setView({ ...closedView, failure: 'Realtime is off on this server. Reload the page to see how to turn it on.' })
        return
      }
      connection.current = createConnection({
        url: answer.url,
        token: answer.token,
        getToken: '/api/token/connection',
        onConnection: (status) =>
          setView((before) => ({
            ...before,
            connection: status,
            opening: false,
            unanswered: status.connected ? undefined : before.unanswered,
            wasConnected: before.wasConnected || status.connected,
          })),
        onError: ({ stage, message, error }) => {
          if (stage === 'callback') console.error(message, error)
          if (stage !== 'connect') return
          setView((before) => (before.wasConnected ? before : { ...before, unanswered: answer.url }))
        },
        onUnauthorized: ({ status }) => {
          if (status !== 403) onUnauthorized()
        },
      })
      subscribe(channel)
    } catch (error) {
      if (mine !== attempt.current) return
      setView({ ...closedView, failure: 'The server could not be reached. Please try again.' })
      if (error instanceof Response && error.status === 401) onUnauthorized()
    }
  }

  const disconnect = () => {
    close()
    setView(closedView)
  }

  return {
    status: statusOf(view),
    /** Whether there is a socket, or one on its way. */
    open: view.opening || (view.connection !== undefined && view.connection.state !== 'disconnected'),
    problem: problemOf(view),
    /** Worth knowing, and nothing to be done about. */
    missed: view.missed,
    dismissMissed: () => setView((before) => ({ ...before, missed: undefined })),
    /** The connection's id on the server, while it is open. */
    clientId: view.connection?.clientId,
    messages,
    connect,
    /** Moves to another channel over the same socket. */
    switchTo: subscribe,
    disconnect,
  }
}

function statusOf({ opening, wasLive, failure, connection, subscription }: View): RealtimeStatus {
  if (failure !== undefined) return 'refused'
  if (opening) return 'connecting'
  if (connection === undefined) return 'closed'
  if (connection.state === 'disconnected') return 'refused'
  if (connection.connected && subscription?.state === 'unsubscribed') return 'channel-refused'
  if (connection.connected && subscription?.state === 'subscribed') return 'live'
  return wasLive ? 'reconnecting' : 'connecting'
}

function problemOf({ failure, unanswered, connection, subscription }: View): string | undefined {
  if (failure !== undefined) return failure
  if (connection?.state === 'disconnected') return `The server ended the connection: ${connection.reason}.`
  if (subscription?.state === 'unsubscribed') return `The server refused this channel: ${subscription.reason}.`
  if (unanswered !== undefined) {
    return `${unanswered} does not answer, or refuses this page’s origin. Trying again.`
  }
  return undefined
}

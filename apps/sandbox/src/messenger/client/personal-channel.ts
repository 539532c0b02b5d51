/** The one channel that a browser hears: `personal:<userId>`, opened after sign-in and closed with the page. */
import type { RealtimeConnection } from '@backchannel/realtime/client'
import { getRealtimeConnection } from '../../lib/realtime-server.ts'
import type { RealTimeEvent } from '../model.ts'
import { pauseAfter } from './pauses.ts'

export interface PersonalChannelOptions {
  userId: string
  onEvent: (event: RealTimeEvent) => void
  /**
   * Events arrive from here on. `complete`: those of the time away have arrived as well, or will; without it the page
   * asks for what it shows.
   */
  onLive: (complete: boolean) => void
  /** Events do not arrive. `off`: this server has no realtime. `refused`: it will not come back by itself. */
  onAway: (why: 'connecting' | 'off' | 'refused') => void
  /** The session is over. */
  onUnauthorized: () => void
}

export type OpenPersonalChannel = (options: PersonalChannelOptions) => { close(): void }

export const openPersonalChannel: OpenPersonalChannel = (options) => {
  let connection: RealtimeConnection | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let closed = false

  const open = async () => {
    try {
      const [answer, { createConnection, personalChannel }] = await Promise.all([
        getRealtimeConnection(),
        import('@backchannel/realtime/client'),
      ])
      if (closed) return
      if (!answer.enabled) return options.onAway('off')
      connection = createConnection({
        url: answer.url,
        token: answer.token,
        getToken: '/api/token/connection/',
        onConnection: ({ state }) => {
          if (state === 'disconnected') options.onAway('refused')
        },
        // 403 stops the subscription alone, which says so itself.
        onUnauthorized: ({ status }) => {
          if (status !== 403) options.onUnauthorized()
        },
      })
      connection.subscribe({
        channel: personalChannel(options.userId),
        getToken: '/api/token/subscription/',
        onMessage: (data) => {
          const event = readEvent(data)
          if (event !== undefined) options.onEvent(event)
        },
        onSubscription: (status) => {
          if (status.state === 'subscribed') options.onLive(status.recovery === 'recovered')
          else options.onAway(status.state === 'subscribing' ? 'connecting' : 'refused')
        },
      })
    } catch (error) {
      if (closed) return
      if (error instanceof Response && error.status === 401) return options.onUnauthorized()
      timer = setTimeout(() => void open(), pauseAfter(failures++))
    }
  }
  options.onAway('connecting')
  void open()

  return {
    close() {
      closed = true
      clearTimeout(timer)
      connection?.close()
    },
  }
}

const kinds: readonly RealTimeEvent['type'][] = [
  'message_added',
  'message_changed',
  'user_joined',
  'user_left',
  'room_read',
  'typing',
]

/** Only the server publishes here; of another version of it there may be events that this page does not know. */
export function readEvent(data: unknown): RealTimeEvent | undefined {
  if (typeof data !== 'object' || data === null || !('type' in data) || !('body' in data)) return undefined
  const isKnown = kinds.some((kind) => kind === data.type) && typeof data.body === 'object' && data.body !== null
  return isKnown ? (data as RealTimeEvent) : undefined
}

/** One online browser, in a thread of its own, so that the work of the server is not taken for the way to it. */
import { parentPort, workerData } from 'node:worker_threads'
import { subscribe } from '@backchannel/realtime/client'

/** Whom to listen as, and where. */
export interface Listening {
  readonly url: string
  readonly token: string
  readonly channel: string
  readonly subscriptionToken: string
}

/** An event that arrived; `subscribed` is the first of all. */
export interface Arrival {
  readonly kind: 'subscribed' | 'event'
  /** Of a message its client id, of a room that was joined `room_<id>`. */
  readonly key: string
  /** Nanoseconds of the clock that all threads share. */
  readonly at: bigint
}

interface Heard {
  readonly type: string
  readonly body: { readonly client_id?: string; readonly room: { readonly id: number } }
}

const tell = (kind: Arrival['kind'], key: string) =>
  parentPort?.postMessage({ kind, key, at: process.hrtime.bigint() } satisfies Arrival)

subscribe<string, Heard>({
  ...(workerData as Listening),
  onMessage: ({ type, body }) => {
    if (type === 'message_added') tell('event', body.client_id ?? '')
    if (type === 'user_joined') tell('event', `room_${body.room.id}`)
  },
  onState: (connected) => {
    if (connected) tell('subscribed', '')
  },
})

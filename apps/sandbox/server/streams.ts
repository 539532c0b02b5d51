/** The two drivers of `createRealtime`, side by side: events for browsers without a client library. */
import { createRealtime, type RealtimeWithPromises } from '@backchannel/realtime'
import type { Logger } from 'pino'
import type { StreamEvents } from '../src/lib/streams.ts'

export type Streams = RealtimeWithPromises<StreamEvents>

export interface StreamDrivers {
  readonly sse: Streams
  readonly websocket: Streams
  close(): Promise<void>
}

/** Short, so that a visitor sees one. */
const heartbeat = 5000

/** @param userIdOf whose session a request brings */
export function startStreams(userIdOf: (request: Request) => Promise<string | undefined>, log: Logger): StreamDrivers {
  const authenticate = async (request: Request) => (await userIdOf(request)) ?? null
  const common = { heartbeat, authenticate, logger: log }
  const sse = createRealtime<StreamEvents>({ ...common })
  const websocket = createRealtime<StreamEvents>({ ...common, driver: 'websocket' })
  for (const driver of [sse, websocket]) {
    driver.channel('lobby', {
      onJoin: async (connection) => {
        await driver.sendTo(connection, { event: 'welcome', data: { channel: 'lobby' } })
      },
    })
  }
  return {
    sse,
    websocket,
    close: async () => {
      await Promise.all([sse.close(), websocket.close()])
    },
  }
}

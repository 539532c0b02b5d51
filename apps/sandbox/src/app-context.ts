/** What the server hands to every request. Typed once here, for server functions and server routes alike. */
import type { CollabServer } from '@backchannel/collab/server'
import type { Hub } from '@backchannel/hub'
import type { Logger } from 'pino'
import type { Auth } from '../server/auth.ts'
import type { Database } from '../server/database.ts'
import type { StreamDrivers } from '../server/streams.ts'
import type { MessengerServer } from './messenger/server/start.ts'

export interface AppContext {
  readonly auth: Auth
  /** The rooms of this process; undefined when they are another server's or there are none. */
  readonly collab: CollabServer | undefined
  /** Of the collab server beside this one, if that is how it is set up. */
  readonly collabUrl: string | undefined
  readonly db: Database
  readonly demoUser: boolean
  /** The hub of this process; undefined when realtime is off or a Centrifugo's. */
  readonly hub: Hub | undefined
  /** Where the hub's API key can be read, as the page shows it. */
  readonly hubApiKeyFile: string
  readonly log: Logger
  readonly messenger: Omit<MessengerServer, 'close' | 'closeRelay'>
  /** The streams page's events. */
  readonly streams: Omit<StreamDrivers, 'close'>
}

declare module '@tanstack/react-start' {
  interface Register {
    server: { requestContext: AppContext }
  }
}

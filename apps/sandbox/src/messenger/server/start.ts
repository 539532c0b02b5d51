/** The messenger's server half, made once per process. */
import { createRelay } from '@backchannel/outbox'
import { serverApi } from '@backchannel/realtime'
import type { Logger } from 'pino'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OpenDatabase } from '../../../server/database.ts'
import type { Settings } from '../../../server/settings.ts'
import { createDelivery } from './delivery.ts'
import { createRates, type Rates } from './rates.ts'
import type { Messenger } from './room-changes.ts'
import { ensureLobby } from './rooms.ts'

export interface MessengerServer extends Messenger {
  readonly rates: Rates
  /** The origin that browsers use, when it isn't the one that this process sees. */
  readonly publicUrl: string | undefined
  /** Ends the relay; to be called while there is still an engine. Rows that are left wait for the next start. */
  closeRelay(): Promise<void>
  /** Waits for what is being published, for some seconds at most. */
  close(): Promise<void>
}

/** Milliseconds that an engine gets for what waits for it at the end. */
const closeGrace = 5_000

export async function startMessenger(
  { db, outbox }: Pick<OpenDatabase, 'db' | 'outbox'>,
  { messengerDelivery: mode, publicUrl }: Pick<Settings, 'messengerDelivery' | 'publicUrl'>,
  log: Logger,
): Promise<MessengerServer> {
  const delivery = createDelivery(db, mode, log)
  await ensureLobby({ db, delivery })
  const relay =
    mode === 'outbox' || mode === 'both'
      ? createRelay({ database: outbox, publisher: serverApi(), logger: log })
      : undefined
  relay?.start()
  return {
    db,
    delivery,
    rates: createRates(),
    publicUrl,
    closeRelay: () => atMost(closeGrace, relay?.close()),
    close: () => atMost(closeGrace, delivery.idle()),
  }
}

/** A database or an engine that has gone silent keeps nobody from closing. */
async function atMost(milliseconds: number, work: Promise<void> | undefined): Promise<void> {
  const waited = new AbortController()
  const late = sleep(milliseconds, undefined, { signal: waited.signal }).catch(() => undefined)
  await Promise.race([work, late])
  waited.abort()
}

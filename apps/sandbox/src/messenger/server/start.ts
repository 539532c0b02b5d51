/** The messenger's server half, made once per process. */
import type { Logger } from 'pino'
import type { OpenDatabase } from '../../../server/database.ts'
import type { Settings } from '../../../server/settings.ts'
import { createDelivery } from './delivery.ts'
import { createRates, type Rates } from './rates.ts'
import { ensureLobby } from './rooms.ts'
import type { Messenger } from './room-changes.ts'

export interface MessengerServer extends Messenger {
  readonly rates: Rates
  /** The origin that browsers use, when it isn't the one that this process sees. */
  readonly publicUrl: string | undefined
  /** Publishes what is still to be published, then lets go of the database. */
  close(): Promise<void>
}

export async function startMessenger(
  { db }: Pick<OpenDatabase, 'db'>,
  { publicUrl }: Pick<Settings, 'publicUrl'>,
  log: Logger,
): Promise<MessengerServer> {
  const delivery = createDelivery(db, 'commit', log)
  await ensureLobby({ db, delivery })
  return { db, delivery, rates: createRates(), publicUrl, close: () => delivery.idle() }
}

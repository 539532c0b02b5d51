/**
 * How events reach the members' personal channels. `tell` is called within the transaction that makes the change, and
 * what it is told is said only if that commits:
 * - `commit`: published after the commit, best effort
 * - `outbox`: a row of the same transaction, which this process's relay publishes
 * - `consumer`: a row of the same transaction, which Centrifugo or the stand-alone hub reads from the table
 * - `both`: after the commit and by the relay; the second one is a repetition, which the engine drops
 */
import { broadcast as writeBroadcast, onCommit, transaction } from '@backchannel/outbox'
import { broadcast, isRealtimeEnabled, personalChannel } from '@backchannel/realtime'
import { setImmediate } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Database } from '../../../server/database.ts'
import type { DeliveryMode } from '../../../server/settings.ts'
import type { RealTimeEvent } from '../model.ts'
import { createTurns } from './turns.ts'

export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]

export interface Telling {
  /** The engine says an event once per key and channel. */
  readonly idempotencyKey: string
}

export interface Delivery {
  /** Runs `work` in a transaction. Of one room, one runs at a time in this process. */
  change<T>(roomId: number | undefined, work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Has the event said to these people once the transaction has committed, and not otherwise. */
  tell(tx: Transaction, userIds: readonly string[], event: RealTimeEvent, options: Telling): Promise<void>
  /** Says it now, to whoever is there, without keeping it. */
  mention(userIds: readonly string[], event: RealTimeEvent): void
  /** Resolves when what was committed has been published, as far as this process does that. */
  idle(): Promise<void>
}

/** Of one request to the engine, or one row. */
const chunk = 1000

export interface DeliveryOptions {
  /** Bytes, about, of what waits for a slow engine: memory has an end, and this way of telling is best effort. @default 64 MiB */
  readonly maxWaiting?: number
}

export function createDelivery(
  db: Database,
  mode: DeliveryMode,
  log: Pick<Logger, 'warn' | 'error'>,
  { maxWaiting = 64 * 1024 * 1024 }: DeliveryOptions = {},
): Delivery {
  const changes = createTurns()
  const publishing = createTurns()
  let waiting = 0
  let dropping = false

  /** Not awaited by those who write: they don't wait for an engine that is slow or down. */
  const publishLater = (userIds: readonly string[], event: RealTimeEvent, options: Partial<Telling>): void => {
    if (!isRealtimeEnabled()) return
    const size = sizeOf(userIds, event)
    if (waiting > 0 && waiting + size > maxWaiting) {
      if (!dropping) log.warn('realtime is slower than what is written: events are dropped until it has caught up')
      dropping = true
      return
    }
    waiting += size
    // In the order of the commits: a room's next event waits for this one.
    const published = publishing.take(event.body.room.id, async () => {
      for (const part of chunks(userIds)) {
        // The hub of this process answers at once: others get their turn between the pieces of a large room.
        await setImmediate()
        await broadcast(part.map(personalChannel), event, {
          ...options,
          ...(event.type === 'typing' ? { skipHistory: true, retries: 0 } : {}),
        })
      }
    })
    void published
      .catch((error: unknown) => log.error({ err: error }, 'an event could not be published'))
      .then(() => {
        waiting -= size
        if (waiting === 0) dropping = false
      })
  }

  return {
    change(roomId, work) {
      const run = () =>
        transaction(db, work, { onError: (error) => log.error({ err: error }, 'an event could not be published') })
      // The row's lock orders transactions, but not what is done after them, and each that waits for it in the database
      // has a connection that others need.
      return roomId === undefined ? run() : changes.take(roomId, run)
    },
    async tell(tx, userIds, event, options) {
      if (userIds.length === 0) return
      if (mode !== 'commit') {
        const place = { ...options, partitionKey: String(event.body.room.id) }
        for (const part of chunks(userIds)) await writeBroadcast(tx, part.map(personalChannel), event, place)
      }
      if (mode === 'commit' || mode === 'both') onCommit(tx, () => publishLater(userIds, event, options))
    },
    mention(userIds, event) {
      // Behind something that waits it would be said when it is no longer true.
      if (!publishing.has(event.body.room.id)) publishLater(userIds, event, {})
    },
    async idle() {
      await changes.idle()
      await publishing.idle()
    },
  }
}

/** What an event and its recipients hold in memory, roughly. */
function sizeOf(userIds: readonly string[], { body }: RealTimeEvent): number {
  return 1000 + userIds.length * 50 + ('content' in body ? body.content.length * 2 : 0)
}

function* chunks(userIds: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < userIds.length; from += chunk) yield userIds.slice(from, from + chunk)
}

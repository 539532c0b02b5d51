/** What is read beside clients: outbox tables in Postgres. */
import type { Hub } from '@backchannel/hub'
import type { ConsumerSettings } from './consumer-settings.ts'
import type { Logger } from './log.ts'
import { PostgresConsumer } from './postgres-consumer.ts'

export interface Consumers {
  /** Resolves when the rows under way are done with. */
  close(): Promise<void>
}

/** @throws Failure when a database can't be reached, as Centrifugo refuses the start */
export async function startConsumers(
  settings: readonly ConsumerSettings[],
  hub: Pick<Hub, 'call'>,
  log: Logger,
): Promise<Consumers> {
  const consumers = settings.map((each) => new PostgresConsumer(each, hub, log.child({ consumer: each.name })))
  const close = async () => {
    await Promise.all(consumers.map((consumer) => consumer.close()))
  }
  try {
    for (const consumer of consumers) await consumer.start()
  } catch (error) {
    await close()
    throw error
  }
  return { close }
}

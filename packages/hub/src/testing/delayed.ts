import type { Broker } from '../broker.ts'
import type { PresenceStore } from '../presence.ts'

/** Lets a few turns of the event loop pass, so that everything that could come in between does. */
async function delay(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function later<T>(answer: () => T | Promise<T>): Promise<T> {
  await delay()
  const value = await answer()
  await delay()
  return value
}

/**
 * The same broker, answering later: what the hub does with one over a network. Publications are delivered when the
 * inner broker delivers them, so history and delivery come apart as they do there.
 */
export function delayedBroker(inner: Broker): Broker {
  return {
    open: (deliver) => inner.open(deliver),
    close: () => later(() => inner.close()),
    subscribe: (channel) => later(() => inner.subscribe(channel)),
    unsubscribe: (channel) => later(() => inner.unsubscribe(channel)),
    publish: (channel, publication, options) => later(() => inner.publish(channel, publication, options)),
    history: (channel, query) => later(() => inner.history(channel, query)),
    removeHistory: (channel) => later(() => inner.removeHistory(channel)),
  }
}

/** The same presence, answering later. */
export function delayedPresence(inner: PresenceStore): PresenceStore {
  return {
    add: (channel, info) => later(() => inner.add(channel, info)),
    remove: (channel, client) => later(() => inner.remove(channel, client)),
    get: (channel) => later(() => inner.get(channel)),
  }
}

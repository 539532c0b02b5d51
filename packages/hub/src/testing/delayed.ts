import type { Broker } from '../broker/broker.ts'
import type { PresenceStore } from '../broker/presence.ts'

/** How many turns of the event loop pass before and after an answer, so that everything that could come in does. */
type Turns = () => number

const three: Turns = () => 3

async function delay(turns: Turns): Promise<void> {
  for (let left = turns(); left > 0; left--) await new Promise((resolve) => setImmediate(resolve))
}

async function later<T>(turns: Turns, answer: () => T | Promise<T>): Promise<T> {
  await delay(turns)
  const value = await answer()
  await delay(turns)
  return value
}

/**
 * The same broker, answering later: what the hub does with one over a network. Publications are delivered when the
 * inner broker delivers them, so history and delivery come apart as they do there.
 */
export function delayedBroker(inner: Broker, turns: Turns = three): Broker {
  return {
    open: (deliver) => inner.open(deliver),
    close: () => later(turns, () => inner.close()),
    subscribe: (channel) => later(turns, () => inner.subscribe(channel)),
    unsubscribe: (channel) => later(turns, () => inner.unsubscribe(channel)),
    publish: (channel, publication, options) => later(turns, () => inner.publish(channel, publication, options)),
    publishMembership: (channel, event, info) => later(turns, () => inner.publishMembership(channel, event, info)),
    history: (channel, query) => later(turns, () => inner.history(channel, query)),
    removeHistory: (channel) => later(turns, () => inner.removeHistory(channel)),
  }
}

/** The same presence, answering later. */
export function delayedPresence(inner: PresenceStore, turns: Turns = three): PresenceStore {
  return {
    add: (channel, info) => later(turns, () => inner.add(channel, info)),
    remove: (channel, client) => later(turns, () => inner.remove(channel, client)),
    get: (channel) => later(turns, () => inner.get(channel)),
  }
}

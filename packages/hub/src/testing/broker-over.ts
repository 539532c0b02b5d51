import type { Broker } from '../broker/broker.ts'

/** The same broker, but for some of its verbs. */
export function brokerOver(inner: Broker, verbs: Partial<Broker>): Broker {
  return {
    open: (deliver) => inner.open(deliver),
    close: () => inner.close(),
    subscribe: (channel) => inner.subscribe(channel),
    unsubscribe: (channel) => inner.unsubscribe(channel),
    publish: (channel, publication, options) => inner.publish(channel, publication, options),
    publishMembership: (channel, event, info) => inner.publishMembership(channel, event, info),
    history: (channel, query) => inner.history(channel, query),
    removeHistory: (channel) => inner.removeHistory(channel),
    ...verbs,
  }
}

/** The same broker; while `isLost` says so, its publications are kept but never arrive. */
export function lossyBroker(inner: Broker, isLost: () => boolean): Broker {
  return brokerOver(inner, {
    open: (deliver) =>
      inner.open({
        ...deliver,
        publication: (...delivery) => {
          if (!isLost()) deliver.publication(...delivery)
        },
      }),
  })
}

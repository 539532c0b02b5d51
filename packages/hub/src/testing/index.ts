/** What tests of a hub need: time that stands still, peers in memory, stores that answer late. */
export { systemClock } from '../clock.ts'
export { MemoryBroker } from '../broker/memory-broker.ts'
export { MemoryPresence } from '../broker/presence.ts'
export { delayedBroker, delayedPresence } from './delayed.ts'
export { MemoryPeer, type Message } from './memory-transport.ts'
export { TestClock } from './test-clock.ts'
export { createTestHub, type TestHub } from './test-hub.ts'

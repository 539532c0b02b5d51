import { MemoryBroker, MemoryPresence, delayedBroker, delayedPresence, systemClock } from '@backchannel/hub/testing'

import { hubTarget } from './hub.ts'
import type { Target } from './target.ts'

/** The hub over stores that answer late, as ones behind a network do. */
export const hubDelayed: Target = hubTarget('hub-delayed', () => ({
  broker: delayedBroker(new MemoryBroker(systemClock)),
  presence: delayedPresence(new MemoryPresence()),
}))

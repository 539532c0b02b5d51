import type { Area } from '../suite/case.ts'
import { connections, pings } from './connections.ts'
import { delivery } from './delivery.ts'
import { features, filtered } from './features.ts'
import { recovery } from './recovery.ts'
import { robustness } from './robustness.ts'
import { limited, subscriptions } from './subscriptions.ts'

/** Every case with the official client. */
export const areas: readonly Area[] = [
  connections,
  pings,
  subscriptions,
  limited,
  delivery,
  recovery,
  features,
  filtered,
  robustness,
]

import { centrifugo } from './centrifugo.ts'
import { hub } from './hub.ts'
import type { Peer } from './peer.ts'
import { socketIo } from './socket-io.ts'

/** The first is what is built here; the others are what it is compared with. */
export const peers: readonly Peer[] = [hub, centrifugo, socketIo]

import { centrifugo, centrifugoProtobuf } from './centrifugo.ts'
import { floor } from './floor.ts'
import { hub } from './hub.ts'
import { appCentrifugo, appChild, appHub, appSocketIo } from './pages.ts'
import type { Peer } from './peer.ts'
import { crossws, wsNaive, wsShared } from './plain.ts'
import { socketIo } from './socket-io.ts'

/** The first is what is built here; the others are what it is compared with. */
export const peers: readonly Peer[] = [
  hub,
  centrifugo,
  centrifugoProtobuf,
  socketIo,
  wsNaive,
  wsShared,
  crossws,
  floor,
  appHub,
  appChild,
  appCentrifugo,
  appSocketIo,
]

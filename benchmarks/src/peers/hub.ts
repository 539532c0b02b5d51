import { tokenKey } from '../payload.ts'
import { enginePaths } from './engine-paths.ts'
import { startNodeServer } from './node-server.ts'
import type { Peer } from './peer.ts'

export const hub: Peer = {
  name: 'hub',
  title: 'Backchannel hub',
  settings: 'JSON, memory broker, no history, no compression; a burst is published in process, in one tick',
  missing: () => Promise.resolve(undefined),
  start: (options) => startNodeServer('hub', options, { wire: 'centrifugo-json', paths: enginePaths, tokenKey }),
}

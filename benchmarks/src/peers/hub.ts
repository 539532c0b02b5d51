import { centrifugoConfig } from '../centrifugo-config.ts'
import { startNodeServer } from './node-server.ts'
import type { Peer } from './peer.ts'

export const hub: Peer = {
  name: 'hub',
  title: 'Backchannel hub',
  settings: 'JSON, memory broker, no history, no compression; a burst is published in process, in one tick',
  missing: () => Promise.resolve(undefined),
  start: (options) =>
    startNodeServer('hub', options, {
      path: '/connection/websocket',
      wire: 'centrifugo-json',
      tokenKey: centrifugoConfig.client.token.hmac_secret_key,
    }),
}

/** Servers without a protocol: a frame in says what to hear, every other frame is a publication. */
import { startNodeServer } from './node-server.ts'
import type { Peer } from './peer.ts'

function plain(name: string, title: string, settings: string): Peer {
  return {
    name,
    title,
    settings,
    missing: () => Promise.resolve(undefined),
    start: (options) => startNodeServer(name, options, { wire: 'text', paths: { text: '/' }, tokenKey: '' }),
  }
}

export const wsNaive = plain(
  'ws-naive',
  '`ws`, naive',
  'a loop over the clients that calls `send(JSON.stringify(data))` for each, as most examples do',
)

export const wsShared = plain(
  'ws-shared',
  '`ws`, shared',
  'the control: serialised once, and `send` of the same Buffer for each client, no compression',
)

export const crossws = plain(
  'crossws',
  'crossws',
  'its Node adapter, `peer.publish` to a topic, no compression; serialised once',
)

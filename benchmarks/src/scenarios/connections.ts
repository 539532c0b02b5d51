import { setTimeout as sleep } from 'node:timers/promises'
import { residentBytes } from '../machine.ts'
import { cpuPer, rateOf } from '../metrics.ts'
import { channel } from '../payload.ts'
import { centrifugo } from '../peers/centrifugo.ts'
import { floor } from '../peers/floor.ts'
import { hub } from '../peers/hub.ts'
import { crossws, wsShared } from '../peers/plain.ts'
import { socketIo } from '../peers/socket-io.ts'
import type { Peer } from '../peers/peer.ts'
import type { RowFacts } from '../results.ts'
import { endpointOf } from './delivery.ts'
import type { Scenario, Stage } from './scenario.ts'
import { openStorm } from './storm.ts'

/** A server gives back what connecting took while nothing happens. */
const restSeconds = 8

function idleStage(row: RowFacts, peers: readonly Peer[], savesMemory: boolean): Stage {
  return {
    peers,
    rows: [row],
    maxRounds: 2,
    oneByOne: true,
    async open(bench, peer) {
      const { running, load, close } = await bench.startWithLoad(peer, { savesMemory })
      return {
        version: running.version,
        async measure() {
          const before = residentBytes(running.pids)
          const subscribers = bench.size(10_000)
          await load.connect({ ...endpointOf(running), channel, subscribers })
          await sleep(restSeconds * 1000 * Math.min(1, bench.settings.scale))
          return { figures: { rss: (residentBytes(running.pids) - before) / subscribers / 1024 } }
        },
        close,
      }
    },
  }
}

const idlePeers = [hub, centrifugo, socketIo, wsShared, crossws]

export const idle: Scenario = {
  name: 'idle',
  title: 'Memory of idle connections',
  about: `10,000 connections, each with one subscription, on a server that has just started; what they add to the resident memory, ${restSeconds} seconds after the last one came. The second row is with settings that save memory: on Node \`--max-semi-space-size=16\`, since a good part of the first row is V8's young generation, which the storm of connections has made grow; for Centrifugo \`websocket.use_write_buffer_pool\` and \`GOGC=50\`.`,
  metrics: [{ name: 'rss', title: 'Resident memory per connection', unit: 'KB', better: 'less', guarded: true }],
  stages: [
    idleStage({ name: '10000', title: '10,000 connections' }, [...idlePeers, floor], false),
    idleStage({ name: '10000-saving', title: '10,000 connections, settings that save memory' }, idlePeers, true),
  ],
}

export const connect: Scenario = {
  name: 'connect',
  title: 'A storm of connections',
  about:
    '5,000 clients connect and subscribe to one channel, 64 handshakes at a time: the engines verify a token (HS256) of each, the others ask for none. 10,000 have come and gone before.',
  metrics: [cpuPer('connection'), rateOf('connections')],
  stages: [
    {
      peers: [hub, centrifugo, socketIo, wsShared, crossws],
      rows: [{ name: '5000', title: '5,000 clients' }],
      isWarm: true,
      async open(bench, peer) {
        const server = await bench.startWithLoad(peer)
        return openStorm(bench, server, { ...endpointOf(server.running), channel, subscribers: bench.size(5000) })
      },
    },
  ],
}

import { cpuPer, rateOf } from '../metrics.ts'
import { payloadOf } from '../payload.ts'
import { broadcastCall, spreadCall } from '../peers/calls.ts'
import { centrifugo } from '../peers/centrifugo.ts'
import { hub } from '../peers/hub.ts'
import { socketIo } from '../peers/socket-io.ts'
import { isLoadLimited, openAudience } from './delivery.ts'
import type { Scenario, Stage } from './scenario.ts'

const payload = payloadOf(128)

export const manyChannels: Scenario = {
  name: 'channels',
  title: 'Many small channels',
  about:
    'Every subscriber has a channel of its own; each publication, over HTTP, is for the next one of them, eight outstanding.',
  metrics: [cpuPer('delivery'), rateOf('deliveries')],
  stages: [
    {
      peers: [hub, centrifugo, socketIo],
      rows: [{ name: '10000x1', title: '10,000 channels of one subscriber' }],
      maxRounds: 3,
      async open(bench, peer) {
        const { contender } = await openAudience(bench, peer, { subscribers: bench.size(10_000), spread: true })
        return contender(() => ({ call: spreadCall(payload), window: 8, rate: 0 }))
      },
    },
  ],
}

/** @param online how many of the channels somebody hears */
function broadcastStage(channels: number, online: number): Stage {
  return {
    peers: [hub, centrifugo, socketIo],
    rows: [
      {
        name: String(channels),
        title: `${channels.toLocaleString('en')} channels${online < channels ? `, ${online.toLocaleString('en')} of them heard` : ''}`,
      },
    ],
    maxRounds: 3,
    async open(bench, peer) {
      const size = bench.size(channels)
      const { contender } = await openAudience(bench, peer, { subscribers: bench.size(online), spread: true })
      const request = { call: broadcastCall(payload, size), window: 1, rate: 0, everyone: true }
      return contender(
        () => request,
        (result) => ({
          figures: {
            cpu: (result.serverCpu / (result.publications * size)) * 1e6,
            time: (result.seconds / result.publications) * 1000,
          },
          isLoadLimited: isLoadLimited(result),
        }),
      )
    },
  }
}

export const personalChannels: Scenario = {
  name: 'personal',
  title: 'One message to many personal channels',
  about:
    'As a chat does it: one `/api/broadcast` names the channel of each member, and the next is sent when all who are there have heard it. Socket.IO, which has no such call, is given the same request and emits to each room.',
  metrics: [
    cpuPer('channel'),
    { name: 'time', title: 'Until it is answered and heard by all', unit: 'ms', better: 'less', guarded: false },
  ],
  stages: [broadcastStage(1000, 1000), broadcastStage(10_000, 10_000), broadcastStage(100_000, 1000)],
}

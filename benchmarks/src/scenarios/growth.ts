import { win1 } from '../modes.ts'
import { cpuPer } from '../metrics.ts'
import { firstSequence, payloadOf, placeholder } from '../payload.ts'
import { broadcastCall, eachCall, spreadCall } from '../peers/calls.ts'
import { centrifugo } from '../peers/centrifugo.ts'
import { hub } from '../peers/hub.ts'
import type { Call, RunningPeer } from '../peers/peer.ts'
import { wsShared } from '../peers/plain.ts'
import { socketIo } from '../peers/socket-io.ts'
import { residentBytes } from '../machine.ts'
import { audienceStage, openAudience } from './delivery.ts'
import type { Scenario } from './scenario.ts'

export const subscriberGrowth: Scenario = {
  name: 'growth-subscribers',
  title: 'Growth: subscribers of one channel',
  about:
    'One publish outstanding, 128 bytes. The cost of a publish is shared by all deliveries, so one subscriber bears it alone.',
  metrics: [cpuPer('delivery')],
  xTitle: 'subscribers',
  stages: [1, 10, 100, 1000, 10_000].map((subscribers) =>
    audienceStage(
      [hub, centrifugo, socketIo, wsShared],
      [win1],
      { subscribers, payloadBytes: 128 },
      { name: String(subscribers), title: `${subscribers.toLocaleString('en')} subscribers` },
      { maxRounds: 2, x: subscribers },
    ),
  ),
}

const payload = payloadOf(128)

/** The most of them that have a connection; further channels are kept for their history alone. */
const mostHeard = 10_000

export const channelGrowth: Scenario = {
  name: 'growth-channels',
  title: 'Growth: channels with one subscriber',
  about: `Each publication is for one of the subscribers, who has a channel of its own with a history of one: a delivery is a publish as well, and costs the same however many others there are. Above ${mostHeard.toLocaleString('en')} channels, the others are kept for their history alone.`,
  metrics: [cpuPer('delivery')],
  xTitle: 'channels',
  stages: [1, 10, 100, 1000, 10_000, 100_000].map((channels) => ({
    peers: [hub, centrifugo],
    rows: [{ name: String(channels), title: `${channels.toLocaleString('en')} channels`, x: channels }],
    maxRounds: 2,
    async open(bench, peer) {
      const { running, contender } = await openAudience(bench, peer, {
        subscribers: bench.size(Math.min(channels, mostHeard)),
        spread: true,
        engine: { namespace: { history_size: 1, history_ttl: '600s' } },
      })
      for (let first = mostHeard; first < channels; first += mostHeard) {
        await broadcast(running, first, bench.size(mostHeard))
      }
      return contender(() => ({ call: spreadCall(payload), window: 1, rate: 0 }))
    },
  })),
}

const kept = 100

export const channelMemory: Scenario = {
  name: 'channel-memory',
  title: 'Memory of a history',
  about: `10,000 channels that nobody hears, each with a history of ${kept} publications of 128 bytes, all of them different; the resident memory that they add, after some publications more than are kept.`,
  metrics: [{ name: 'rss', title: 'Resident memory per channel', unit: 'KB', better: 'less', guarded: true }],
  stages: [
    {
      peers: [hub, centrifugo],
      rows: [{ name: '10000x100', title: `10,000 channels, ${kept} publications each` }],
      maxRounds: 1,
      oneByOne: true,
      async open(bench, peer) {
        const running = await bench.start(peer, { namespace: { history_size: kept, history_ttl: '600s' } })
        return {
          version: running.version,
          async measure() {
            const before = residentBytes(running.pids)
            const channels = bench.size(10_000)
            for (let publication = 0; publication < kept * 1.2; publication++) await publishToEach(running, channels)
            return { figures: { rss: (residentBytes(running.pids) - before) / channels / 1024 } }
          },
          close: () => bench.end(running),
        }
      },
    },
  ],
}

const batchSize = 1000

/** Publishes data of its own to each of so many channels. */
async function publishToEach(running: RunningPeer, channels: number): Promise<void> {
  for (let first = 0; first < channels; first += batchSize) {
    const size = Math.min(batchSize, channels - first)
    const datas = Array.from({ length: size }, (_, index) =>
      payload.replace(placeholder, String(firstSequence + first + index)),
    )
    await post(running, eachCall(datas, first))
  }
}

/** Publishes the same to so many channels. */
async function broadcast(running: RunningPeer, first: number, channels: number): Promise<void> {
  await post(running, broadcastCall(payload.replace(placeholder, String(firstSequence)), channels, first))
}

async function post({ address }: RunningPeer, { path, headers, body }: Call): Promise<void> {
  const response = await fetch(`http://${address}${path}`, { method: 'POST', headers, body })
  const text = await response.text()
  if (!response.ok || text.includes('"error"')) throw new Error(`${path}: ${response.status} ${text.slice(0, 300)}`)
}

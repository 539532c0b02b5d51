import { cpuPer, rateOf } from '../metrics.ts'
import { burst } from '../modes.ts'
import { apiKey, channel, payloadOf } from '../payload.ts'
import { hub } from '../peers/hub.ts'
import { socketIo } from '../peers/socket-io.ts'
import type { LoopRequest, LoopResult } from '../servers/loop.ts'
import { isLoadLimited, openAudience } from './delivery.ts'
import type { Scenario, Stage } from './scenario.ts'

/** How many publications a round makes; a fraction of a second of them. */
const publications = 1_000_000

function loopStage(kind: LoopRequest['kind'], title: string, peers: Stage['peers']): Stage {
  return {
    peers,
    rows: [{ name: kind, title }],
    async open(bench, peer) {
      const namespace = kind === 'history' ? { history_size: 100, history_ttl: '600s' } : {}
      const running = await bench.start(peer, { namespace })
      const loop = async (count: number): Promise<LoopResult> => {
        const response = await fetch(`http://${running.address}/bench/loop`, {
          method: 'POST',
          headers: { 'X-API-Key': apiKey },
          body: JSON.stringify({ kind, channel, count } satisfies LoopRequest),
        })
        return (await response.json()) as LoopResult
      }
      await loop(bench.size(publications))
      return {
        version: running.version,
        async measure() {
          const count = bench.size(publications)
          const { cpuSeconds, seconds } = await loop(count)
          return { figures: { cpu: (cpuSeconds / count) * 1e6, rate: count / seconds } }
        },
        close: () => bench.end(running),
      }
    },
  }
}

/** A hundred in a tick, as long as all have heard the last hundred: what is written is a part of it. */
function heardStage(subscribers: number, title: string): Stage {
  return {
    peers: [hub, socketIo],
    rows: [{ name: `heard-by-${subscribers}`, title }],
    async open(bench, peer) {
      const audience = bench.size(subscribers)
      const { running, contender } = await openAudience(bench, peer, { subscribers: audience })
      return contender(
        () => burst.request(running, payloadOf(128), audience),
        (result) => ({
          figures: {
            cpu: (result.serverCpu / result.publications) * 1e6,
            rate: result.publications / result.seconds,
          },
          isLoadLimited: isLoadLimited(result),
        }),
      )
    },
  }
}

export const inProcess: Scenario = {
  name: 'in-process',
  title: 'Publishing in process',
  about: `What a publish costs an app that has no users yet: ${publications.toLocaleString('en')} in a loop, 128 bytes of JSON. With Socket.IO, an emit to an empty room. With subscribers, a hundred in each tick.`,
  metrics: [cpuPer('publish'), rateOf('publishes')],
  stages: [
    loopStage('encoded', 'data encoded before', [hub]),
    loopStage('object', 'an object', [hub, socketIo]),
    loopStage('history', 'an object, history of 100', [hub]),
    heardStage(1, 'an object, one subscriber'),
    heardStage(10, 'an object, ten subscribers'),
  ],
}

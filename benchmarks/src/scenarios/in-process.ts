import { cpuPer, rateOf } from '../metrics.ts'
import { apiKey, channel } from '../payload.ts'
import { hub } from '../peers/hub.ts'
import { socketIo } from '../peers/socket-io.ts'
import type { LoopRequest, LoopResult } from '../servers/loop.ts'
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

export const inProcess: Scenario = {
  name: 'in-process',
  title: 'Publishing in process, where nobody listens',
  about: `What a publish costs an app that has no users yet: ${publications.toLocaleString('en')} in a loop, 128 bytes of JSON. With Socket.IO, an emit to an empty room.`,
  metrics: [cpuPer('publish'), rateOf('publishes')],
  stages: [
    loopStage('encoded', 'data encoded before', [hub]),
    loopStage('object', 'an object', [hub, socketIo]),
    loopStage('history', 'an object, history of 100', [hub]),
  ],
}

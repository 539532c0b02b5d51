import { setTimeout as sleep } from 'node:timers/promises'
import { cpuPer, rateOf } from '../metrics.ts'
import { apiKey, channel, firstSequence, payloadOf, placeholder } from '../payload.ts'
import { centrifugo } from '../peers/centrifugo.ts'
import { hub } from '../peers/hub.ts'
import { endpointOf, isLoadLimited } from './delivery.ts'
import type { Scenario } from './scenario.ts'

const missed = 100
const history = { history_size: missed, history_ttl: '600s', force_recovery: true }

export const recovery: Scenario = {
  name: 'recovery',
  title: 'Recovery',
  about: `1,000 clients come back at once, each with a token, and are given the ${missed} messages that they missed, 128 bytes each.`,
  metrics: [cpuPer('client'), rateOf('clients')],
  stages: [
    {
      peers: [hub, centrifugo],
      rows: [{ name: '1000x100', title: '1,000 clients, 100 messages each' }],
      async open(bench, peer) {
        const running = await bench.start(peer, { namespace: history })
        const load = await bench.loadGenerator()
        const api = async (method: string, body: string) => {
          const response = await fetch(`http://${running.address}/api/${method}`, {
            method: 'POST',
            headers: { 'X-API-Key': apiKey, 'Content-Type': 'application/json' },
            body,
          })
          const { result } = (await response.json()) as { result: { epoch: string; offset?: number } }
          return result
        }
        const { epoch, offset = 0 } = await api('history', JSON.stringify({ channel, limit: 0 }))
        for (let number = 0; number < missed; number++) {
          const data = payloadOf(128).replace(placeholder, String(firstSequence + number))
          await api('publish', `{"channel":"${channel}","data":${data}}`)
        }
        const storm = async () => {
          const request = { ...endpointOf(running), channel, subscribers: bench.size(1000), pids: running.pids }
          const result = await load.connect({ ...request, recover: { epoch, offset, publications: missed } })
          await load.disconnect()
          // What closing costs is not to be counted for the next one.
          await sleep(1000 * bench.settings.scale)
          return result
        }
        await storm()
        return {
          version: running.version,
          async measure() {
            const result = await storm()
            const { subscribers, serverCpu, seconds } = result
            return {
              figures: { cpu: (serverCpu / subscribers) * 1e6, rate: subscribers / seconds },
              isLoadLimited: isLoadLimited(result),
            }
          },
          async close() {
            await bench.end(load)
            await bench.end(running)
          },
        }
      },
    },
  ],
}

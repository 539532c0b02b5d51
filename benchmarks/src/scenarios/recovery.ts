import { cpuPer, rateOf } from '../metrics.ts'
import { apiKey, channel, firstSequence, payloadOf, placeholder } from '../payload.ts'
import { centrifugo } from '../peers/centrifugo.ts'
import { hub } from '../peers/hub.ts'
import { endpointOf } from './delivery.ts'
import type { Scenario } from './scenario.ts'
import { openStorm } from './storm.ts'

const missed = 100
const history = { history_size: missed, history_ttl: '600s', force_recovery: true }

export const recovery: Scenario = {
  name: 'recovery',
  title: 'Recovery',
  about: `1,000 clients come back at once, each with a token, and are given the ${missed} messages that they missed, 128 bytes each. A figure is of five such storms, after ten that do not count.`,
  metrics: [cpuPer('client'), rateOf('clients')],
  stages: [
    {
      peers: [hub, centrifugo],
      rows: [{ name: '1000x100', title: '1,000 clients, 100 messages each' }],
      isWarm: true,
      async open(bench, peer) {
        const server = await bench.startWithLoad(peer, { namespace: history })
        const { running } = server
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
        const request = { ...endpointOf(running), channel, subscribers: bench.size(1000) }
        return openStorm(bench, server, { ...request, recover: { epoch, offset, publications: missed } })
      },
    },
  ],
}

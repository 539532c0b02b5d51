import { cpuPer, rateOf } from '../metrics.ts'
import { payloadOf } from '../payload.ts'
import { publishCall } from '../peers/calls.ts'
import { centrifugo } from '../peers/centrifugo.ts'
import { hub } from '../peers/hub.ts'
import { socketIo } from '../peers/socket-io.ts'
import { isLoadLimited } from './delivery.ts'
import type { Scenario } from './scenario.ts'

const windows = [1, 8] as const
const payload = payloadOf(128)

export const httpPublish: Scenario = {
  name: 'http-publish',
  title: 'Publishing over HTTP',
  about:
    'To a channel that nobody hears, over keep-alive connections. Socket.IO has no such API: its figure is that of a handler on `node:http` that does the least.',
  metrics: [cpuPer('publish'), rateOf('publishes')],
  stages: [
    {
      peers: [hub, centrifugo, socketIo],
      rows: windows.map((window) => ({ name: `win${window}`, title: `${window} outstanding` })),
      async open(bench, peer) {
        const { running, load, close } = await bench.startWithLoad(peer)
        return {
          version: running.version,
          async measure(row) {
            const { warmUp, seconds } = bench.settings
            const { address, pids } = running
            const window = Number(row.replace('win', ''))
            const call = publishCall(payload)
            const result = await load.run({ call, address, window, rate: 0, warmUp, seconds, pids })
            return {
              figures: {
                cpu: (result.serverCpu / result.publications) * 1e6,
                rate: result.publications / result.seconds,
              },
              isLoadLimited: isLoadLimited(result),
            }
          },
          close,
        }
      },
    },
  ],
}

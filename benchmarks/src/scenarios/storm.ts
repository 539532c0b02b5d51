import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import type { ConnectRequest } from '../load-generator.ts'
import { isLoadLimited } from './delivery.ts'
import type { Contender } from './scenario.ts'

/** For Node, a connect costs two to three times as much until so many have compiled what is hot, for Go hardly more. */
const clientsBefore = 10_000
/** A measurement has at least as many: a thousand take so short that one garbage collection decides. */
const clientsCounted = 5000

/** A server whose clients come all at once, leave, and come again: what each of them costs, and how many come a second. */
export async function openStorm(
  bench: Bench,
  { running, load, close }: Awaited<ReturnType<Bench['startWithLoad']>>,
  request: ConnectRequest,
): Promise<Contender> {
  const storms = async (clients: number) => {
    const total = { subscribers: 0, serverCpu: 0, loadgenCpu: 0, seconds: 0 }
    while (total.subscribers < bench.size(clients)) {
      const { subscribers, serverCpu, loadgenCpu, seconds } = await load.connect({ ...request, pids: running.pids })
      await load.disconnect()
      // What closing costs is not to be counted for the next one.
      await sleep(1000 * bench.settings.scale)
      total.subscribers += subscribers
      total.serverCpu += serverCpu
      total.loadgenCpu += loadgenCpu
      total.seconds += seconds
    }
    return total
  }
  await storms(clientsBefore)
  return {
    version: running.version,
    async measure() {
      const total = await storms(clientsCounted)
      const { subscribers, serverCpu, seconds } = total
      return {
        figures: { cpu: (serverCpu / subscribers) * 1e6, rate: subscribers / seconds },
        isLoadLimited: isLoadLimited(total),
      }
    },
    close,
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import type { ConnectRequest } from '../load-generator.ts'
import { isLoadLimited } from './delivery.ts'
import type { Contender } from './scenario.ts'

/** A server whose clients come all at once, leave, and come again: what each of them costs, and how many come a second. */
export async function openStorm(
  bench: Bench,
  { running, load, close }: Awaited<ReturnType<Bench['startWithLoad']>>,
  request: ConnectRequest,
): Promise<Contender> {
  const storm = async () => {
    const result = await load.connect({ ...request, pids: running.pids })
    await load.disconnect()
    // What closing costs is not to be counted for the next one.
    await sleep(1000 * bench.settings.scale)
    return result
  }
  // The first are slower: nothing is compiled, no memory was asked for yet. For Node they cost two to three times as much.
  for (let times = 0; times < 2; times++) await storm()
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
    close,
  }
}

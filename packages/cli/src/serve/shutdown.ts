/** The end of a server: clients are told to come back, one after the other, and what is under way is finished. */
import type { Hub } from '@backchannel/hub'
import { exitCodes } from '../failure.ts'
import type { Consumers } from './consumers.ts'
import type { Logger } from './log.ts'
import type { Servers } from './server.ts'

/** The longest time that telling the clients is spread over. */
const maxSpreadMs = 5000
/** Of a client: fewer of them need less time. */
const spreadPerClientMs = 10
const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const

export interface Shutdown {
  readonly hub: Hub
  readonly servers: Servers
  readonly consumers: Consumers
  readonly log: Logger
  readonly timeoutMs: number
  /** Once, before the process ends. */
  readonly cleanUp: () => void
}

/** Ends the process at SIGTERM or SIGINT; a second one does so at once. */
export function endOnSignals(shutdown: Shutdown): void {
  let isEnding = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isEnding) exit(shutdown, 128 + signalNumbers[signal])
      isEnding = true
      shutdown.log.info({ signal }, 'shutting down')
      void end(shutdown)
    })
  }
}

function exit({ cleanUp }: Shutdown, code: number): never {
  cleanUp()
  process.exit(code)
}

async function end(shutdown: Shutdown): Promise<void> {
  const { hub, servers, consumers, log, timeoutMs } = shutdown
  // It also keeps the process alive while nothing but the hub's own timers is left.
  setTimeout(() => {
    log.fatal({ sockets: hub.gauges().sockets }, 'shutdown.timeout has passed')
    exit(shutdown, exitCodes.failed)
  }, timeoutMs)
  servers.beginDrain()
  const spreadMs = Math.min(maxSpreadMs, timeoutMs / 6, hub.gauges().sessions * spreadPerClientMs)
  try {
    // First, or rows would be taken that nobody hears any more.
    await consumers.close()
    await hub.close({ spreadMs })
    await servers.close()
  } catch (error) {
    log.error({ err: error }, 'not everything could be closed')
    exit(shutdown, exitCodes.failed)
  }
  log.info('everything is closed')
  exit(shutdown, 0)
}

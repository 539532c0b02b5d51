/**
 * The sandbox's server: pages, the embedded hub's WebSocket and its HTTP API in one process on one port. With `--dev` it
 * serves from source through Vite.
 */
import { createLogger } from './server/logger.ts'
import { readSettings } from './server/settings.ts'

const mode = process.argv.includes('--dev') ? 'development' : 'production'
// Libraries read it when they are imported, so those imports come after this line.
process.env['NODE_ENV'] = mode

/** Failures whose message says all: no stack trace. */
const plainFailures = [
  'SettingsError',
  'PortTaken',
  'AddressUnusable',
  'DataFolderInUse',
  'DatabaseUnavailable',
  'NotBuilt',
  'ConfigError',
]

try {
  const settings = readSettings(process.env, { mode, appDir: import.meta.dirname })
  const log = createLogger(settings.logLevel)
  const { startSandbox } = await import('./server/start.ts')
  const starting = startSandbox(settings, import.meta.dirname, log)

  let closingSince: number | undefined
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (closingSince !== undefined) {
        // npm passes a terminal's Ctrl-C on, so one press arrives twice; a second press means now.
        if (performance.now() - closingSince > 500) process.exit(1)
        return
      }
      closingSince = performance.now()
      log.info({ signal }, 'closing')
      // A start that is under way is let finish: a database is not left half made.
      starting
        .then((sandbox) => sandbox.close())
        .then(
          () => process.exit(0),
          (error: unknown) => {
            log.error({ err: error }, 'did not close cleanly')
            process.exit(1)
          },
        )
    })
  }
  const { url } = await starting
  process.stdout.write(`Backchannel sandbox: ${url}\n`)
} catch (error) {
  console.error(error instanceof Error && plainFailures.includes(error.name) ? error.message : error)
  process.exit(1)
}

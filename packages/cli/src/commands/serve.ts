import { rmSync, writeFileSync } from 'node:fs'
import { createHub, type Hub } from '@backchannel/hub'
import { Failure, reasonOf } from '../failure.ts'
import { serverEnvironment } from '../load/environment.ts'
import { loadConfig, type LoadedConfig, type Sources } from '../load/load-config.ts'
import { startConsumers, type Consumers } from '../serve/consumers.ts'
import { openLog, type Logger } from '../serve/log.ts'
import { Servers } from '../serve/server.ts'
import type { ServerSettings } from '../serve/settings.ts'
import { endOnSignals } from '../serve/shutdown.ts'

/** Runs a hub until a signal ends it. @throws Failure */
export async function serve(given: Sources): Promise<void> {
  const { env, hasFile } = serverEnvironment(given.env)
  const sources = { ...given, env }
  const loaded = loadConfig(sources)
  const { server: settings } = loaded
  const log = openLog(settings.logLevel, settings.logFile)
  if (loaded.file !== undefined) log.info({ file: loaded.file }, 'configuration read')
  else log.warn({ file: sources.file }, describeNoFile(settings))
  if (hasFile) log.info({ file: '.env' }, 'variables read')
  for (const warning of loaded.warnings) log.warn(warning)
  warnOfOpenDoors(loaded, log)

  const hub = createHub({ config: loaded.hub, logger: log, sameOrigin: false, standalone: true, register: false })
  const servers = new Servers(hub, settings, log)
  let consumers: Consumers
  try {
    await servers.listen()
    consumers = await startConsumers(loaded.consumers, hub, log)
    writePid(settings.pidFile)
  } catch (error) {
    await hub.close()
    await servers.close()
    throw error
  }
  reloadOnHangup(hub, sources, log)
  const cleanUp = (): void => {
    if (settings.pidFile !== '') rmSync(settings.pidFile, { force: true })
  }
  endOnSignals({ hub, servers, consumers, log, timeoutMs: settings.shutdownTimeoutMs, cleanUp })
}

function describeNoFile({ address, port }: ServerSettings): string {
  const where = `${address === '' ? 'all addresses' : address}, port ${port}`
  return `no configuration file: this listens on ${where}, and nothing is allowed but what variables and flags allow`
}

function warnOfOpenDoors(loaded: LoadedConfig, log: Logger): void {
  for (const path of [
    'client.insecure',
    'client.insecure_skip_token_signature_verify',
    'http_api.insecure',
    'admin.insecure',
  ]) {
    if (loaded.option(path) === true) log.warn(`${path} is on: this is open to everybody who can reach it`)
  }
}

function writePid(file: string): void {
  if (file === '') return
  try {
    writeFileSync(file, String(process.pid))
  } catch (error) {
    throw new Failure('file', `${file} can't be written: ${reasonOf(error)}`, error)
  }
}

/** The rules of channels can change under open connections; anything else needs a new start. */
function reloadOnHangup(hub: Hub, sources: Sources, log: Logger): void {
  process.on('SIGHUP', () => {
    try {
      const { without_namespace: rules, namespaces } = loadConfig(sources).hub.channel ?? {}
      hub.setChannelOptions({ ...(rules ? { without_namespace: rules } : {}), ...(namespaces ? { namespaces } : {}) })
      log.info('the options of channels were read again')
    } catch (error) {
      log.error(`the configuration was not read again: ${reasonOf(error)}`)
    }
  })
}

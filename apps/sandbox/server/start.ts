/** Opens everything in order (port, data folder, database, hub, pages) and closes it in the order that loses nothing. */
import { closeCache } from '@backchannel/cache'
import type { CollabServer } from '@backchannel/collab/server'
import type { Hub } from '@backchannel/hub'
import { isRealtimeEnabled, setRealtimeLogger } from '@backchannel/realtime'
import { attachUpgrades } from '@backchannel/realtime/node'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import type { Logger } from 'pino'
import { NodeRequest } from 'srvx/node'
import type { AppContext } from '../src/app-context.ts'
import { centrifugoApiUrl } from '../src/lib/centrifugo.ts'
import { streamPaths } from '../src/lib/streams.ts'
import { startMessenger, type MessengerServer } from '../src/messenger/server/start.ts'
import { realtimeRules } from '../src/realtime-rules.ts'
import { clientAddressHeader, createAuth } from './auth.ts'
import { setClientAddress } from './client-address.ts'
import { startCollab } from './collab.ts'
import { lockDataFolder } from './data-lock.ts'
import { openPglite, openPostgres, type OpenDatabase } from './database.ts'
import { developmentFrontend, productionFrontend, type Frontend } from './frontend.ts'
import { startHub } from './hub.ts'
import { openListener } from './listener.ts'
import { deriveSecrets, localSecret, writeHubApiKey } from './secrets.ts'
import type { Settings } from './settings.ts'
import { claimSoleHub } from './sole-hub.ts'
import { startStreams, type StreamDrivers } from './streams.ts'

export interface Sandbox {
  readonly url: string
  close(): Promise<void>
}

/** How long requests in flight may take to finish once the server closes, in milliseconds. */
const closeGrace = 5_000

export async function startSandbox(settings: Settings, appDir: string, log: Logger): Promise<Sandbox> {
  let unlock: (() => Promise<void>) | undefined
  let database: OpenDatabase | undefined
  let hub: Hub | undefined
  let frontend: Frontend | undefined
  let streams: StreamDrivers | undefined
  let collab: CollabServer | undefined
  let messenger: MessengerServer | undefined
  let releaseHub = (): void => {}

  setRealtimeLogger(log)
  const listener = await openListener(settings)
  const close = async () => {
    listener.drain()
    await messenger?.closeRelay()
    // First of all, while sockets still carry it: the hub tells its clients to come back.
    await Promise.all([hub?.close(), streams?.close(), collab?.close()])
    await listener.close(closeGrace)
    await frontend?.close()
    releaseHub()
    await closeCache()
    await messenger?.close()
    await database?.close()
    await unlock?.()
  }

  try {
    if (settings.databaseUrl === undefined) {
      unlock = await lockDataFolder(settings.dataDir, (reason) => {
        log.fatal({ reason }, 'another process has taken over the data folder; leaving before anything is lost')
        process.exit(1)
      })
      database = await openPglite(settings.dataDir)
    } else {
      database = await openPostgres(settings.databaseUrl, log)
    }

    if (settings.databaseUrl !== undefined && settings.secret === undefined && settings.mode === 'production') {
      log.warn(
        { dataDir: settings.dataDir },
        'BETTER_AUTH_SECRET is not set: the secret in the data folder is used, and an instance elsewhere has another one',
      )
    }
    const secrets = deriveSecrets(settings.secret ?? localSecret(settings.dataDir))
    if (settings.realtime === 'embedded') {
      const configFile = path.join(appDir, '../../centrifugo/config.json')
      hub = startHub({ configFile, handlers: realtimeRules, log, secrets, settings })
      writeHubApiKey(settings.dataDir, secrets.hubApiKey)
      log.info({ hub: hub.id }, 'the embedded hub runs')
      releaseHub = await claimSoleHub(database, log)
    }
    // Asked in any case: it warns when one of Centrifugo's two secrets is set without the other.
    const enabled = isRealtimeEnabled()
    if (settings.realtime === 'centrifugo') log.info(`publishing to Centrifugo at ${centrifugoApiUrl()}`)
    if (!enabled) log.info('realtime is off: messages are saved, and nobody is told')

    const auth = createAuth(database.db, secrets.auth, listener.url, settings, log)
    const userIdOf = async ({ headers }: Request) => (await auth.api.getSession({ headers }))?.user.id
    streams = startStreams(userIdOf, log)
    if (settings.collab === 'embedded') collab = startCollab(database, userIdOf, settings, log)
    messenger = await startMessenger(database, settings, log)
    // The pages' router answers them: to the listener they are taken care of.
    attachUpgrades(listener.server, { path: streamPaths.websocket })
    const context: AppContext = {
      auth,
      collab,
      collabUrl: settings.collabUrl,
      db: database.db,
      demoUser: settings.demoUser,
      hub,
      hubApiKeyFile: displayPath(path.join(settings.dataDir, 'hub-api-key'), path.join(appDir, '../..')),
      log,
      messenger,
      streams,
    }
    const options = { appDir, context, log, settings }
    const pages =
      settings.mode === 'production'
        ? await productionFrontend(options)
        : await developmentFrontend(options, {
            server: listener.server,
            onRules: (rules) => hub?.setHandlers(rules),
          })
    frontend = pages

    const handle = async (req: IncomingMessage, res: ServerResponse) => {
      if (hub?.handleRequest(req, res)) return
      const { ip } = new NodeRequest({ req, res, trustProxy: settings.trustProxy })
      setClientAddress(req, clientAddressHeader, ip ?? '')
      for (const [name, value] of securityHeaders) res.setHeader(name, value)
      await pages.handle(req, res)
    }
    listener.serve({
      handle(req, res) {
        handle(req, res).catch((error: unknown) => {
          log.error({ err: error, method: req.method, path: req.url?.split('?', 1)[0] }, 'a request failed')
          if (res.headersSent) res.destroy()
          else res.writeHead(500, { 'content-type': 'text/plain' }).end('Internal server error\n')
        })
      },
      handleUpgrade: (req, socket, head) =>
        hub?.handleUpgrade(req, socket, head) === true ||
        collab?.handleUpgrade(req, socket, head) === true ||
        pages.ownsUpgrade(req) ||
        req.url?.split('?', 1)[0] === streamPaths.websocket,
    })
  } catch (error) {
    await close()
    throw error
  }
  return { url: listener.url, close }
}

const securityHeaders = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"],
  ['referrer-policy', 'same-origin'],
] as const

/** A path as the page may show it: within the repository, or below the folder that the operator named. */
function displayPath(file: string, root: string): string {
  const relative = path.relative(root, file)
  return relative.startsWith('..') ? path.join('$DATA_DIR', path.basename(file)) : relative
}

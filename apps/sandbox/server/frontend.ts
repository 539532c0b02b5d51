/** The pages: Vite's middleware and the entry from source in development, the built files in production. */
import type { HubHandlers } from '@backchannel/hub'
import { existsSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import path from 'node:path'
import type { Logger } from 'pino'
import { NodeRequest, sendNodeResponse } from 'srvx/node'
import { staticMiddleware } from 'srvx/static'
import type { AppContext } from '../src/app-context.ts'
import type { Settings } from './settings.ts'

export interface Frontend {
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>
  /** Whether an upgrade is the frontend's own business (Vite's hot reload). */
  ownsUpgrade(req: IncomingMessage): boolean
  close(): Promise<void>
}

interface Entry {
  fetch(request: Request, options: { context: AppContext }): Response | Promise<Response>
}

export interface FrontendOptions {
  readonly appDir: string
  readonly context: AppContext
  readonly log: Logger
  readonly settings: Settings
}

const maxRequestBodySize = 256 * 1024

/** The app is not built; the message says what to run. */
export class NotBuilt extends Error {
  override name = 'NotBuilt'
}

export async function productionFrontend({ appDir, context, settings }: FrontendOptions): Promise<Frontend> {
  const entryFile = path.join(appDir, 'dist/server/server.js')
  if (!existsSync(entryFile)) throw new NotBuilt('The sandbox is not built: run `npm run build` first.')
  const { default: entry } = (await import(entryFile)) as { default: Entry }
  const dir = path.join(appDir, 'dist/client')
  const files = staticMiddleware({ dir })
  // What lies in assets/ has its content's hash in its name.
  const hashedFiles = staticMiddleware({ dir, maxAge: 31_536_000, immutable: true })

  return {
    async handle(req, res) {
      const request = new NodeRequest({ req, res, maxRequestBodySize, trustProxy: settings.trustProxy })
      const serve = req.url?.startsWith('/assets/') ? hashedFiles : files
      await sendNodeResponse(res, await serve(request, () => entry.fetch(request, { context })))
    },
    ownsUpgrade: () => false,
    close: () => Promise.resolve(),
  }
}

export async function developmentFrontend(
  { appDir, context, log, settings }: FrontendOptions,
  { server, onRules }: { server: Server; onRules: (rules: HubHandlers) => void },
): Promise<Frontend> {
  const { createServer, isRunnableDevEnvironment } = await import('vite')
  const vite = await createServer({
    root: appDir,
    appType: 'custom',
    server: { middlewareMode: true, hmr: { server } },
  })
  const { ssr } = vite.environments
  if (ssr === undefined || !isRunnableDevEnvironment(ssr)) throw new Error("Vite's ssr environment runs no modules")
  const { runner, moduleGraph } = ssr

  const rulesFile = path.join(appDir, 'src/realtime-rules.ts')
  let rules: HubHandlers | undefined
  const loadRules = async () => {
    try {
      const module = await runner.import<{ realtimeRules: HubHandlers }>(rulesFile)
      if (module.realtimeRules === rules) return
      const first = rules === undefined
      rules = module.realtimeRules
      onRules(rules)
      if (!first) log.info('the realtime rules were loaded again; the hub and its connections live on')
    } catch (error) {
      log.error({ err: error }, 'the realtime rules do not load; the former ones stay in force')
    }
  }
  await loadRules()
  vite.watcher.on('change', (file) => {
    // The rules and whatever they import; a file that has nothing to do with them leaves the same module in place.
    for (const module of moduleGraph.getModulesByFile(file) ?? []) moduleGraph.invalidateModule(module)
    void loadRules()
  })

  return {
    handle(req, res) {
      return new Promise((resolve, reject) => {
        res.once('close', resolve)
        vite.middlewares(req, res, (error?: Error) => {
          if (error !== undefined) return reject(error)
          const render = async () => {
            const { default: entry } = await runner.import<{ default: Entry }>('virtual:tanstack-start-server-entry')
            const request = new NodeRequest({ req, res, maxRequestBodySize, trustProxy: settings.trustProxy })
            await sendNodeResponse(res, await entry.fetch(request, { context }))
          }
          render().catch((reason: unknown) => {
            if (reason instanceof Error) vite.ssrFixStacktrace(reason)
            reject(reason instanceof Error ? reason : new Error(String(reason)))
          })
        })
      })
    },
    ownsUpgrade: (req) => /^vite-(?:hmr|ping)$/.test(req.headers['sec-websocket-protocol'] ?? ''),
    close: () => vite.close(),
  }
}

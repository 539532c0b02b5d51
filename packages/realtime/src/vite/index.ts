/** The hub and the upgrades of `createRealtime` in the dev server of any framework that builds with Vite. */
import type { Server as HttpServer } from 'node:http'
import type { Hub, HubOptions } from '@backchannel/hub'
import { attachUpgrades, type UpgradeOptions } from '@backchannel/hub/upgrades'
import type { Plugin, PreviewServer, ViteDevServer } from 'vite'

export interface BackchannelOptions {
  /**
   * A hub in front of the server: the options to create it with, or a function that makes one. It is made before the
   * server listens, closed with it, and made anew when the server restarts. @default none
   */
  readonly hub?: HubOptions | (() => Hub | Promise<Hub>)
  /** Which WebSocket upgrades are the app's. @default all but Vite's and the hub's */
  readonly upgrades?: UpgradeOptions
}

/** For `plugins` in `vite.config.ts`. It is there in the dev server and in `vite preview`; builds are left as they are. */
export function backchannel(options: BackchannelOptions = {}): Plugin {
  const configure = ({ httpServer, config: { logger } }: ViteDevServer | PreviewServer): void => {
    if (httpServer) serve(httpServer as HttpServer, options, (message) => logger.error(`[backchannel] ${message}`))
    else {
      logger.warn(
        '[backchannel] Vite runs in middleware mode and has no server of its own, so the plugin does nothing. ' +
          'Call attachUpgrades(server), and hub.attach(server) if there is a hub, with the server that you created.',
      )
    }
  }
  return { name: 'backchannel', apply: 'serve', configureServer: configure, configurePreviewServer: configure }
}

function serve(
  server: HttpServer,
  { hub: given, upgrades }: BackchannelOptions,
  report: (message: string) => void,
): void {
  const detachUpgrades = attachUpgrades(server, upgrades)
  if (given === undefined) {
    server.once('close', detachUpgrades)
    return
  }
  let starting: Promise<void> | undefined
  const start = async (): Promise<void> => {
    const hub = typeof given === 'function' ? await given() : (await import('@backchannel/hub')).createHub(given)
    const detach = hub.attach(server)
    server.once('close', () => {
      detach()
      detachUpgrades()
      hub.close().catch((error: unknown) => report(`the hub could not be closed: ${String(error)}`))
    })
  }
  // Not before: when Vite restarts, it closes the old server, and its hub, between configuring the new one and this. And
  // by then everybody has added their listeners.
  const listen = server.listen.bind(server) as (...parameters: unknown[]) => HttpServer
  const listenWithHub = async (...parameters: unknown[]): Promise<void> => {
    try {
      await (starting ??= start())
    } catch (error) {
      server.emit('error', error)
      return
    }
    listen(...parameters)
  }
  server.listen = (...parameters: unknown[]) => {
    void listenWithHub(...parameters)
    return server
  }
}

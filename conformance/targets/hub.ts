import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'

import { type HubOptions, createHub } from '@backchannel/hub'

import { type ServerConfig, apiKey, tokenKey } from '../config.ts'
import { type Capability, type Identity, type Target, allCapabilities } from './target.ts'
import { withoutOptions } from './without-options.ts'

/** What the hub doesn't offer. */
const missing: Capability[] = []

/** Options of the real server that the hub has no use for: its timers are not bound to a common tick. */
const notInHub = ['presence_update_interval']

/** The embedded hub behind a plain HTTP server; what it does not claim is answered as the real server does. */
export function hubTarget(
  name: string,
  optionsOf: () => Partial<HubOptions> = () => ({}),
  identity?: Identity,
): Target {
  return {
    name,
    capabilities: new Set([...allCapabilities].filter((capability) => !missing.includes(capability))),
    async start(config: ServerConfig) {
      const errors: unknown[] = []
      const hub = createHub({
        config: withoutOptions(config, notInHub),
        logger: {
          debug() {},
          info() {},
          warn() {},
          // What a script has its app do is no failure of the hub's.
          error: (fields, message) => message === 'asking the app failed' || errors.push([fields, message]),
        },
        register: false,
        standalone: true,
        ...optionsOf(),
      })
      const server = identity ? createSecureServer(identity) : createServer()
      server.on('request', (_request, response) => {
        response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n')
      })
      hub.attach(server)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
      return {
        wsUrl: `${identity ? 'wss' : 'ws'}://${host}/connection/websocket`,
        apiUrl: `${identity ? 'https' : 'http'}://${host}/api`,
        ...(identity ? { certificate: identity.cert } : {}),
        apiKey,
        tokenKey,
        async stop() {
          await hub.close()
          server.close()
          server.closeAllConnections()
          await once(server, 'close')
          if (errors.length > 0) throw new Error(`the hub logged errors: ${JSON.stringify(errors.slice(0, 3))}`)
          const left = Object.entries(hub.gauges()).filter(([, count]) => count !== 0)
          if (left.length > 0) throw new Error(`the closed hub still has ${JSON.stringify(Object.fromEntries(left))}`)
        },
      }
    },
  }
}

export const hub: Target = hubTarget('hub')

import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { signToken } from '@backchannel/protocol/token'
import { createHub, type Hub } from '../hub.ts'
import type { HubOptions } from '../options.ts'

/** A hub behind a real HTTP server on a free port of this machine. */
export interface ServedHub {
  readonly hub: Hub
  readonly server: http.Server
  readonly port: number
  readonly origin: string
  readonly websocketUrl: string
  readonly log: string[]
  token(user: string, claims?: object): string
  /** Closes both. @throws Error when the hub's gauges are not zero then */
  close(): Promise<void>
}

const tokenKey = 'test-token-key'
export const testApiKey = 'test-api-key'

export async function serveHub(
  options: HubOptions = {},
  server: http.Server = http.createServer(),
): Promise<ServedHub> {
  const log: string[] = []
  const write = (fields: object, message: string): void => {
    log.push(`${message} ${JSON.stringify(fields)}`)
  }
  const { config } = options
  const hub = createHub({
    register: false,
    logger: { debug: () => {}, info: write, warn: write, error: write },
    ...options,
    config: {
      http_api: { key: testApiKey },
      ...config,
      client: { token: { hmac_secret_key: tokenKey }, ...config?.client },
      channel: config?.channel ?? {
        namespaces: [
          { name: 'open', allow_subscribe_for_client: true },
          {
            name: 'kept',
            allow_subscribe_for_client: true,
            history_size: 100,
            history_ttl: '60s',
            force_recovery: true,
          },
        ],
      },
    },
  })
  hub.attach(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    hub,
    server,
    port,
    log,
    origin: `http://127.0.0.1:${port}`,
    websocketUrl: `ws://127.0.0.1:${port}/connection/websocket`,
    token: (user, claims = {}) => signToken({ sub: user, ...claims }, tokenKey),
    close: async () => {
      await hub.close()
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
      const left = Object.entries(hub.gauges()).filter(([, count]) => count > 0)
      if (left.length > 0) throw new Error(`left behind: ${JSON.stringify(left)}`)
    },
  }
}

/**
 * The two engines as tests see them: a real Centrifugo beside this process, and a hub inside it. Both run with the same
 * configuration.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub } from '@backchannel/hub'
import { startCentrifugo } from '@backchannel/servers'
import { setEnvironment } from './environment.ts'

export const tokenSecret = 'suite-token-secret-0123456789abcdef'
export const apiKey = 'suite-api-key'

const history = { history_size: 100, history_ttl: '300s' }
const config = {
  client: { token: { hmac_secret_key: tokenSecret }, allowed_origins: ['*'] },
  http_api: { key: apiKey },
  channel: {
    namespaces: [
      { name: 'sandbox', allow_subscribe_for_client: true, presence: true, ...history, force_recovery: true },
      { name: 'personal', ...history, force_recovery: true },
      { name: 'plain', allow_subscribe_for_client: true },
      { name: 'optional', allow_subscribe_for_client: true, ...history, allow_recovery: true },
      { name: 'patched', allow_subscribe_for_client: true, ...history, allowed_delta_types: ['fossil' as const] },
      { name: 'talk', allow_publish_for_client: true, ...history },
    ],
  },
  uni_sse: { enabled: true },
}

export interface RealServer {
  /** Where the transports over HTTP are, without a path. */
  readonly httpUrl: string
  readonly websocketUrl: string
  /** Whether publications may carry a version, as of Centrifugo 6. */
  readonly hasVersions: boolean
  /** Makes it this process's engine; undone by `vi.unstubAllEnvs()`. */
  use(): void
  /** Ends it as a crash would; streams in memory are lost. */
  kill(): Promise<void>
  /** Starts it again at the same address. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startRealCentrifugo(): Promise<RealServer> {
  const server = await startCentrifugo({ config })
  return {
    httpUrl: server.url,
    websocketUrl: server.websocketUrl,
    hasVersions: server.version >= 6,
    use() {
      setEnvironment({
        CENTRIFUGO_TOKEN_HMAC_SECRET: tokenSecret,
        CENTRIFUGO_API_KEY: apiKey,
        CENTRIFUGO_API_URL: server.apiUrl,
        CENTRIFUGO_WS_URL: server.websocketUrl,
      })
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    stop: () => server.stop(),
  }
}

export async function startRealHub(): Promise<RealServer> {
  let port = 0
  let stop = async () => {}
  const start = async () => {
    const server = createServer()
    await listen(server, port)
    ;({ port } = server.address() as AddressInfo)
    const url = `ws://127.0.0.1:${port}/connection/websocket`
    const hub = createHub({ config, publicUrl: url })
    const detach = hub.attach(server)
    stop = async () => {
      stop = async () => {}
      await hub.close()
      detach()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    }
  }
  await start()
  return {
    httpUrl: `http://127.0.0.1:${port}`,
    websocketUrl: `ws://127.0.0.1:${port}/connection/websocket`,
    hasVersions: true,
    use: () => setEnvironment(),
    kill: () => stop(),
    async restart() {
      await stop()
      await start()
    },
    stop: () => stop(),
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
}

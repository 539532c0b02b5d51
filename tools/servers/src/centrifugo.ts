import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { centrifugoBinary, centrifugoMajorVersion } from './centrifugo-binary.ts'
import { type CentrifugoConfig, isObject, toCentrifugoV5 } from './centrifugo-v5.ts'
import { type RunningServer, startServer } from './server-process.ts'

export interface CentrifugoOptions {
  /** In v6 shape, whatever the binary's version. Address, port, health check and usage statistics are set here. */
  config?: CentrifugoConfig
  /** Further variables of the server. Our own CENTRIFUGO_* variables never reach it. */
  env?: NodeJS.ProcessEnv
  /** A fixed port; without it a free one is chosen. */
  port?: number
}

export interface CentrifugoServer extends RunningServer {
  /** The major version of the binary. */
  readonly version: 5 | 6
  /** `http://127.0.0.1:<port>` (https with `http_server.tls`) */
  readonly url: string
  readonly websocketUrl: string
  /** As in CENTRIFUGO_API_URL: a method's name is appended to it. */
  readonly apiUrl: string
}

/**
 * Starts a Centrifugo and waits until its health check answers. The first start on a machine builds it.
 * @throws Error when it can't be built or doesn't start, with what it printed
 */
export async function startCentrifugo(options: CentrifugoOptions = {}): Promise<CentrifugoServer> {
  const binary = await centrifugoBinary()
  const version = await centrifugoMajorVersion(binary)
  const directory = mkdtempSync(join(tmpdir(), 'backchannel-centrifugo-'))
  const configFile = join(directory, 'config.json')
  const secure = section(section(options.config ?? {}, 'http_server'), 'tls')['enabled'] === true
  const urlOf = (port: number, scheme: string) => `${scheme}${secure ? 's' : ''}://127.0.0.1:${port}`

  const server = await startServer({
    name: 'Centrifugo',
    directory,
    command(port) {
      const config = withOwnSettings(options.config ?? {}, port)
      writeFileSync(configFile, JSON.stringify(version === 5 ? toCentrifugoV5(config) : config), { mode: 0o600 })
      return { file: binary, args: ['--config', configFile] }
    },
    env: { ...withoutCentrifugoVariables(process.env), ...options.env },
    stopSignal: 'SIGTERM',
    isReady: (port) => isHealthy(`${urlOf(port, 'http')}/health`),
    port: options.port,
  })
  return Object.assign(server, {
    version,
    url: urlOf(server.port, 'http'),
    websocketUrl: `${urlOf(server.port, 'ws')}/connection/websocket`,
    apiUrl: `${urlOf(server.port, 'http')}/api`,
  })
}

/** An app's CENTRIFUGO_API_KEY would override the server's own key: v5 reads the same name. */
export function withoutCentrifugoVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith('CENTRIFUGO_')))
}

/** What every started server needs. It must not report its usage to anybody. */
function withOwnSettings(config: CentrifugoConfig, port: number): CentrifugoConfig {
  return {
    ...config,
    http_server: { ...section(config, 'http_server'), address: '127.0.0.1', port },
    health: { ...section(config, 'health'), enabled: true },
    usage_stats: { disabled: true },
  }
}

function section(config: CentrifugoConfig, name: string): CentrifugoConfig {
  const value = config[name]
  return isObject(value) ? value : {}
}

function isHealthy(url: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    // Tests bring certificates that nobody signed.
    const request = url.startsWith('https:') ? httpsGet(url, { rejectUnauthorized: false }) : httpGet(url)
    request.setTimeout(1000, () => request.destroy(new Error('no answer within a second')))
    request.on('error', reject)
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
  })
}

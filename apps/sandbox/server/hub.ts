/** The embedded hub: Centrifugo's configuration file, with keys that are derived from the app's secret. */
import { createHub, type Hub, type HubConfig, type HubHandlers } from '@backchannel/hub'
import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { Secrets } from './secrets.ts'
import type { Settings } from './settings.ts'

export function startHub({
  configFile,
  handlers,
  log,
  secrets,
  settings: { publicUrl, trustProxy },
}: {
  configFile: string
  handlers: HubHandlers
  log: Logger
  secrets: Secrets
  settings: Pick<Settings, 'publicUrl' | 'trustProxy'>
}): Hub {
  const file = JSON.parse(readFileSync(configFile, 'utf8')) as HubConfig
  return createHub({
    config: {
      ...file,
      client: {
        ...file.client,
        token: { hmac_secret_key: secrets.hubTokenKey },
        // The file's origins are for a Centrifugo on another port; a page of this server has the hub's own origin.
        allowed_origins: publicUrl === undefined ? [] : [publicUrl],
      },
      http_api: { ...file.http_api, key: secrets.hubApiKey },
    },
    handlers,
    logger: log,
    trustProxy: trustProxy !== false,
    ...(publicUrl === undefined ? {} : { publicUrl: `${publicUrl.replace(/^http/, 'ws')}/connection/websocket` }),
  })
}

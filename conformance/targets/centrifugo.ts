import { centrifugoBinary, centrifugoMajorVersion, missingServices, startCentrifugo } from '@backchannel/servers'

import { apiKey, tokenKey } from '../config.ts'
import { withoutOptions } from './without-options.ts'
import { allCapabilities, type Target } from './target.ts'

/** What v5 has no equivalent of; the cases that show it are listed differences. */
const notInV5 = ['publication_data_format']

/** The real server: `CENTRIFUGO_BINARY`, else the version that tools/servers pins. */
export async function centrifugo(): Promise<Target> {
  const unavailable = await missingServices('centrifugo')
  if (unavailable !== undefined)
    return {
      name: 'centrifugo',
      unavailable,
      capabilities: allCapabilities,
      start: () => Promise.reject(new Error(unavailable)),
    }
  const version = await centrifugoMajorVersion(await centrifugoBinary())
  return {
    name: `centrifugo v${version}`,
    async start(config) {
      const server = await startCentrifugo({ config: version === 5 ? withoutOptions(config, notInV5) : config })
      return {
        wsUrl: server.websocketUrl,
        apiUrl: server.apiUrl,
        apiKey,
        tokenKey,
        stop: () => server.stop(),
      }
    },
    capabilities: allCapabilities,
  }
}

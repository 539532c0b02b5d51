import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { centrifugoBinary, centrifugoMajorVersion, missingServices, startCentrifugo } from '@backchannel/servers'

import { type ServerConfig, apiKey, tokenKey } from '../config.ts'
import { type Identity, type Target, allCapabilities } from './target.ts'
import { withoutOptions } from './without-options.ts'

/** What v5 has no equivalent of; the cases that show it are listed differences. */
const notInV5 = ['publication_data_format']

/** The real server: `CENTRIFUGO_BINARY`, else the version that tools/servers pins. */
export async function centrifugo(identity?: Identity): Promise<Target> {
  const unavailable = await missingServices('centrifugo')
  if (unavailable !== undefined) {
    return {
      name: 'centrifugo',
      unavailable,
      capabilities: allCapabilities,
      start: () => Promise.reject(new Error(unavailable)),
    }
  }
  const version = await centrifugoMajorVersion(await centrifugoBinary())
  return {
    name: `centrifugo v${version}`,
    // All of them are new in v6.
    capabilities: version === 6 ? allCapabilities : new Set(),
    async start(config) {
      const files = identity && writeIdentity(identity)
      const server = await startCentrifugo({
        config: { ...(version === 5 ? withoutOptions(config, notInV5) : config), ...files?.config },
      })
      return {
        wsUrl: server.websocketUrl,
        apiUrl: server.apiUrl,
        ...(identity ? { certificate: identity.cert } : {}),
        apiKey,
        tokenKey,
        async stop() {
          await server.stop()
          files?.remove()
        },
      }
    },
  }
}

/** Key and certificate as files, the only form that both versions take, and the options that name them. */
function writeIdentity({ key, cert }: Identity): { config: ServerConfig; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'backchannel-identity-'))
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  writeFileSync(keyFile, key, { mode: 0o600 })
  writeFileSync(certFile, cert)
  return {
    config: { http_server: { tls: { enabled: true, cert_pem: certFile, key_pem: keyFile } } },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

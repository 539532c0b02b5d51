import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { centrifugoAvailable, startCentrifugo } from '@backchannel/servers'
import { centrifugoConfig } from '../centrifugo-config.ts'
import { goProgram } from '../load-generator.ts'
import { batchCall, publishCall } from './calls.ts'
import type { Peer } from './peer.ts'

export const centrifugo: Peer = {
  name: 'centrifugo',
  title: 'Centrifugo',
  settings: 'JSON, memory engine, no history, no compression, log level error; a burst is one `/api/batch`',

  async missing() {
    const availability = await centrifugoAvailable()
    return availability.ok ? undefined : availability.reason
  },

  async start({ payload, burst }) {
    const server = await startCentrifugo({ config: { ...centrifugoConfig, log: { level: 'error' } } })
    const { pid } = server
    if (pid === undefined) throw new Error(`Centrifugo ended:\n${server.logs()}`)
    return {
      version: await versionOf(pid),
      pids: [pid],
      address: `127.0.0.1:${server.port}`,
      path: '/connection/websocket',
      wire: 'centrifugo-json',
      tokenKey: centrifugoConfig.client.token.hmac_secret_key,
      publish: publishCall(payload),
      burst: batchCall(payload, burst),
      stop: () => server.stop(),
    }
  },
}

/** A binary that Go built names its own version 0.0.0, but Go wrote down the module's. */
async function versionOf(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)(goProgram, ['version', '-m', `/proc/${pid}/exe`])
  return /centrifugal\/centrifugo\/v\d+\s+v(\S+)/.exec(stdout)?.[1] ?? 'of unknown version'
}

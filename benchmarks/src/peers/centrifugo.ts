import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { centrifugoAvailable, startCentrifugo } from '@backchannel/servers'
import { engineConfig } from '../engine-config.ts'
import { goProgram } from '../go-program.ts'
import { tokenKey } from '../payload.ts'
import { enginePaths } from './engine-paths.ts'
import type { Peer } from './peer.ts'

export const centrifugo: Peer = {
  name: 'centrifugo',
  title: 'Centrifugo',
  settings: 'JSON, memory engine, no history, no compression, log level error; a burst is one `/api/batch`',

  async missing() {
    const availability = await centrifugoAvailable()
    return availability.ok ? undefined : availability.reason
  },

  async start({ savesMemory = false, ...options }) {
    const { websocket, ...config } = engineConfig(options)
    const server = await startCentrifugo({
      config: {
        ...config,
        websocket: { ...websocket, ...(savesMemory ? { use_write_buffer_pool: true } : {}) },
        log: { level: 'error' },
      },
      env: savesMemory ? { GOGC: '50' } : {},
    })
    const { pid } = server
    if (pid === undefined) throw new Error(`Centrifugo ended:\n${server.logs()}`)
    return {
      version: await versionOf(pid),
      pids: [pid],
      address: `127.0.0.1:${server.port}`,
      wire: 'centrifugo-json',
      paths: enginePaths,
      tokenKey,
      bursts: 'batch',
      stop: () => server.stop(),
    }
  },
}

/** The same server, its subscribers speaking Protobuf. */
export const centrifugoProtobuf: Peer = {
  ...centrifugo,
  name: 'centrifugo-protobuf',
  title: 'Centrifugo, Protobuf',
  settings: 'the same, its clients speaking Protobuf',
  start: async (options) => ({ ...(await centrifugo.start(options)), wire: 'centrifugo-protobuf' }),
}

/** A binary that Go built names its own version 0.0.0, but Go wrote down the module's. */
async function versionOf(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)(goProgram, ['version', '-m', `/proc/${pid}/exe`])
  return /centrifugal\/centrifugo\/v\d+\s+v(\S+)/.exec(stdout)?.[1] ?? 'of unknown version'
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { startCentrifugo } from './centrifugo.ts'
import { centrifugoBinary } from './centrifugo-binary.ts'
import { type CentrifugoConfig, isObject } from './centrifugo-v5.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import type { RunningServer } from './server-process.ts'

const usage = `Usage: npm run servers -- <server> [--port <port>]

  centrifugo [--config <file>]  with centrifugo/config.json unless another file (v6 shape) is given; port 8000
  postgres                      with an empty cluster that is removed at the end; port 5432
  redis                         keeps nothing on disk; port 6379
  build                         only builds Centrifugo, and prints where it is

Runs until Ctrl-C, on 127.0.0.1.`

const sharedConfig = join(import.meta.dirname, '../../../centrifugo/config.json')

function readConfig(file: string): CentrifugoConfig {
  const config: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!isObject(config)) throw new Error(`${file} does not hold an object`)
  return config
}

async function start(name: string, config: string, port: number | undefined): Promise<[RunningServer, string]> {
  switch (name) {
    case 'centrifugo': {
      const server = await startCentrifugo({ config: readConfig(config), port: port ?? 8000 })
      return [server, `CENTRIFUGO_API_URL=${server.apiUrl}\nCENTRIFUGO_WS_URL=${server.websocketUrl}`]
    }
    case 'postgres': {
      const server = await startPostgres({ port: port ?? 5432 })
      return [server, `DATABASE_URL=${server.url}`]
    }
    case 'redis': {
      const server = await startRedis({ port: port ?? 6379 })
      return [server, `VALKEY_URL=${server.url}`]
    }
    default:
      throw new Error(usage)
  }
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { config: { type: 'string', default: sharedConfig }, port: { type: 'string' } },
  })
  const [name = ''] = positionals
  if (name === 'build') {
    console.log(await centrifugoBinary())
    return
  }
  const [server, variables] = await start(
    name,
    values.config,
    values.port === undefined ? undefined : Number(values.port),
  )
  console.log(variables)
  await new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  await server.stop()
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})

import { mkdtempSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Availability, findProgram, isExecutable } from './availability.ts'
import { type RunningServer, startServer } from './server-process.ts'

export interface RedisOptions {
  /** A fixed port; without it a free one is chosen. */
  port?: number
  /** Further arguments of the server. By default nothing is kept on disk. */
  args?: string[]
}

export interface RedisServer extends RunningServer {
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
}

function findRedis(): string | undefined {
  const chosen = process.env['REDIS_BINARY']
  if (chosen !== undefined && chosen !== '') return isExecutable(chosen) ? chosen : undefined
  return findProgram(['valkey-server', 'redis-server'], ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'])
}

export async function redisAvailable(): Promise<Availability> {
  return findRedis() === undefined
    ? { ok: false, reason: 'Redis is not installed (install `redis-server` or `valkey`, or set REDIS_BINARY)' }
    : { ok: true }
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'))
    socket.setTimeout(1000, () => socket.destroy())
    socket.once('data', (answer) => {
      resolve(answer.toString().startsWith('+PONG'))
      socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(false))
  })
}

/** Starts a Redis or Valkey server. Throws when there is none on this machine. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const file = findRedis()
  if (file === undefined) throw new Error('Redis is not installed')
  const directory = mkdtempSync(join(tmpdir(), 'backchannel-redis-'))
  const settings = ['--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'no']
  const server = await startServer({
    name: 'Redis',
    directory,
    command: (port) => ({ file, args: [...settings, '--port', String(port), ...(options.args ?? [])] }),
    env: process.env,
    stopSignal: 'SIGTERM',
    isReady: answersPing,
    port: options.port,
  })
  return Object.assign(server, { url: `redis://127.0.0.1:${server.port}` })
}

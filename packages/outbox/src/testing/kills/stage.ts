/** A database, a hub, somebody who listens, and processes that write and deliver. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub } from '@backchannel/hub'
import { freePort } from '@backchannel/servers'
import { Centrifuge } from 'centrifuge'
import { Pool } from 'pg'
import { outboxSchema } from '../../index.ts'
import { apiKey, hubConfig, rooms } from './shared.ts'

export interface Heard {
  readonly room: string
  readonly uid: string
  readonly n: number
}

export interface Stage {
  readonly pool: Pool
  /** In the order in which it came. */
  readonly heard: readonly Heard[]
  /** Resolves when it runs, and somebody listens to its hub. */
  startChild(env: Record<string, string>): Promise<ChildProcess>
  close(): Promise<void>
}

/**
 * @param databaseUrl an empty database
 * @param hub which process it lives in: this one, or the child
 */
export async function openStage(databaseUrl: string, hub: 'here' | 'in the child'): Promise<Stage> {
  const pool = new Pool({ connectionString: databaseUrl, max: 2 })
  pool.on('error', () => {})
  await pool.query(outboxSchema())
  await pool.query('create table messages (uid uuid primary key, room text not null, n integer not null)')

  const server = createServer()
  const ownHub = hub === 'here' ? createHub({ config: hubConfig }) : undefined
  ownHub?.attach(server)
  let port: number
  if (ownHub) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  } else port = await freePort()
  const engine: Record<string, string> = ownHub
    ? {
        CENTRIFUGO_TOKEN_HMAC_SECRET: 'unused',
        CENTRIFUGO_API_KEY: apiKey,
        CENTRIFUGO_API_URL: `http://127.0.0.1:${port}/api`,
      }
    : { PORT: String(port) }

  const heard: Heard[] = []
  const client = new Centrifuge(`ws://127.0.0.1:${port}/connection/websocket`, {
    minReconnectDelay: 10,
    maxReconnectDelay: 50,
  })
  const subscriptions = rooms.map((room) => {
    const subscription = client.newSubscription(room, { minResubscribeDelay: 10, maxResubscribeDelay: 50 })
    subscription.on('publication', ({ data }) => heard.push({ room, ...(data as Omit<Heard, 'room'>) }))
    subscription.subscribe()
    return subscription
  })

  const children: ChildProcess[] = []
  return {
    pool,
    heard,
    async startChild(env) {
      const child = fork(`${import.meta.dirname}/child.ts`, {
        execArgv: ['--conditions=@backchannel/source'],
        env: { PATH: process.env['PATH'], DATABASE_URL: databaseUrl, ...engine, ...env },
      })
      children.push(child)
      await once(child, 'message')
      client.connect()
      await Promise.all(subscriptions.map((subscription) => subscription.ready()))
      child.send('go')
      return child
    },
    async close() {
      client.disconnect()
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await ownHub?.close()
      if (ownHub) server.close()
      await pool.end()
    },
  }
}

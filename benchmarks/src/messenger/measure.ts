/** From a message that is posted to the browser that shows it: both engines in one run, taking turns. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createHub } from '@backchannel/hub'
import { issueConnectionToken, issueSubscriptionToken, personalChannel, realtimeWsUrl } from '@backchannel/realtime'
import { startCentrifugo, startPostgres } from '@backchannel/servers'
import { openPostgres, type OpenDatabase } from '../../../apps/sandbox/server/database.ts'
import { createLogger } from '../../../apps/sandbox/server/logger.ts'
import type { Person } from '../../../apps/sandbox/src/messenger/model.ts'
import { createDelivery } from '../../../apps/sandbox/src/messenger/server/delivery.ts'
import { joinRoom } from '../../../apps/sandbox/src/messenger/server/membership.ts'
import { postMessage } from '../../../apps/sandbox/src/messenger/server/messages.ts'
import type { Messenger } from '../../../apps/sandbox/src/messenger/server/room-changes.ts'
import { createRoom } from '../../../apps/sandbox/src/messenger/server/rooms.ts'
import { idOf, seed } from '../../../apps/sandbox/src/messenger/server/seed.ts'
import { startMessenger } from '../../../apps/sandbox/src/messenger/server/start.ts'
import type { Arrival, Listening } from './listener.ts'

export const engineNames = ['hub', 'centrifugo'] as const
export type EngineName = (typeof engineNames)[number]
export const modes = ['commit', 'outbox', 'both'] as const
export type Mode = (typeof modes)[number]

/** What one message, or one new room, took. Milliseconds since it was posted. */
export interface Sample {
  readonly engine: EngineName
  readonly mode: Mode
  /** Channels that were told; 0: a new room, which its maker alone hears of. */
  readonly channels: number
  /** Committed and answered. */
  readonly answered: number
  /** There at the browser whose channel is the last to be told. */
  readonly delivered: number
  /** Every channel has been told. */
  readonly finished: number
}

export interface Plan {
  /** Members of the rooms, and how often a message is posted to each, by engine and mode. */
  readonly sizes: readonly { readonly channels: number; readonly rounds: number }[]
  /** New rooms, by engine and mode. */
  readonly newRooms: number
}

const namespace = { name: 'personal', presence: true, history_size: 300, history_ttl: '600s', force_recovery: true }
const log = createLogger('silent')
const poster: Person = { id: idOf(0), name: 'The poster' }
const reader: Person = { id: 'zz-reader', name: 'The reader' }
const secret = 'benchmark-token-secret-0123456789abcdef'
const apiKey = 'benchmark-api-key'

interface Engine {
  /** Makes it the one that this process publishes to. */
  use(): void
  stop(): Promise<void>
}

/** A browser, and when what reached it. */
interface Browser {
  arrivalOf(key: string): Promise<bigint>
  close(): Promise<unknown>
}

export async function measure(plan: Plan, progress: (what: string) => void): Promise<Sample[]> {
  const postgres = await startPostgres()
  const database = await openPostgres(await postgres.createDatabase(), log)
  const rooms = await fill(database, plan, progress)

  const engines = { hub: await startHub(), centrifugo: await startRealCentrifugo() }
  const settings = { messengerDelivery: 'both', publicUrl: undefined } as const
  engines.hub.use()
  // Its relay serves both modes that write rows.
  const both = await startMessenger(database, settings, log)
  const messengers: Record<Mode, Messenger> = {
    both,
    commit: { db: database.db, delivery: createDelivery(database.db, 'commit', log) },
    outbox: { db: database.db, delivery: createDelivery(database.db, 'outbox', log) },
  }
  const settle = async () => {
    for (const { delivery } of Object.values(messengers)) await delivery.idle()
    while ((await database.query('select 1 from outbox limit 1', [])).rows.length > 0) await sleep(2)
  }
  const browsers: Partial<Record<EngineName, Browser>> = {}
  for (const name of engineNames) {
    engines[name].use()
    browsers[name] = await openBrowser()
  }

  const samples: Sample[] = []
  const sample = async (engine: EngineName, mode: Mode, channels: number, work: () => Promise<string>) => {
    const browser = browsers[engine]
    if (browser === undefined) throw new Error(`no browser is connected to ${engine}`)
    engines[engine].use()
    const began = process.hrtime.bigint()
    const since = (at: bigint) => Number(at - began) / 1e6
    const key = await work()
    const answered = since(process.hrtime.bigint())
    const finishing = settle().then(() => process.hrtime.bigint())
    const delivered = since(await browser.arrivalOf(key))
    samples.push({ engine, mode, channels, answered, delivered, finished: since(await finishing) })
  }
  const post = (mode: Mode, roomId: number) => async () => {
    const clientId = crypto.randomUUID()
    await postMessage(messengers[mode], poster, roomId, { content: 'Hello, everybody.', client_id: clientId })
    return clientId
  }
  let made = 0
  const make = (mode: Mode) => async () => {
    const name = `New room ${(made += 1)}`
    return `room_${(await createRoom(messengers[mode], reader, { name, kind: 'private' })).id}`
  }

  const work = [
    { channels: 0, rounds: plan.newRooms, of: make },
    ...rooms.map(({ channels, rounds, id }) => ({ channels, rounds, of: (mode: Mode) => post(mode, id) })),
  ]
  for (const { channels, rounds, of } of work) {
    progress(channels === 0 ? 'new rooms' : `a room of ${channels}`)
    // The first publication makes a channel's stream: every engine has them all before anything is counted.
    for (const engine of engineNames) await sample(engine, 'commit', channels, of('commit'))
    samples.splice(-engineNames.length)
    for (let round = 0; round < rounds; round += 1) {
      for (const mode of modes) for (const engine of engineNames) await sample(engine, mode, channels, of(mode))
    }
  }

  await both.closeRelay()
  await both.close()
  for (const browser of Object.values(browsers)) await browser.close()
  for (const engine of Object.values(engines)) await engine.stop()
  await database.close()
  await postgres.stop()
  return samples
}

/** Makes the rooms; the reader is the last to join each, and so the last whose channel is told. */
async function fill(database: OpenDatabase, { sizes }: Plan, progress: (what: string) => void) {
  const members = sizes.map(({ channels }) => channels - 1)
  progress(`${Math.max(...members)} people`)
  const town = { users: Math.max(...members), rooms: members.map((size) => ({ members: size, count: 1 })), messages: 1 }
  const { rooms } = await seed(database.query, town)
  await database.query(`insert into "user" (id, name, email) values ($1, $2, 'reader@example.com')`, [
    reader.id,
    reader.name,
  ])
  const quiet = createDelivery(database.db, 'commit', log)
  for (const { id } of rooms) await joinRoom({ db: database.db, delivery: quiet }, reader, id)
  // As autovacuum would have done by the time that a room is this large.
  await database.query('vacuum analyze', [])
  return sizes.map((size, index) => ({ ...size, id: rooms[index]?.id ?? 0 }))
}

function setVariables(variables: Record<string, string>): void {
  for (const name of ['TOKEN_HMAC_SECRET', 'API_KEY', 'API_URL', 'WS_URL']) {
    const value = variables[name]
    if (value === undefined) delete process.env[`CENTRIFUGO_${name}`]
    else process.env[`CENTRIFUGO_${name}`] = value
  }
}

async function startHub(): Promise<Engine> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const hub = createHub({
    config: { client: { token: { hmac_secret_key: secret } }, channel: { namespaces: [namespace] } },
    publicUrl: `ws://127.0.0.1:${port}/connection/websocket`,
  })
  const detach = hub.attach(server)
  return {
    use: () => setVariables({}),
    async stop() {
      await hub.close()
      detach()
      server.close()
    },
  }
}

async function startRealCentrifugo(): Promise<Engine> {
  const server = await startCentrifugo({
    config: {
      client: { token: { hmac_secret_key: secret }, allowed_origins: ['*'] },
      http_api: { key: apiKey },
      channel: { namespaces: [namespace] },
    },
  })
  const variables = { API_KEY: apiKey, TOKEN_HMAC_SECRET: secret, API_URL: server.apiUrl, WS_URL: server.websocketUrl }
  return { use: () => setVariables(variables), stop: () => server.stop() }
}

async function openBrowser(): Promise<Browser> {
  const channel = personalChannel(reader.id)
  const listening: Listening = {
    url: realtimeWsUrl(),
    token: issueConnectionToken(reader.id),
    channel,
    subscriptionToken: issueSubscriptionToken(reader.id, channel),
  }
  const worker = new Worker(new URL('./listener.ts', import.meta.url), { workerData: listening })
  const arrived = new Map<string, bigint>()
  const waiting = new Map<string, (at: bigint) => void>()
  const ready = new Promise<void>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('message', ({ kind, key, at }: Arrival) => {
      if (kind === 'subscribed') return resolve()
      arrived.set(key, at)
      waiting.get(key)?.(at)
    })
  })
  await ready
  return {
    async arrivalOf(key) {
      const at = arrived.get(key) ?? (await new Promise<bigint>((resolve) => waiting.set(key, resolve)))
      arrived.delete(key)
      waiting.delete(key)
      return at
    },
    close: () => worker.terminate(),
  }
}

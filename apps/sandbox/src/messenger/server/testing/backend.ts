/** The messenger's server half as tests see it: a real database, real sessions, a real hub, and people who listen. */
import { createHub, type HubConfig } from '@backchannel/hub'
import { issueConnectionToken, issueSubscriptionToken, personalChannel, realtimeWsUrl } from '@backchannel/realtime'
import { subscribe } from '@backchannel/realtime/client'
import { madeOnce, requireServices, startPostgres } from '@backchannel/servers'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { expect, vi } from 'vitest'
import { createAuth } from '../../../../server/auth.ts'
import { openPglite, openPostgres, type OpenDatabase } from '../../../../server/database.ts'
import { readSettings, type DeliveryMode } from '../../../../server/settings.ts'
import type { AppContext } from '../../../app-context.ts'
import type { Message, Person, RealTimeEvent, Room } from '../../model.ts'
import type { Rates } from '../rates.ts'
import { answerMessenger } from '../routes.ts'
import { startMessenger } from '../start.ts'

// A database and twenty sessions take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

/** `expect.poll` for what takes as long as the machine is busy: fails only when it never comes. */
export const soon: typeof expect.poll = (read, options) =>
  expect.poll(read, { timeout: 20_000, interval: 10, ...options })

const log = pino({ level: 'silent' })
export const origin = 'http://localhost:3000'

export interface Engine {
  /** Of Postgres. */
  readonly url: string | undefined
  readonly database: OpenDatabase
  stop(): Promise<void>
}

/** Making a PGlite takes seconds, so each test gets a copy of one. */
const emptyPglite = () =>
  madeOnce('sandbox-pglite', ['apps/sandbox/drizzle/**/*.{sql,json}'], async (folder) => {
    await (await openPglite(folder)).close()
  })

async function pglite(): Promise<Engine> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'messenger-'))
  cpSync(await emptyPglite(), dataDir, { recursive: true })
  const database = await openPglite(dataDir)
  return {
    url: undefined,
    database,
    async stop() {
      await database.close()
      rmSync(dataDir, { recursive: true })
    },
  }
}

export async function postgres(): Promise<Engine> {
  const server = await startPostgres()
  const url = await server.createDatabase()
  const database = await openPostgres(url, log)
  return {
    url,
    database,
    async stop() {
      await database.close()
      await server.stop()
    },
  }
}

/** For `describe.each`: both databases. */
export const engines = [
  { name: 'PGlite', start: pglite, needs: {} },
  { name: 'Postgres', start: postgres, needs: await requireServices('postgres') },
]

/** Makes the hub of this process, with the configuration that the sandbox has. @returns ends it */
export async function startTestHub(): Promise<() => Promise<void>> {
  const file = path.join(import.meta.dirname, '../../../../../../centrifugo/config.json')
  const config = JSON.parse(readFileSync(file, 'utf8')) as HubConfig
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const hub = createHub({ config, publicUrl: `ws://127.0.0.1:${port}/connection/websocket` })
  const detach = hub.attach(server)
  return async () => {
    await hub.close()
    detach()
    await new Promise((resolve) => server.close(resolve))
  }
}

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number
  readonly body: Body
  readonly headers: Headers
}

/** Somebody with a session. The paths are below `/api`. */
export interface Caller extends Person {
  readonly cookie: string
  get<Body = Record<string, unknown>>(path: string): Promise<Answer<Body>>
  send<Body = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answer<Body>>
  /** A new room that the caller is in. */
  createRoom(kind?: 'public' | 'private'): Promise<Room>
  post(roomId: number, content: string, clientId?: string): Promise<Answer<Message>>
  /** Subscribes to the caller's personal channel; what it hears is appended. */
  listen(): Promise<Listener>
}

export interface Listener {
  readonly events: readonly RealTimeEvent[]
  close(): void
}

export interface Backend {
  readonly context: AppContext
  /** A new person. */
  newPerson(name: string): Promise<Caller>
  request(request: Request): Promise<Answer>
  close(): Promise<void>
}

const unlimited: Rates = {
  post: () => Promise.resolve(undefined),
  change: () => Promise.resolve(undefined),
  typing: () => Promise.resolve(undefined),
}

let counter = 0
const next = (): number => (counter += 1)

export async function startBackend(
  { database }: Pick<Engine, 'database'>,
  { mode = 'commit', limited = false }: { mode?: DeliveryMode; limited?: boolean } = {},
): Promise<Backend> {
  const settings = readSettings({}, { mode: 'development', appDir: tmpdir() })
  const auth = createAuth(database.db, 's'.repeat(43), origin, settings, log)
  const messenger = await startMessenger(database, { ...settings, messengerDelivery: mode }, log)
  // What a request doesn't reach is not there.
  const context = {
    auth,
    log,
    messenger: limited ? messenger : { ...messenger, rates: unlimited },
  } as unknown as AppContext

  const request = async (asked: Request): Promise<Answer> => {
    const { status, headers, ...response } = await answerMessenger(asked, context).then(async (answered) => ({
      status: answered.status,
      headers: answered.headers,
      text: await answered.text(),
    }))
    return { status, headers, body: response.text === '' ? {} : JSON.parse(response.text) }
  }

  const newPerson = async (name: string): Promise<Caller> => {
    const signedUp = await auth.handler(
      new Request(`${origin}/api/auth/sign-up/email`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin },
        body: JSON.stringify({ name, email: `person-${next()}@example.com`, password: 'correct horse' }),
      }),
    )
    expect(signedUp.status).toBe(200)
    const cookie = signedUp.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ')
    const { user } = (await signedUp.json()) as { user: Person }
    const send = async (method: string, path: string, body?: unknown) =>
      request(
        new Request(`${origin}/api/${path}`, {
          method,
          headers: { cookie, origin, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
          body: body === undefined ? null : JSON.stringify(body),
        }),
      ) as Promise<Answer<never>>
    return {
      id: user.id,
      name: user.name,
      cookie,
      get: (path) => send('GET', path),
      send,
      async createRoom(kind = 'public') {
        const { status, body } = await send('POST', 'rooms', { name: `Room ${next()}`, kind })
        expect(status).toBe(201)
        return body
      },
      post: (roomId, content, clientId = crypto.randomUUID()) =>
        send('POST', `rooms/${roomId}/messages`, { content, client_id: clientId }),
      listen: () => listen(user.id),
    }
  }

  return {
    context,
    newPerson,
    request,
    async close() {
      await messenger.closeRelay()
      await messenger.close()
    },
  }
}

async function listen(userId: string): Promise<Listener> {
  const channel = personalChannel(userId)
  const events: RealTimeEvent[] = []
  let subscribed: () => void
  const standing = new Promise<void>((resolve) => (subscribed = resolve))
  const handle = subscribe<string, RealTimeEvent>({
    url: realtimeWsUrl(),
    token: issueConnectionToken(userId),
    channel,
    subscriptionToken: issueSubscriptionToken(userId, channel),
    onMessage: (event) => events.push(event),
    onState: (connected) => {
      if (connected) subscribed()
    },
  })
  await standing
  return { events, close: () => handle.close() }
}

/** In ascending order: who of several came first is not said. */
export function statuses(answers: readonly Answer<unknown>[]): number[] {
  return answers.map(({ status }) => status).toSorted((a, b) => a - b)
}

/** Of an event that changes its room; 0 for the others. */
export function versionOf(event: RealTimeEvent): number {
  return 'version' in event.body.room ? event.body.room.version : 0
}

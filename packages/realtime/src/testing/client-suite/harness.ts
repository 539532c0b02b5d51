import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import {
  createConnection,
  subscribe,
  type ConnectionOptions,
  type RealtimeConnection,
  type RealtimeHandle,
  type SubscribeOptions,
} from '../../client/index.ts'
import { issueConnectionToken } from '../../index.ts'
import { startApiServer, type ApiServer } from '../api-server.ts'
import { recordLog } from '../environment.ts'
import type { RealServer } from '../real-servers.ts'

/** A real server, and clients of it that are closed after each test. */
export interface ClientHarness {
  readonly real: RealServer
  /** Stands where the app's token endpoints would. */
  readonly tokens: ApiServer
  openOne: <Channel extends string, Data = unknown>(
    options: Omit<SubscribeOptions<Channel, Data>, 'url'>,
  ) => RealtimeHandle
  connect: (options?: Partial<ConnectionOptions>) => RealtimeConnection
  token: (userId?: string, ttlSeconds?: number) => string
  until: (check: () => unknown) => Promise<unknown>
  subscribed: (handle: RealtimeHandle) => Promise<unknown>
  /** A channel that no other test uses: they share the server. */
  channelIn: (namespace: string) => string
}

const patient = { timeout: 10_000, interval: 10 }
/** Short pauses, so that a reconnect is a matter of milliseconds. */
const quick = { reconnectDelay: { min: 20, max: 100 } }

/** Sets up the server and the cleaning up for the `describe` that it is called in. */
export function createHarness(start: () => Promise<RealServer>): ClientHarness {
  let real: RealServer | undefined
  let tokens: ApiServer | undefined
  let count = 0
  const open: { close(): void }[] = []

  beforeAll(async () => {
    real = await start()
    tokens = await startApiServer()
  })
  afterAll(async () => {
    await tokens?.stop()
    await real?.stop()
  })
  beforeEach(() => {
    recordLog()
    harness.real.use()
    harness.tokens.requests.length = 0
  })
  afterEach(() => {
    for (const handle of open.splice(0)) handle.close()
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  const token = (userId = 'ada', ttlSeconds = 60) => issueConnectionToken(userId, ttlSeconds)
  const until = (check: () => unknown) => vi.waitFor(check, patient)
  const harness: ClientHarness = {
    get real() {
      if (real === undefined) throw new Error('The server has not started')
      return real
    },
    get tokens() {
      if (tokens === undefined) throw new Error('The token server has not started')
      return tokens
    },
    openOne<Channel extends string, Data>(options: Omit<SubscribeOptions<Channel, Data>, 'url'>) {
      const handle = subscribe<Channel, Data>({ url: harness.real.websocketUrl, ...quick, ...options })
      open.push(handle)
      return handle
    },
    connect(options = {}) {
      const connection = createConnection({ url: harness.real.websocketUrl, token: token(), ...quick, ...options })
      open.push(connection)
      return connection
    },
    token,
    until,
    subscribed: (handle) => until(() => expect(handle.subscription.state).toBe('subscribed')),
    channelIn: (namespace) => `${namespace}:${count++}`,
  }
  return harness
}

/** What the browser half promises, asked of a real server. Each engine's test file calls it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi, type TestOptions } from 'vitest'
import {
  createConnection,
  subscribe,
  UnauthorizedError,
  type ConnectionOptions,
  type RealtimeConnection,
  type SubscribeOptions,
  type RealtimeHandle,
} from '../client/index.ts'
import * as server from '../index.ts'
import { answer, hang, startApiServer, type ApiServer } from './api-server.ts'
import { recordLog } from './environment.ts'
import type { RealServer } from './real-servers.ts'

const patient = { timeout: 10_000, interval: 10 }
/** Short pauses, so that a reconnect is a matter of milliseconds. */
const quick = { reconnectDelay: { min: 20, max: 100 } }

export function describeClient(name: string, options: TestOptions, start: () => Promise<RealServer>): void {
  describe(`client on ${name}`, options, () => {
    let real: RealServer
    /** Stands where the app's token endpoints would. */
    let tokens: ApiServer
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
      real.use()
      tokens.requests.length = 0
    })
    afterEach(() => {
      for (const handle of open.splice(0)) handle.close()
      vi.unstubAllEnvs()
      vi.restoreAllMocks()
    })

    function openOne<Channel extends string, Data = unknown>(
      options: Omit<SubscribeOptions<Channel, Data>, 'url'>,
    ): RealtimeHandle {
      const handle = subscribe<Channel, Data>({ url: real.websocketUrl, ...quick, ...options })
      open.push(handle)
      return handle
    }

    function connect(options: Partial<ConnectionOptions> = {}): RealtimeConnection {
      const connection = createConnection({ url: real.websocketUrl, token: token(), ...quick, ...options })
      open.push(connection)
      return connection
    }

    const token = (userId = 'ada', ttlSeconds = 60) => server.issueConnectionToken(userId, ttlSeconds)
    const until = (check: () => unknown) => vi.waitFor(check, patient)
    const subscribed = (handle: RealtimeHandle) => until(() => expect(handle.subscription.state).toBe('subscribed'))
    /** Nobody else uses a test's channels: runs share the server. */
    let count = 0
    const channelIn = (namespace: string) => `${namespace}:${count++}`

    describe('messages', () => {
      test('every publication arrives, in order, as the only argument', async () => {
        const onMessage = vi.fn<(...args: unknown[]) => void>()
        const channel = channelIn('sandbox')
        await subscribed(openOne({ token: token(), channel, onMessage }))
        for (let i = 0; i < 20; i++) expect(await server.publish(channel, { i })).toBe(true)
        await until(() => expect(onMessage).toHaveBeenCalledTimes(20))
        expect(onMessage.mock.calls).toEqual(Array.from({ length: 20 }, (_, i) => [{ i }]))
      })

      test('onPublication has offset and tags as well', async () => {
        const seen: unknown[] = []
        const channel = channelIn('sandbox')
        await subscribed(openOne({ token: token(), channel, onPublication: (publication) => seen.push(publication) }))
        await server.broadcast([channel], 'hello', { tags: { kind: 'greeting' } })
        await until(() => expect(seen).toEqual([{ channel, data: 'hello', offset: 1, tags: { kind: 'greeting' } }]))
      })

      test('payloads are typed by the callback or by the registry', async () => {
        const texts: string[] = []
        const channel = channelIn('sandbox')
        await subscribed(
          openOne({ token: token(), channel, onMessage: (data: { text: string }) => texts.push(data.text) }),
        )
        await server.publish(channel, { text: 'typed' })
        await until(() => expect(texts).toEqual(['typed']))
      })
    })

    describe('state', () => {
      test('onState is true on connect, false while reconnecting, true again, false on close', async () => {
        const states: boolean[] = []
        const user = 'state-1'
        const handle = openOne({ token: token(user), channel: channelIn('sandbox'), onState: (on) => states.push(on) })
        await until(() => expect(states).toEqual([true]))
        await server.disconnect(user, { code: 4000, reason: 'come back' })
        await until(() => expect(states).toEqual([true, false, true]))
        handle.close()
        expect(states).toEqual([true, false, true, false])
      })

      test('a disconnect for good is told with code and reason, and the client stays away', async () => {
        const states: boolean[] = []
        const user = 'state-2'
        const handle = openOne({ token: token(user), channel: channelIn('sandbox'), onState: (on) => states.push(on) })
        await until(() => expect(states).toEqual([true]))
        await server.disconnect(user)
        await until(() =>
          expect(handle.connection).toEqual({
            state: 'disconnected',
            connected: false,
            code: 3503,
            reason: 'force disconnect',
          }),
        )
        expect(states).toEqual([true, false])
      })

      test('callbacks see the latest state', async () => {
        const seen: unknown[] = []
        const channel = channelIn('sandbox')
        const handle: RealtimeHandle = openOne({
          token: token(),
          channel,
          onState: (connected) => seen.push(handle.connection.connected === connected),
          onConnection: (status) => seen.push(handle.connection === status),
          onSubscription: (status) => seen.push(handle.subscription === status),
          onMessage: () => seen.push(handle.subscription.state),
        })
        await subscribed(handle)
        await server.publish(channel, 1)
        await until(() => expect(seen).toContain('subscribed'))
        handle.close()
        expect(seen.filter((value) => value !== 'subscribed')).not.toContain(false)
        expect(seen.length).toBeGreaterThanOrEqual(6)
      })

      test('subscription states come with their reason', async () => {
        const states: string[] = []
        const user = 'state-3'
        const channel = channelIn('sandbox')
        const handle = openOne({
          token: token(user),
          channel,
          onSubscription: ({ state, code, reason }) => states.push(`${state} ${code} ${reason}`.trim()),
        })
        expect(handle.subscription).toEqual({ state: 'subscribing', code: 0, reason: 'subscribe called' })
        await subscribed(handle)
        await server.unsubscribe(user, channel)
        await until(() => expect(handle.subscription.state).toBe('unsubscribed'))
        expect(states).toEqual(['subscribed 0', 'unsubscribed 2000 server unsubscribe'])
      })

      test('a channel that nobody allows ends in unsubscribed with 103; one without a namespace in 102', async () => {
        const denied = openOne({ token: token(), channel: 'personal:somebody-else' })
        const unknown = openOne({ token: token(), channel: 'nowhere:x' })
        await until(() =>
          expect(denied.subscription).toEqual({ state: 'unsubscribed', code: 103, reason: 'permission denied' }),
        )
        await until(() =>
          expect(unknown.subscription).toEqual({ state: 'unsubscribed', code: 102, reason: 'unknown channel' }),
        )
        expect(denied.connection.connected).toBe(true)
      })
    })

    describe('close', () => {
      test('ends subscription and socket, may be called twice, and nothing comes after', async () => {
        const calls: unknown[] = []
        const user = 'close-1'
        const channel = channelIn('sandbox')
        const handle = openOne({
          token: token(user),
          channel,
          onMessage: (data) => calls.push(data),
          onState: (connected) => calls.push(connected),
          onConnection: ({ state, reason }) => calls.push(`${state}: ${reason}`),
          onSubscription: ({ state, reason }) => calls.push(`${state}: ${reason}`),
        })
        await subscribed(handle)
        calls.length = 0
        handle.close()
        expect(calls).toEqual(['unsubscribed: closed', 'disconnected: closed', false])
        handle.close()
        await until(async () => expect(await server.presenceStats(channel)).toEqual({ numClients: 0, numUsers: 0 }))
        await server.publish(channel, 'too late')
        await new Promise((resolve) => setTimeout(resolve, 100))
        expect(calls).toHaveLength(3)
        expect(handle.connection).toMatchObject({ state: 'disconnected', connected: false, reason: 'closed' })
        expect(handle.subscription).toMatchObject({ state: 'unsubscribed', reason: 'closed' })
      })

      test('within a callback lets no further message through', async () => {
        const seen: unknown[] = []
        const channel = channelIn('sandbox')
        const handle: RealtimeHandle = openOne({
          token: token(),
          channel,
          onMessage: (data) => {
            seen.push(data)
            handle.close()
          },
          onPublication: () => seen.push('after close'),
        })
        await subscribed(handle)
        await server.batch([1, 2, 3].map((data) => ({ publish: { channel, data } })))
        await until(() => expect(seen).toHaveLength(1))
        await new Promise((resolve) => setTimeout(resolve, 100))
        expect(seen).toEqual([1])
      })

      test('when the session is over asks for no sign-in any more', async () => {
        tokens.behave(answer(401))
        const onUnauthorized = vi.fn()
        const states: string[] = []
        const handle: RealtimeHandle = openOne({
          getToken: tokens.url,
          channel: channelIn('sandbox'),
          onConnection: ({ state }) => {
            states.push(state)
            handle.close()
          },
          onUnauthorized,
        })
        await until(() => expect(states).toEqual(['disconnected']))
        expect(onUnauthorized).not.toHaveBeenCalled()
      })

      test('within a callback of the state leaves no stale state behind', async () => {
        const calls: unknown[] = []
        const handle: RealtimeHandle = openOne({
          token: token(),
          channel: channelIn('sandbox'),
          onConnection: ({ state }) => {
            calls.push(state)
            handle.close()
          },
          onState: (connected) => calls.push(connected),
        })
        await until(() => expect(calls).toContain('disconnected'))
        expect(calls).toEqual(['connected', 'disconnected'])
      })

      test('in the same moment opens no socket, and no callback ran before', async () => {
        let sockets = 0
        class CountingWebSocket extends WebSocket {
          constructor(url: string | URL, protocols?: string | string[]) {
            super(url, protocols)
            sockets++
          }
        }
        const calls: unknown[] = []
        const record = (value: unknown) => calls.push(value)
        const listeners = { onState: record, onConnection: record, onSubscription: record, onError: record }
        const channel = channelIn('sandbox')
        const unwanted = openOne({ token: token(), channel, websocket: CountingWebSocket, ...listeners })
        expect(calls).toEqual([])
        unwanted.close()
        const wanted = openOne({ token: token(), channel, websocket: CountingWebSocket })
        await subscribed(wanted)
        expect(sockets).toBe(1)
      })
    })

    describe('tokens', () => {
      const answerToken = (value: string) => answer(200, JSON.stringify({ token: value }))

      test('a first token needs no fetch', async () => {
        const getToken = vi.fn(() => token())
        const getSubscriptionToken = vi.fn(() => server.issueSubscriptionToken('ada', 'personal:ada'))
        const handle = openOne({
          token: token(),
          getToken,
          channel: 'personal:ada',
          subscriptionToken: server.issueSubscriptionToken('ada', 'personal:ada'),
          getSubscriptionToken,
        })
        await subscribed(handle)
        expect(getToken).not.toHaveBeenCalled()
        expect(getSubscriptionToken).not.toHaveBeenCalled()
      })

      test('without a first token the source is asked', async () => {
        const getToken = vi.fn(async () => token())
        await subscribed(openOne({ getToken, channel: channelIn('sandbox') }))
        expect(getToken).toHaveBeenCalledTimes(1)
      })

      test('a tab outlives its tokens: both are renewed while everything stays open', async () => {
        const states: unknown[] = []
        const messages: unknown[] = []
        const channel = server.personalChannel('renew')
        const getToken = vi.fn(() => token('renew', 60))
        const getSubscriptionToken = vi.fn(({ channel }: { channel: string }) =>
          server.issueSubscriptionToken('renew', channel, 60),
        )
        const handle = openOne({
          token: token('renew', 2),
          getToken,
          channel,
          subscriptionToken: server.issueSubscriptionToken('renew', channel, 2),
          getSubscriptionToken,
          onState: (connected) => states.push(connected),
          onSubscription: ({ state }) => states.push(state),
          onMessage: (data) => messages.push(data),
        })
        await subscribed(handle)
        await until(() => {
          expect(getToken).toHaveBeenCalledTimes(1)
          expect(getSubscriptionToken).toHaveBeenCalledTimes(1)
        })
        expect(getSubscriptionToken).toHaveBeenCalledWith({ channel })
        await server.publish(channel, 'still here')
        await until(() => expect(messages).toEqual(['still here']))
        expect(states).toEqual([true, 'subscribed'])
      })

      test('an expired first token is replaced', async () => {
        const getToken = vi.fn(() => token())
        await subscribed(openOne({ token: token('ada', -10), getToken, channel: channelIn('sandbox') }))
        expect(getToken).toHaveBeenCalledTimes(1)
      })

      test('an expired token without a source ends as unauthorized', async () => {
        const onUnauthorized = vi.fn()
        const handle = openOne({ token: token('ada', -10), channel: channelIn('sandbox'), onUnauthorized })
        await until(() => expect(handle.connection).toMatchObject({ state: 'disconnected', reason: 'unauthorized' }))
        expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith({})
      })

      test('a URL is a source', async () => {
        tokens.behave(answerToken(token()), answerToken(server.issueSubscriptionToken('ada', 'personal:ada')))
        const handle = openOne({
          getToken: `${tokens.url}/connection`,
          channel: 'personal:ada',
          getSubscriptionToken: `${tokens.url}/subscription?v=1`,
        })
        await subscribed(handle)
        expect(tokens.requests.map(({ verb, path }) => `${verb} ${path}`)).toEqual([
          'GET /api/connection',
          'GET /api/subscription?v=1&channel=personal%3Aada',
        ])
      })

      test('so is a function that answers a Response', async () => {
        tokens.behave(answerToken(token()))
        await subscribed(openOne({ getToken: () => fetch(tokens.url), channel: channelIn('sandbox') }))
      })

      test.each([401, 403])('%i for the connection ends it', async (status) => {
        tokens.behave(answer(status, '{"detail":"unauthorized"}'))
        const onUnauthorized = vi.fn()
        const onError = vi.fn()
        const handle = openOne({ getToken: tokens.url, channel: channelIn('sandbox'), onUnauthorized, onError })
        await until(() =>
          expect(handle.connection).toEqual({
            state: 'disconnected',
            connected: false,
            code: 1,
            reason: 'unauthorized',
            tokenStatus: status,
          }),
        )
        expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith({ status })
        expect(onError).not.toHaveBeenCalled()
        expect(tokens.requests).toHaveLength(1)
      })

      test.each([401, 403])('%i for a channel ends that subscription, the others live on', async (status) => {
        tokens.behave(answer(status, '{"detail":"permission denied"}'))
        const onUnauthorized = vi.fn()
        const connection = connect({ onUnauthorized })
        const refused = connection.subscribe({ channel: 'personal:ada', getToken: tokens.url })
        const other = connection.subscribe({ channel: channelIn('sandbox') })
        await until(() =>
          expect(refused.status).toEqual({
            state: 'unsubscribed',
            code: 1,
            reason: 'unauthorized',
            tokenStatus: status,
          }),
        )
        expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith({ status, channel: 'personal:ada' })
        await until(() => expect(other.status.state).toBe('subscribed'))
        expect(connection.status.connected).toBe(true)
        expect(tokens.requests).toHaveLength(1)
      })

      test('a session that ends while the tab is open ends the connection when its token runs out', async () => {
        tokens.behave(answer(401))
        const onUnauthorized = vi.fn()
        const states: boolean[] = []
        const handle = openOne({
          token: token('ending', 1),
          getToken: tokens.url,
          channel: channelIn('sandbox'),
          onUnauthorized,
          onState: (connected) => states.push(connected),
        })
        await until(() => expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith({ status: 401 }))
        expect(handle.connection).toMatchObject({ state: 'disconnected', code: 1, tokenStatus: 401 })
        expect(states).toEqual([true, false])
      })

      test('a permission that ends while the tab is open ends the subscription when its token runs out', async () => {
        tokens.behave(answer(403))
        const onUnauthorized = vi.fn()
        const channel = 'personal:ending'
        const handle = openOne({
          token: token('ending'),
          channel,
          subscriptionToken: server.issueSubscriptionToken('ending', channel, 1),
          getSubscriptionToken: tokens.url,
          onUnauthorized,
        })
        await until(() => expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith({ status: 403, channel }))
        expect(handle.subscription).toMatchObject({ state: 'unsubscribed', code: 1, tokenStatus: 403 })
        expect(handle.connection.connected).toBe(true)
      })

      test.each<[string, () => string | Promise<string>, number | undefined]>([
        [
          'an UnauthorizedError',
          () => {
            throw new UnauthorizedError('signed out')
          },
          undefined,
        ],
        ['a rejection with a status', () => Promise.reject(Object.assign(new Error('no'), { status: 401 })), 401],
        [
          'a rejection with a statusCode',
          () => Promise.reject(Object.assign(new Error('no'), { statusCode: 403 })),
          403,
        ],
      ])('a function refuses by %s', async (_name, getToken, status) => {
        const handle = openOne({ getToken, channel: channelIn('sandbox') })
        await until(() => expect(handle.connection).toMatchObject({ state: 'disconnected', code: 1 }))
        expect(handle.connection.tokenStatus).toBe(status)
      })

      test.each([
        ['HTTP 500', answer(500)],
        ['HTTP 404', answer(404)],
        ['no JSON', answer(200, '<html>')],
        ['no token', answer(200, '{"token":""}')],
      ])('%s is told and tried again', async (_name, failure) => {
        tokens.behave(failure, answerToken(token()))
        const errors: unknown[] = []
        const handle = openOne({
          getToken: tokens.url,
          channel: channelIn('sandbox'),
          onError: ({ stage, channel }) => errors.push([stage, channel]),
        })
        await subscribed(handle)
        expect(tokens.requests).toHaveLength(2)
        expect(errors).toEqual([['token', undefined]])
      })

      test('a URL that does not answer within ten seconds is told and tried again', async () => {
        const timeout = AbortSignal.timeout.bind(AbortSignal)
        const limit = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(30))
        tokens.behave(hang, answerToken(token()))
        const onError = vi.fn()
        await subscribed(openOne({ getToken: tokens.url, channel: channelIn('sandbox'), onError }))
        expect(onError.mock.calls).toMatchObject([[{ stage: 'token' }]])
        expect(limit).toHaveBeenNthCalledWith(1, 10_000)
      })

      test('a failing source of a channel is tried again too', async () => {
        const onError = vi.fn()
        tokens.behave(answer(503), answerToken(server.issueSubscriptionToken('ada', 'personal:ada')))
        await subscribed(
          openOne({ token: token(), channel: 'personal:ada', getSubscriptionToken: tokens.url, onError }),
        )
        expect(onError.mock.calls).toMatchObject([[{ stage: 'token', channel: 'personal:ada' }]])
      })
    })

    describe('recovery', () => {
      test('what was published while the client was away arrives once, in order', async () => {
        const user = 'recovery-1'
        const channel = channelIn('sandbox')
        const messages: unknown[] = []
        const recoveries: string[] = []
        const handle = openOne({
          token: token(user),
          channel,
          onMessage: (data) => messages.push(data),
          onSubscription: (status) => status.state === 'subscribed' && recoveries.push(status.recovery),
          reconnectDelay: { min: 300, max: 400 },
        })
        await subscribed(handle)
        await server.publish(channel, 1)
        await until(() => expect(messages).toEqual([1]))
        await server.disconnect(user, { code: 4000, reason: 'come back' })
        await until(() => expect(handle.connection.connected).toBe(false))
        for (const data of [2, 3, 4]) await server.publish(channel, data)
        expect(handle.connection.connected).toBe(false)
        await until(() => expect(messages).toEqual([1, 2, 3, 4]))
        expect(recoveries).toEqual(['none', 'recovered'])
      })

      test('when the stream was lost the app is told, so that it can reload', async () => {
        const channel = channelIn('sandbox')
        const recoveries: string[] = []
        const handle = openOne({
          token: token('recovery-2'),
          channel,
          onSubscription: (status) => status.state === 'subscribed' && recoveries.push(status.recovery),
        })
        await subscribed(handle)
        await server.publish(channel, 1)
        await real.kill()
        await until(() => expect(handle.connection.connected).toBe(false))
        await real.restart()
        await until(() => expect(recoveries).toEqual(['none', 'failed']))
        expect(handle.subscription).toMatchObject({ state: 'subscribed', position: { offset: 0 } })
      })

      test('can be asked for where the channel only allows it', async () => {
        const channel = channelIn('optional')
        const connection = connect()
        const handle = connection.subscribe({ channel, recoverable: true })
        await until(() => expect(handle.status).toMatchObject({ state: 'subscribed', position: { offset: 0 } }))
      })

      test('a position that the app kept is where it goes on from', async () => {
        const channel = channelIn('sandbox')
        for (const data of [1, 2, 3]) await server.publish(channel, data)
        const { epoch } = await server.history(channel)
        const messages: unknown[] = []
        openOne({ token: token(), channel, since: { offset: 1, epoch }, onMessage: (data) => messages.push(data) })
        await until(() => expect(messages).toEqual([2, 3]))
      })
    })

    describe('several channels', () => {
      test('share one connection', async () => {
        const user = 'several-1'
        const seen: unknown[] = []
        const connection = connect({ token: token(user) })
        const channels = [channelIn('sandbox'), channelIn('sandbox'), channelIn('plain')]
        const handles = channels.map((channel) =>
          connection.subscribe({ channel, onMessage: (data) => seen.push([channel, data]) }),
        )
        await until(() => expect(handles.map(({ status }) => status.state)).toEqual(Array(3).fill('subscribed')))
        for (const channel of channels) await server.publish(channel, 'x')
        await until(() => expect(seen).toEqual(channels.map((channel) => [channel, 'x'])))
        const clients = await Promise.all(channels.slice(0, 2).map((channel) => server.presence(channel)))
        expect(new Set(clients.flatMap((presence) => Object.keys(presence))).size).toBe(1)
      })

      test('listeners of the same channel share one subscription, until the last one leaves', async () => {
        const channel = channelIn('sandbox')
        const connection = connect()
        const seen: string[] = []
        const first = connection.subscribe({ channel, onMessage: (data) => seen.push(`first ${String(data)}`) })
        await until(() => expect(first.status.state).toBe('subscribed'))
        const late = vi.fn()
        const second = connection.subscribe({
          channel,
          onMessage: (data) => seen.push(`second ${String(data)}`),
          onSubscription: late,
        })
        expect(second.status).toBe(first.status)
        expect(late).not.toHaveBeenCalled()
        await until(() => expect(late).toHaveBeenCalledExactlyOnceWith(second.status))

        await server.publish(channel, 1)
        await until(() => expect(seen).toEqual(['first 1', 'second 1']))
        first.close()
        first.close()
        expect(first.status).toMatchObject({ state: 'unsubscribed', reason: 'closed' })
        await server.publish(channel, 2)
        await until(() => expect(seen).toEqual(['first 1', 'second 1', 'second 2']))
        second.close()
        await until(async () => expect(await server.presenceStats(channel)).toMatchObject({ numClients: 0 }))
        expect(connection.status.connected).toBe(true)

        const again = connection.subscribe({ channel })
        await until(() => expect(again.status.state).toBe('subscribed'))
      })

      test('who leaves and comes back in the same moment keeps the subscription', async () => {
        const channel = channelIn('sandbox')
        const connection = connect()
        const first = connection.subscribe({ channel })
        await until(() => expect(first.status.state).toBe('subscribed'))
        first.close()
        const states: string[] = []
        const second = connection.subscribe({ channel, onSubscription: ({ state }) => states.push(state) })
        expect(second.status.state).toBe('subscribed')
        await until(() => expect(states).toEqual(['subscribed']))
      })

      test('a refused channel is tried again by a new listener', async () => {
        const connection = connect()
        tokens.behave(answer(403))
        const refused = connection.subscribe({ channel: 'personal:ada', getToken: tokens.url })
        await until(() => expect(refused.status.state).toBe('unsubscribed'))
        tokens.behave(answer(200, JSON.stringify({ token: server.issueSubscriptionToken('ada', 'personal:ada') })))
        const next = connection.subscribe({ channel: 'personal:ada' })
        await until(() => expect(next.status.state).toBe('subscribed'))
      })

      test('onChange tells of every new status until it is ended', async () => {
        const connection = connect()
        const states: string[] = []
        const end = connection.onChange(() => states.push(connection.status.state))
        const handle = connection.subscribe({ channel: channelIn('sandbox') })
        const channelStates: string[] = []
        handle.onChange(() => channelStates.push(handle.status.state))
        await until(() => expect(channelStates).toEqual(['subscribed']))
        expect(states).toEqual(['connected'])
        expect(Object.isFrozen(connection.status)).toBe(true)
        expect(Object.isFrozen(handle.status)).toBe(true)
        expect(connection.status).toBe(connection.status)
        end()
        connection.close()
        expect(states).toEqual(['connected'])
        expect(connection.subscribe({ channel: 'sandbox:late' }).status).toMatchObject({ state: 'unsubscribed' })
      })
    })

    describe("an app's own exceptions", () => {
      test('end nothing: they are reported, and the next message arrives', async () => {
        const channel = channelIn('sandbox')
        const errors: unknown[] = []
        const messages: unknown[] = []
        const handle = openOne({
          token: token('thrower'),
          channel,
          onMessage: (data) => {
            messages.push(data)
            throw new Error(`onMessage ${String(data)}`)
          },
          onPublication: () => Promise.reject(new Error('onPublication')),
          onSubscription: () => {
            throw new Error('onSubscription')
          },
          onState: () => {
            throw new Error('onState')
          },
          onConnection: () => {
            throw new Error('onConnection')
          },
          onError: ({ stage, message, channel, error }) => {
            errors.push([stage, message, channel, error instanceof Error])
          },
        })
        await subscribed(handle)
        await server.publish(channel, 1)
        await server.publish(channel, 2)
        await until(() => expect(messages).toEqual([1, 2]))
        await until(() =>
          expect(errors).toEqual([
            ['callback', 'onConnection', undefined, true],
            ['callback', 'onState', undefined, true],
            ['callback', 'onSubscription', channel, true],
            ['callback', 'onMessage 1', channel, true],
            ['callback', 'onPublication', channel, true],
            ['callback', 'onMessage 2', channel, true],
            ['callback', 'onPublication', channel, true],
          ]),
        )
        expect(handle.connection.connected).toBe(true)
        expect(handle.subscription.state).toBe('subscribed')
      })

      test('go to the console when nobody listens, as does an onError that throws', async () => {
        const consoleError = vi.spyOn(console, 'error').mockImplementation(() => {})
        const channel = channelIn('sandbox')
        const messages: unknown[] = []
        const failing = (data: unknown) => {
          messages.push(data)
          throw new Error('mine')
        }
        const silent = openOne({ token: token(), channel, onMessage: failing })
        const broken = openOne({
          token: token(),
          channel,
          onMessage: failing,
          onError: () => {
            throw new Error('onError')
          },
        })
        await subscribed(silent)
        await subscribed(broken)
        await server.publish(channel, 1)
        await server.publish(channel, 2)
        await until(() => expect([...messages].sort((a, b) => Number(a) - Number(b))).toEqual([1, 1, 2, 2]))
        expect(consoleError).toHaveBeenCalledTimes(4)
        expect(silent.connection.connected && broken.connection.connected).toBe(true)
      })
    })

    describe('debug', () => {
      test('tells what happens, without the tokens', async () => {
        const lines: unknown[][] = []
        for (const method of ['debug', 'log', 'info'] as const) {
          vi.spyOn(console, method).mockImplementation((...args) => lines.push(args))
        }
        const first = token()
        const handle = openOne({ token: first, getToken: () => token(), channel: channelIn('sandbox'), debug: true })
        await subscribed(handle)
        expect(lines.length).toBeGreaterThan(3)
        expect(JSON.stringify(lines)).not.toContain(first)
        handle.close()
        await until(() => expect(JSON.stringify(lines)).toContain('close callback'))
        const count = lines.length
        await subscribed(openOne({ token: first, channel: channelIn('sandbox') }))
        expect(lines).toHaveLength(count)
      })
    })

    test('the client comes back by itself when the server does', async () => {
      const channel = channelIn('sandbox')
      const messages: unknown[] = []
      const handle = openOne({ token: token('back'), channel, onMessage: (data) => messages.push(data) })
      await subscribed(handle)
      await real.kill()
      await until(() => expect(handle.connection.connected).toBe(false))
      await real.restart()
      await subscribed(handle)
      expect(await server.publish(channel, 'again')).toBe(true)
      await until(() => expect(messages).toEqual(['again']))
    })
  })
}

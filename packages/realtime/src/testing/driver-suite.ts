/** What the server half promises, asked of a real engine with a real client. Each driver's test file calls it. */
import { Centrifuge } from 'centrifuge'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi, type TestOptions } from 'vitest'
import * as realtime from '../index.ts'
import { RealtimeError } from '../index.ts'
import { recordLog, type LogLine } from './environment.ts'
import type { RealServer } from './real-servers.ts'

const patient = { timeout: 10_000, interval: 10 }

const circle: { self?: unknown } = {}
circle.self = { back: circle }
const withoutJson: [string, unknown][] = [
  ['undefined', undefined],
  ['a function', () => 1],
  ['a symbol', Symbol('x')],
  ['a BigInt', { n: 1n }],
  ['a circle', circle],
]

export function describeDriver(name: string, options: TestOptions, start: () => Promise<RealServer>): void {
  describe(`driver of ${name}`, options, () => {
    let real: RealServer
    let log: LogLine[]
    const clients: Centrifuge[] = []

    beforeAll(async () => {
      real = await start()
    })
    afterAll(() => real?.stop())
    beforeEach(() => {
      log = recordLog()
      real.use()
    })
    afterEach(() => {
      for (const client of clients.splice(0)) client.disconnect()
      vi.unstubAllEnvs()
    })

    /** The official client itself: nothing of the browser half stands between the engine and the assertion. */
    async function connect(token: string): Promise<Centrifuge> {
      const client = new Centrifuge(realtime.realtimeWsUrl(), { token })
      clients.push(client)
      client.connect()
      await client.ready(5000)
      return client
    }

    async function listen(client: Centrifuge, channel: string, token?: string): Promise<unknown[]> {
      const messages: unknown[] = []
      const subscription = client.newSubscription(channel, token === undefined ? {} : { token })
      subscription.on('publication', ({ data }) => messages.push(data))
      subscription.subscribe()
      await subscription.ready(5000)
      return messages
    }

    async function failure(call: Promise<unknown>): Promise<RealtimeError> {
      const error: unknown = await call.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(RealtimeError)
      return error as RealtimeError
    }

    const until = (check: () => unknown) => vi.waitFor(check, patient)
    let count = 0
    const channelIn = (namespace: string) => `${namespace}:driver-${count++}`
    const userName = () => `user-${count++}`

    test('isRealtimeEnabled is true, and realtimeWsUrl is where clients connect', async () => {
      expect(realtime.isRealtimeEnabled()).toBe(true)
      expect(realtime.realtimeWsUrl()).toBe(real.websocketUrl)
      await connect(realtime.issueConnectionToken('ada'))
    })

    describe('tokens', () => {
      test('an expired connection token is refused', async () => {
        const client = new Centrifuge(realtime.realtimeWsUrl(), { token: realtime.issueConnectionToken('ada', -60) })
        clients.push(client)
        const ended = new Promise<string>((resolve) => client.on('disconnected', ({ reason }) => resolve(reason)))
        client.connect()
        // The server answers 109, and the client has no way to get another token.
        expect(await ended).toBe('unauthorized')
      })

      test('a subscription token opens exactly its channel, for exactly its user', async () => {
        const channel = realtime.personalChannel(userName())
        const client = await connect(realtime.issueConnectionToken('ada'))
        const messages = await listen(client, channel, realtime.issueSubscriptionToken('ada', channel))
        expect(await realtime.publish(channel, 'private')).toBe(true)
        await until(() => expect(messages).toEqual(['private']))

        const other = await connect(realtime.issueConnectionToken('bob'))
        const subscription = other.newSubscription(channel)
        const denied = new Promise<number>((resolve) => subscription.on('unsubscribed', ({ code }) => resolve(code)))
        subscription.subscribe()
        expect(await denied).toBe(103)
      })

      test('info is shown to others, channels are subscribed to by the server', async () => {
        const channel = channelIn('sandbox')
        const token = realtime.issueConnectionToken('ada', { info: { name: 'Ada' }, channels: [channel] })
        const client = new Centrifuge(realtime.realtimeWsUrl(), { token })
        clients.push(client)
        const messages: unknown[] = []
        client.on('publication', ({ data }) => messages.push(data))
        const ready = new Promise((resolve) => client.on('subscribed', resolve))
        client.connect()
        await ready
        await realtime.publish(channel, 'unasked')
        await until(() => expect(messages).toEqual(['unasked']))
        expect(Object.values(await realtime.presence(channel))).toMatchObject([
          { user: 'ada', connInfo: { name: 'Ada' } },
        ])
      })
    })

    describe('publish and broadcast', () => {
      test('reach the subscribers, in order', async () => {
        const client = await connect(realtime.issueConnectionToken('ada'))
        const channels = [channelIn('sandbox'), channelIn('plain')]
        const lists = await Promise.all(channels.map((channel) => listen(client, channel)))
        const [first = '', second = ''] = channels
        expect(await realtime.publish(first, { text: 'é€😀 "\\' })).toBe(true)
        expect(await realtime.broadcast(channels, ['to all'])).toBe(true)
        expect(await realtime.publish(second, null)).toBe(true)
        await until(() =>
          expect(lists).toEqual([
            [{ text: 'é€😀 "\\' }, ['to all']],
            [['to all'], null],
          ]),
        )
        expect(log).toEqual([])
      })

      test('what is published later is not changed by changing the object', async () => {
        const channel = channelIn('sandbox')
        const data = { n: 1 }
        const sent = realtime.publish(channel, data)
        data.n = 2
        expect(await sent).toBe(true)
        expect((await realtime.history(channel, { limit: -1 })).publications).toMatchObject([{ data: { n: 1 } }])
      })

      test('an idempotency key publishes once per channel', async () => {
        const channels = [channelIn('sandbox'), channelIn('sandbox')]
        const options = { idempotencyKey: 'message_1' }
        expect(await realtime.broadcast(channels, 'once', options)).toBe(true)
        expect(await realtime.broadcast(channels, 'once', options)).toBe(true)
        expect(await realtime.broadcast(channels, 'twice', {})).toBe(true)
        for (const channel of channels) {
          const { publications } = await realtime.history(channel, { limit: -1 })
          expect(publications.map(({ data }) => data)).toEqual(['once', 'twice'])
        }
      })

      test('tags and skipHistory do what they say', async () => {
        const channel = channelIn('sandbox')
        await realtime.broadcast([channel], 'tagged', { tags: { a: 'b' } })
        await realtime.broadcast([channel], 'fleeting', { skipHistory: true })
        const { publications } = await realtime.history(channel, { limit: -1 })
        expect(publications).toEqual([{ data: 'tagged', offset: 1, tags: { a: 'b' } }])
      })

      test('a version that is not newer is left out, unless its epoch is another', async ({ skip }) => {
        skip(!real.hasVersions, 'this Centrifugo is of version 5, which knows no versions of publications')
        const channel = channelIn('sandbox')
        await realtime.broadcast([channel], 'second', { version: 2, versionEpoch: 'a' })
        await realtime.broadcast([channel], 'first', { version: 1, versionEpoch: 'a' })
        await realtime.broadcast([channel], 'other', { version: 1, versionEpoch: 'b' })
        const { publications } = await realtime.history(channel, { limit: -1 })
        expect(publications.map(({ data }) => data)).toEqual(['second', 'other'])
      })

      test('an unknown namespace gives false and its code', async () => {
        expect(await realtime.publish('nowhere:x', 1)).toBe(false)
        expect(log).toMatchObject([{ fields: { reason: 'rejected', code: 102 } }])
      })

      test('one unknown channel among many gives false, the others get it', async () => {
        const channel = channelIn('sandbox')
        expect(await realtime.broadcast([channel, 'nowhere:x'], 'partly')).toBe(false)
        expect(log).toMatchObject([{ fields: { reason: 'rejected', code: 102, channels: 2 } }])
        expect((await realtime.history(channel, { limit: -1 })).publications).toHaveLength(1)
      })

      test('an empty channel, or no channels, gives false', async () => {
        expect(await realtime.publish('', 1)).toBe(false)
        expect(await realtime.broadcast([], 1)).toBe(false)
      })

      test.each(withoutJson)('%s gives false and its reason, in one line', async (_name, data) => {
        expect(await realtime.publish('sandbox:x', data)).toBe(false)
        expect(await realtime.broadcast(['sandbox:x'], data)).toBe(false)
        expect(log).toEqual([
          {
            fields: { channel: 'sandbox:x', reason: 'unserialisable' },
            message: '[realtime] publish: the data has no JSON form',
          },
          {
            fields: { channels: 1, reason: 'unserialisable' },
            message: '[realtime] broadcast: the data has no JSON form',
          },
        ])
      })
    })

    describe('the rest of the server API', () => {
      test('presence and presenceStats', async () => {
        const channel = channelIn('sandbox')
        expect(await realtime.presence(channel)).toEqual({})
        const one = await connect(realtime.issueConnectionToken('ada'))
        const two = await connect(realtime.issueConnectionToken('ada'))
        await listen(one, channel)
        await listen(two, channel)
        const entries = Object.entries(await realtime.presence(channel))
        expect(entries).toHaveLength(2)
        for (const [client, info] of entries) expect(info).toEqual({ client, user: 'ada' })
        expect(await realtime.presenceStats(channel)).toEqual({ numClients: 2, numUsers: 1 })
      })

      test('history pages forward and backward, and historyRemove empties it', async () => {
        const channel = channelIn('sandbox')
        for (const data of [1, 2, 3]) await realtime.publish(channel, data)
        const position = await realtime.history(channel)
        expect(position).toMatchObject({ publications: [], offset: 3, epoch: expect.stringMatching(/^\w+$/) })
        const data = async (options: realtime.HistoryOptions) =>
          (await realtime.history(channel, options)).publications.map((publication) => publication.data)
        expect(await data({ limit: -1 })).toEqual([1, 2, 3])
        expect(await data({ limit: 2 })).toEqual([1, 2])
        expect(await data({ limit: 2, reverse: true })).toEqual([3, 2])
        expect(await data({ limit: -1, since: { offset: 1, epoch: position.epoch } })).toEqual([2, 3])
        await realtime.historyRemove(channel)
        expect(await realtime.history(channel, { limit: -1 })).toEqual({ ...position, publications: [] })
      })

      test('channels, with a pattern', async () => {
        const channel = channelIn('sandbox')
        const client = await connect(realtime.issueConnectionToken('ada'))
        await listen(client, channel)
        expect(await realtime.channels()).toMatchObject({ [channel]: { numClients: 1 } })
        expect(await realtime.channels(channel)).toEqual({ [channel]: { numClients: 1 } })
        expect(await realtime.channels('nothing:*')).toEqual({})
      })

      test('info', async () => {
        await connect(realtime.issueConnectionToken('ada'))
        const { nodes } = await realtime.info()
        expect(nodes).toHaveLength(1)
        expect(nodes[0]).toEqual({
          uid: expect.stringMatching(/./),
          name: expect.any(String),
          version: expect.any(String),
          numClients: expect.any(Number),
          numUsers: expect.any(Number),
          numSubs: expect.any(Number),
          numChannels: expect.any(Number),
          uptime: expect.any(Number),
          metrics: { interval: expect.any(Number), items: expect.any(Object) },
        })
        // Nodes tell each other about themselves every few seconds.
        await until(async () => expect((await realtime.info()).nodes[0]?.numClients).toBeGreaterThanOrEqual(1))
      })

      test('subscribe and unsubscribe from the server side', async () => {
        const user = userName()
        const channel = channelIn('personal')
        const client = await connect(realtime.issueConnectionToken(user))
        const events: unknown[] = []
        client.on('subscribed', (context) => events.push(['subscribed', context.channel, context.data]))
        client.on('publication', ({ data }) => events.push(data))
        client.on('unsubscribed', (context) => events.push(['unsubscribed', context.channel]))
        await realtime.subscribe(user, channel, { data: { hello: true } })
        await until(() => expect(events).toEqual([['subscribed', channel, { hello: true }]]))
        await realtime.publish(channel, 'x')
        await until(() => expect(events).toHaveLength(2))
        await realtime.unsubscribe(user, channel)
        await until(() => expect(events.slice(1)).toEqual(['x', ['unsubscribed', channel]]))
      })

      test('disconnect closes one connection or all, with the code that is given', async () => {
        const user = userName()
        const channel = channelIn('sandbox')
        const [one, two] = [
          await connect(realtime.issueConnectionToken(user)),
          await connect(realtime.issueConnectionToken(user)),
        ]
        await listen(one, channel)
        const codes: number[] = []
        one.on('disconnected', ({ code }) => codes.push(code))
        two.on('disconnected', ({ code }) => codes.push(code))
        const [client] = Object.keys(await realtime.presence(channel))
        await realtime.disconnect(user, { client: client ?? '', code: 4501, reason: 'one' })
        await until(() => expect(codes).toEqual([4501]))
        await realtime.disconnect(user)
        await until(() => expect(codes).toEqual([4501, 3503]))
      })

      test('refresh ends a connection as expired', async () => {
        const user = userName()
        const client = await connect(realtime.issueConnectionToken(user, 600))
        const codes: number[] = []
        client.on('connecting', ({ code }) => codes.push(code))
        await realtime.refresh(user, { expireAt: Math.floor(Date.now() / 1000) + 600 })
        await realtime.refresh(user, { expired: true })
        await until(() => expect(codes).toEqual([3005]))
      })

      test('rpc: an unknown method is 104', async () => {
        expect(await failure(realtime.rpc('nothing:here', {}))).toMatchObject({ reason: 'rejected', code: 104 })
      })

      test.each(withoutJson.filter(([, params]) => params !== undefined))(
        'rpc: %s as params is unserialisable',
        async (_name, params) => {
          const { reason, code, message } = await failure(realtime.rpc('nothing:here', params))
          expect({ reason, code, message }).toEqual({
            reason: 'unserialisable',
            code: undefined,
            message: 'rpc: the data has no JSON form',
          })
        },
      )

      test('a batch with data that has no JSON form is not run', async () => {
        const channel = channelIn('sandbox')
        const batch = realtime.batch([{ publish: { channel, data: 1 } }, { publish: { channel, data: 1n } }])
        expect(await failure(batch)).toMatchObject({ reason: 'unserialisable' })
        expect((await realtime.history(channel, { limit: -1 })).publications).toEqual([])
      })

      test('batch answers each command in its place, failures as values', async () => {
        const channel = channelIn('sandbox')
        for (const parallel of [false, true]) {
          const replies = await realtime.batch(
            [
              { publish: { channel, data: 1 } },
              { publish: { channel: 'nowhere:x', data: 1 } },
              { presence_stats: { channel } },
            ],
            { parallel },
          )
          expect(replies).toMatchObject([
            { publish: { offset: expect.any(Number) } },
            { error: { code: 102 } },
            { presence_stats: {} },
          ])
        }
        expect(await realtime.batch([])).toEqual([])
      })

      test('a feature that the channel has not: 108; an unknown namespace: 102', async () => {
        expect(await failure(realtime.presence('plain:x'))).toMatchObject({ reason: 'rejected', code: 108 })
        expect(await failure(realtime.history('plain:x'))).toMatchObject({ reason: 'rejected', code: 108 })
        expect(await failure(realtime.presence('nowhere:x'))).toMatchObject({ reason: 'rejected', code: 102 })
      })
    })

    test('when it ends, publish and broadcast give false; when it is back, true', async () => {
      const channel = channelIn('sandbox')
      expect(await realtime.publish(channel, 1)).toBe(true)
      await real.kill()
      log.length = 0
      expect(await realtime.publish(channel, 2)).toBe(false)
      expect(await realtime.broadcast([channel], 2, { retryDelayMs: 1 })).toBe(false)
      expect(log.map(({ message }) => message)).toHaveLength(2)
      await real.restart()
      expect(await realtime.publish(channel, 3)).toBe(true)
      expect(await realtime.broadcast([channel], 4)).toBe(true)
    })
  })
}

/** Every method of the server API with every one of its fields, asked of a real engine with real clients. */
import { Centrifuge } from 'centrifuge'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  expectTypeOf,
  test,
  vi,
  type TestOptions,
} from 'vitest'
import * as realtime from '../index.ts'
import { RealtimeError, serverApi } from '../index.ts'
import { recordLog } from './environment.ts'
import type { RealServer } from './real-servers.ts'
import { openUniStream, type UniStream } from './uni-stream.ts'

const patient = { timeout: 10_000, interval: 10 }
const soon = (seconds = 600) => Math.floor(Date.now() / 1000) + seconds

export function describeServerApi(name: string, options: TestOptions, start: () => Promise<RealServer>): void {
  describe(`server API of ${name}`, options, () => {
    let real: RealServer
    const api = serverApi()
    const clients: Centrifuge[] = []
    const streams: UniStream[] = []

    beforeAll(async () => {
      real = await start()
    })
    afterAll(() => real?.stop())
    beforeEach(() => {
      recordLog()
      real.use()
    })
    afterEach(() => {
      for (const client of clients.splice(0)) client.disconnect()
      for (const stream of streams.splice(0)) stream.close()
      vi.unstubAllEnvs()
    })

    /** A connection of the user and what happened to it: the server's subscriptions, their publications, the end. */
    async function connect(user: string): Promise<{ client: Centrifuge; id: string; events: unknown[] }> {
      const client = new Centrifuge(realtime.realtimeWsUrl(), { token: realtime.issueConnectionToken(user) })
      clients.push(client)
      const events: unknown[] = []
      let id = ''
      client.on('connected', (context) => (id = context.client))
      client.on('subscribed', ({ channel, data, recovered, positioned, recoverable }) =>
        events.push({ subscribed: channel, data, recovered, positioned, recoverable }),
      )
      client.on('publication', ({ channel, data, tags }) => events.push({ channel, data, tags }))
      client.on('unsubscribed', ({ channel }) => events.push({ unsubscribed: channel }))
      client.on('connecting', ({ code }) => code >= 3000 && events.push({ code }))
      client.on('disconnected', ({ code, reason }) => events.push({ code, reason }))
      client.connect()
      await client.ready(5000)
      return { client, id, events }
    }

    /** A connection that has a session key. */
    async function openStream(user: string): Promise<UniStream> {
      const stream = await openUniStream(real.httpUrl, realtime.issueConnectionToken(user))
      streams.push(stream)
      return stream
    }

    async function failure(call: Promise<unknown>): Promise<Pick<RealtimeError, 'reason' | 'code'>> {
      const error: unknown = await call.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(RealtimeError)
      const { reason, code } = error as RealtimeError
      return { reason, code }
    }
    const rejected = (code: number) => ({ reason: 'rejected', code })

    const until = (check: () => unknown) => vi.waitFor(check, patient)
    let count = 0
    const channelIn = (namespace: string) => `${namespace}:api-${count++}`
    const userName = () => `api-user-${count++}`
    const stored = async (channel: string) => (await api.history({ channel, limit: -1 })).publications

    describe('publish', () => {
      test('answers where the publication came to stand; without history nowhere', async () => {
        const channel = channelIn('sandbox')
        const first = await api.publish({ channel, data: 1 })
        expect(first).toEqual({ offset: 1, epoch: expect.stringMatching(/^\w+$/) })
        expect(await api.publish({ channel, data: 2 })).toEqual({ offset: 2, epoch: first.epoch })
        expect(await api.publish({ channel: channelIn('plain'), data: 1 })).toEqual({})
        expect(await api.publish({ channel, data: 3, skip_history: true })).toEqual({})
        expect((await stored(channel)).map(({ data }) => data)).toEqual([1, 2])
      })

      test('b64data wins over data; tags stand beside it', async () => {
        const channel = channelIn('sandbox')
        await api.publish({ channel, data: 'no', b64data: btoa('{"a":[1.0]}'), tags: { kind: 'number' } })
        expect(await stored(channel)).toEqual([{ data: { a: [1] }, offset: 1, tags: { kind: 'number' } }])
        expect(await failure(api.publish({ channel, b64data: '%' }))).toEqual(rejected(107))
      })

      test('an idempotency key answers the first result again', async () => {
        const channel = channelIn('sandbox')
        const first = await api.publish({ channel, data: 1, idempotency_key: 'k' })
        expect(await api.publish({ channel, data: 2, idempotency_key: 'k' })).toEqual(first)
        expect(await api.publish({ channel, data: 3, idempotency_key: 'l' })).toEqual({ ...first, offset: 2 })
      })

      test('a version that is not above the last one is skipped', async ({ skip }) => {
        skip(!real.hasVersions, 'this Centrifugo is of version 5, which knows no versions of publications')
        const channel = channelIn('sandbox')
        for (const [version, version_epoch, offset] of [
          [2, 'a', 1],
          [1, 'a', 1],
          [2, 'a', 1],
          [1, 'b', 2],
          [3, 'b', 3],
        ] as const) {
          expect(await api.publish({ channel, data: version, version, version_epoch })).toMatchObject({ offset })
        }
      })

      test('delta sends a patch to who asked for it, and everybody has the same in the end', async () => {
        const channel = channelIn('patched')
        const { client } = await connect(userName())
        const heard: unknown[] = []
        const subscription = client.newSubscription(channel, { delta: 'fossil' })
        subscription.on('publication', ({ data }) => heard.push(data))
        subscription.subscribe()
        await subscription.ready(5000)
        const text = (n: number) => `${'what stays the same, '.repeat(10)}${n}`
        for (const n of [1, 2, 3]) await api.publish({ channel, data: { text: text(n) }, delta: true })
        await api.broadcast({ channels: [channel], data: { text: text(4) }, delta: true })
        await until(() => expect(heard).toEqual([1, 2, 3, 4].map((n) => ({ text: text(n) }))))
      })

      test('bad channels are errors', async () => {
        expect(await failure(api.publish({ channel: '', data: 1 }))).toEqual(rejected(107))
        expect(await failure(api.publish({ channel: 'nowhere:x', data: 1 }))).toEqual(rejected(102))
      })
    })

    test('broadcast answers for each channel', async () => {
      const [one, two] = [channelIn('sandbox'), channelIn('plain')]
      const { responses } = await api.broadcast({ channels: [one, 'nowhere:x', '', two], data: 1, tags: { a: 'b' } })
      expect(responses).toEqual([
        { result: { offset: 1, epoch: expect.any(String) } },
        { error: { code: 102, message: 'unknown channel' } },
        { error: { code: 107, message: 'bad request' } },
        { result: {} },
      ])
      expect(await failure(api.broadcast({ channels: [], data: 1 }))).toEqual(rejected(107))
    })

    describe('subscribe', () => {
      test('one client or all of a user, with data and info', async () => {
        const user = userName()
        const channel = channelIn('sandbox')
        const [one, two] = [await connect(user), await connect(user)]
        const request = { user, channel, client: one.id, data: { hello: 1 }, info: { name: 'Ada' } }
        expect(await api.subscribe(request)).toEqual({})
        await until(() => expect(one.events).toMatchObject([{ subscribed: channel, data: { hello: 1 } }]))
        const { presence } = await api.presence({ channel })
        expect(presence).toEqual({ [one.id]: { user, client: one.id, chan_info: { name: 'Ada' } } })
        expect(two.events).toEqual([])
        await api.unsubscribe({ user, channel, client: two.id })
        await api.publish({ channel, data: 1, tags: { a: 'b' } })
        await until(() => expect(one.events[1]).toEqual({ channel, data: 1, tags: { a: 'b' } }))
        await api.unsubscribe({ user, channel })
        await until(() => expect(one.events[2]).toEqual({ unsubscribed: channel }))
      })

      test('b64data and b64info', async ({ skip }) => {
        skip(!real.hasVersions, 'this Centrifugo is of version 5, which drops them')
        const user = userName()
        const channel = channelIn('sandbox')
        const { id, events } = await connect(user)
        await api.subscribe({ user, channel, b64data: btoa('{"a":1}'), b64info: btoa('"info"') })
        await until(() => expect(events).toMatchObject([{ subscribed: channel, data: { a: 1 } }]))
        expect(await api.presence({ channel })).toEqual({ presence: { [id]: { user, client: id, chan_info: 'info' } } })
        expect(await failure(api.subscribe({ user, channel, b64data: '%' }))).toEqual(rejected(107))
      })

      test('recover_since puts the client where it was', async () => {
        const user = userName()
        const channel = channelIn('personal')
        for (const data of [1, 2, 3]) await api.publish({ channel, data })
        const { epoch } = await api.history({ channel })
        const { client, events } = await connect(user)
        const positions: unknown[] = []
        client.on('subscribed', ({ streamPosition }) => positions.push(streamPosition))
        await api.subscribe({ user, channel, recover_since: { offset: 1, epoch } })
        await until(() => expect(positions).toEqual([{ offset: 1, epoch }]))
        await api.publish({ channel, data: 4 })
        await until(() => expect(events.at(-1)).toMatchObject({ data: 4 }))
        const heard = events.slice(1).map((event) => (event as { data: unknown }).data)
        // Centrifugo recovers the others and then has no place for them in its push.
        expect(heard).toEqual(name === 'the hub' ? [2, 3, 4] : [4])
      })

      test('override changes the options for this subscription', async () => {
        const user = userName()
        const [positioned, plain] = [channelIn('optional'), channelIn('personal')]
        const { events } = await connect(user)
        await api.subscribe({ user, channel: positioned, override: { force_recovery: { value: true } } })
        await api.subscribe({
          user,
          channel: plain,
          override: { force_recovery: { value: false }, force_positioning: { value: false } },
        })
        await until(() =>
          expect(events).toMatchObject([
            { subscribed: positioned, recoverable: true, positioned: true },
            { subscribed: plain, recoverable: false, positioned: false },
          ]),
        )
        const channel = channelIn('sandbox')
        await api.subscribe({ user, channel, override: { presence: { value: false } } })
        expect(await api.presence({ channel })).toEqual({ presence: {} })
      })

      test('a user who is not here is no error, a channel that is none is', async () => {
        expect(await api.subscribe({ user: userName(), channel: channelIn('sandbox') })).toEqual({})
        expect(await failure(api.subscribe({ user: 'a', channel: '' }))).toEqual(rejected(107))
        expect(await failure(api.subscribe({ user: 'a', channel: 'nowhere:x' }))).toEqual(rejected(102))
        expect(await failure(api.unsubscribe({ user: 'a', channel: 'nowhere:x' }))).toEqual(rejected(102))
      })
    })

    test('a session key narrows subscribe, unsubscribe, refresh and disconnect to one connection', async () => {
      const user = userName()
      const channel = channelIn('plain')
      const socket = await connect(user)
      const [one, two] = [await openStream(user), await openStream(user)]
      expect(one.session).toMatch(/.{8}/)
      expect(one.session).not.toBe(two.session)
      const target = { user, session: one.session }
      await api.subscribe({ ...target, channel })
      await api.publish({ channel, data: 1 })
      await api.refresh({ ...target, expire_at: soon() })
      await api.unsubscribe({ ...target, channel })
      await until(() =>
        expect(one.pushes).toEqual([
          { channel, subscribe: {} },
          { channel, pub: { data: 1 } },
          { refresh: { expires: true, ttl: expect.any(Number) } },
          { channel, unsubscribe: { code: 2000, reason: 'server unsubscribe' } },
        ]),
      )
      // Of another user, of another client, of nobody.
      await api.disconnect({ user: userName(), session: one.session })
      await api.disconnect({ ...target, client: socket.id })
      await api.disconnect({ user, session: 'nobody' })
      await api.disconnect(target)
      await until(() => expect(one.pushes.at(-1)).toEqual({ disconnect: { code: 3503, reason: 'force disconnect' } }))
      await one.ended
      expect([one.pushes.length, two.pushes, socket.events]).toEqual([5, [], []])
    })

    describe('disconnect', () => {
      test('spares the whitelist', async () => {
        const user = userName()
        const [one, two] = [await connect(user), await connect(user)]
        await api.disconnect({ user, whitelist: [two.id, 'nobody'], disconnect: { code: 4500, reason: 'moved' } })
        await until(() => expect(one.events).toEqual([{ code: 4500, reason: 'moved' }]))
        await api.disconnect({ user, client: one.id })
        await api.disconnect({ user, client: two.id })
        await until(() => expect(two.events).toEqual([{ code: 3503, reason: 'force disconnect' }]))
      })

      test('a code from 4000 to 4499 lets the client come back', async () => {
        const user = userName()
        const { events } = await connect(user)
        await api.disconnect({ user, disconnect: { code: 4000, reason: 'again' } })
        await until(() => expect(events).toEqual([{ code: 4000 }]))
      })
    })

    describe('refresh', () => {
      test('brings new info', async () => {
        const user = userName()
        const channel = channelIn('sandbox')
        const { id } = await connect(user)
        await api.refresh({ user, expire_at: soon(), info: { name: 'Ada' } })
        await api.subscribe({ user, channel })
        expect(await api.presence({ channel })).toEqual({
          presence: { [id]: { user, client: id, conn_info: { name: 'Ada' } } },
        })
      })

      test.each([
        ['expired', { expired: true }],
        ['a time that is over', { expire_at: 1 }],
      ])('with %s ends the connection as expired', async (_name, request) => {
        const user = userName()
        const [one, two] = [await connect(user), await connect(user)]
        await api.refresh({ user, client: one.id, ...request })
        await until(() => expect(one.events).toEqual([{ code: 3005 }]))
        expect(two.events).toEqual([])
      })
    })

    describe('history', () => {
      test('limit, since and reverse', async () => {
        const channel = channelIn('sandbox')
        for (const data of [1, 2, 3, 4]) await api.publish({ channel, data })
        const { epoch, ...position } = await api.history({ channel })
        expect(position).toEqual({ publications: [], offset: 4 })
        const page = async (request: Omit<Parameters<typeof api.history>[0], 'channel'>) =>
          (await api.history({ channel, ...request })).publications.map(({ offset }) => offset)
        expect(await page({ limit: 2 })).toEqual([1, 2])
        expect(await page({ limit: 2, since: { offset: 1, epoch } })).toEqual([2, 3])
        expect(await page({ limit: 2, reverse: true })).toEqual([4, 3])
        expect(await page({ limit: -1, since: { offset: 3, epoch }, reverse: true })).toEqual([2, 1])
        expect(await failure(api.history({ channel, limit: 1, since: { offset: 1, epoch: 'other' } }))).toEqual(
          rejected(112),
        )
        expect(await api.history_remove({ channel })).toEqual({})
        expect(await api.history({ channel, limit: -1 })).toEqual({ publications: [], offset: 4, epoch })
      })

      test('tells who published', async () => {
        const user = userName()
        const channel = channelIn('talk')
        const { client, id } = await connect(user)
        await client.publish(channel, { hello: 1 })
        expect(await stored(channel)).toEqual([{ data: { hello: 1 }, offset: 1, info: { user, client: id } }])
      })

      test('where there is none: 108', async () => {
        for (const call of [api.history, api.history_remove, api.presence, api.presence_stats]) {
          expect(await failure(call({ channel: 'plain:x' }))).toEqual(rejected(108))
          expect(await failure(call({ channel: 'nowhere:x' }))).toEqual(rejected(102))
          expect(await failure(call({ channel: '' }))).toEqual(rejected(107))
        }
      })
    })

    test('presence, presence_stats and channels tell who is where', async () => {
      const user = userName()
      const channel = channelIn('sandbox')
      const [one, two] = [await connect(user), await connect(user)]
      await api.subscribe({ user, channel })
      const { presence } = await api.presence({ channel })
      expect(new Set(Object.keys(presence))).toEqual(new Set([one.id, two.id]))
      expect(await api.presence_stats({ channel })).toEqual({ num_clients: 2, num_users: 1 })
      const counted = { channels: { [channel]: { num_clients: 2 } } }
      expect((await api.channels()).channels).toMatchObject(counted.channels)
      const [namespace = '', rest = ''] = channel.split(':')
      for (const pattern of [channel, `${namespace}:*${rest.slice(1)}`, `{nothing,${namespace}}:?${rest.slice(1)}`]) {
        expect(await api.channels({ pattern })).toEqual(counted)
      }
      expect(await api.channels({ pattern: `${namespace}:[!a]${rest.slice(1)}` })).toEqual({ channels: {} })
      expect(await failure(api.channels({ pattern: '[' }))).toEqual(rejected(100))
    })

    test('info tells of every node', async () => {
      const { nodes } = await api.info()
      expect(nodes).toMatchObject([
        {
          uid: expect.any(String),
          name: expect.any(String),
          version: expect.any(String),
          num_clients: expect.any(Number),
        },
      ])
      expect(nodes[0]?.metrics?.items).toMatchObject({ 'centrifugo.node.num_clients': expect.any(Number) })
    })

    test('rpc: a method that nobody has is 104, none at all 107', async () => {
      expect(await failure(api.rpc({ method: 'nothing:here', params: { a: 1 } }))).toEqual(rejected(104))
      expect(await failure(api.rpc({ method: '' }))).toEqual(rejected(107))
    })

    test.each([false, true])('batch answers every method in its place, parallel %j', async (parallel) => {
      const user = userName()
      const channel = channelIn('sandbox')
      const { id } = await connect(user)
      const replies = await api.batch(
        [
          { publish: { channel, data: 1, tags: { a: 'b' } } },
          { broadcast: { channels: ['nowhere:x'], data: 2 } },
          { publish: { channel: 'nowhere:x', data: 1 } },
          { subscribe: { user, channel: 'personal:batch', client: 'nobody' } },
          { unsubscribe: { user, channel: 'personal:batch' } },
          { refresh: { user, client: 'nobody' } },
          { disconnect: { user, whitelist: [id] } },
          { presence: { channel } },
          { presence_stats: { channel } },
          { history: { channel: 'plain:x' } },
          { history_remove: { channel: 'sandbox:batch' } },
          { channels: { pattern: 'nothing:*' } },
          { info: {} },
          { rpc: { method: 'nothing:here' } },
        ],
        { parallel },
      )
      expectTypeOf(replies[0].publish).toEqualTypeOf<{ offset?: number; epoch?: string } | undefined>()
      expectTypeOf(replies[8].presence_stats?.num_users).toEqualTypeOf<number | undefined>()
      const [published, broadcast, refused] = replies
      expect(published).toEqual({ publish: { offset: 1, epoch: expect.any(String) } })
      expect(broadcast).toEqual({
        broadcast: { responses: [{ error: { code: 102, message: 'unknown channel' } }] },
      })
      expect(refused).toEqual({ error: { code: 102, message: 'unknown channel' } })
      expect(replies.slice(3)).toMatchObject([
        { subscribe: {} },
        { unsubscribe: {} },
        { refresh: {} },
        { disconnect: {} },
        { presence: {} },
        { presence_stats: {} },
        { error: { code: 108 } },
        { history_remove: {} },
        { channels: {} },
        { info: { nodes: [{}] } },
        { error: { code: 104 } },
      ])
    })
  })
}

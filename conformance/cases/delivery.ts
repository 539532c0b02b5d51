import { expect } from 'vitest'

import type { Area } from '../suite/case.ts'

const values = [
  { nested: { list: [1, 'two', null, { three: true }] } },
  [],
  {},
  '',
  'text with "quotes", \\ and \n a line',
  'ä€😀\u2028',
  0,
  -1.5e-7,
  Number.MAX_SAFE_INTEGER,
  true,
  false,
  null,
]

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Publications: what was sent is what is heard, in order, by everybody and nobody else. */
export const delivery: Area = {
  name: 'delivery',
  cases: [
    {
      name: 'every kind of value arrives as it was sent',
      async run(stage) {
        const channel = stage.channel('open')
        const listener = await (await stage.connect()).subscribe(channel)
        for (const value of values) await stage.publish(channel, value)
        await listener.hears(values.length)
        expect(listener.data).toEqual(values)
      },
    },
    {
      name: 'a hundred publications come in order to every subscriber',
      async run(stage) {
        const channel = stage.channel('open')
        const peers = await Promise.all(numbers(5).map(() => stage.connect()))
        const listeners = await Promise.all(peers.map((peer) => peer.subscribe(channel)))
        for (const n of numbers(100)) await stage.publish(channel, n)
        await Promise.all(listeners.map((listener) => listener.hears(100)))
        for (const listener of listeners) expect(listener.data).toEqual(numbers(100))
      },
    },
    {
      name: 'publications sent at the same time to several channels keep the order of each',
      async run(stage) {
        const channels = numbers(5).map((n) => stage.channel('stream', `-${n}`))
        const peer = await stage.connect()
        const listeners = await Promise.all(channels.map((channel) => peer.subscribe(channel)))
        await stage.result('broadcast', { channels, data: 'first' })
        await Promise.all(channels.flatMap((channel) => numbers(10).map((n) => stage.publish(channel, n))))
        await Promise.all(listeners.map((listener) => listener.hears(11)))
        for (const { publications } of listeners) {
          expect(publications.map(({ offset }) => offset)).toEqual(numbers(11).map((n) => n + 1))
        }
      },
    },
    {
      name: 'a batch arrives in order',
      async run(stage) {
        const channel = stage.channel('open')
        const listener = await (await stage.connect()).subscribe(channel)
        const answer = await stage.call('batch', {
          commands: numbers(200).map((data) => ({ publish: { channel, data } })),
        })
        expect(answer).toMatchObject({ status: 200, body: { replies: numbers(200).map(() => ({ publish: {} })) } })
        await listener.hears(200)
        expect(listener.data).toEqual(numbers(200))
      },
    },
    {
      name: 'tags come along',
      async run(stage) {
        const channel = stage.channel('open')
        const listener = await (await stage.connect()).subscribe(channel)
        await stage.publish(channel, 1, { tags: { color: 'red', size: 'small' } })
        await listener.hears(1)
        expect(listener.publications[0]?.tags).toEqual({ color: 'red', size: 'small' })
      },
    },
    {
      name: 'an idempotency key is published once, even when it is sent twice at the same time',
      async run(stage) {
        const channel = stage.channel('stream')
        const listener = await (await stage.connect()).subscribe(channel)
        const results = [
          ...(await Promise.all(numbers(5).map((n) => stage.publish(channel, n, { idempotency_key: 'once' })))),
          await stage.publish(channel, 'again', { idempotency_key: 'once' }),
        ]
        await stage.publish(channel, 'last')
        await listener.hears(2)
        expect(new Set(results.map(({ offset }) => offset))).toEqual(new Set([1]))
        expect(listener.data[1]).toBe('last')
      },
    },
    {
      name: 'a client publishes where it may, and everybody hears who it was',
      async run(stage) {
        const channel = stage.channel('talk')
        const speaker = await stage.connect({ token: stage.token({ info: { name: 'Ada' } }) })
        const hearer = await stage.connect({ token: stage.token({ sub: 'hearer' }) })
        const own = await speaker.subscribe(channel)
        const listeners = [own, await hearer.subscribe(channel)]
        await own.subscription.publish({ text: 'hello' })
        await Promise.all(listeners.map((listener) => listener.hears(1)))
        for (const { publications } of listeners) {
          expect(publications[0]).toMatchObject({
            data: { text: 'hello' },
            info: { user: stage.name, connInfo: { name: 'Ada' } },
          })
        }
      },
    },
    {
      name: 'a client does not publish where it may not',
      async run(stage) {
        const channel = stage.channel('open')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel)
        await expect(listener.subscription.publish({})).rejects.toMatchObject({
          code: 103,
          message: 'permission denied',
        })
        await expect(peer.client.publish('nowhere:a', {})).rejects.toMatchObject({ code: 102 })
        await stage.publish(channel, 'from the server')
        await listener.hears(1)
        expect(listener.data).toEqual(['from the server'])
      },
    },
    {
      name: 'there is no RPC without a handler, and no message either',
      async run(stage) {
        const peer = await stage.connect()
        await expect(peer.client.rpc('anything', {})).rejects.toMatchObject({ code: 108, message: 'not available' })
        await peer.client.send({})
        expect(await peer.event('disconnected')).toMatchObject({ code: 3508, reason: 'not available' })
      },
    },
    {
      name: 'presence tells who is there',
      async run(stage) {
        const channel = stage.channel('present')
        const [one, two] = await Promise.all([
          stage.connect({ token: stage.token({ sub: 'one' }) }),
          stage.connect({ token: stage.token({ sub: 'two' }) }),
        ])
        const listener = await one.subscribe(channel)
        await two.subscribe(channel)
        const { clients } = await listener.subscription.presence()
        expect(
          Object.values(clients)
            .map(({ user }) => user)
            .toSorted(),
        ).toEqual(['one', 'two'])
        expect(await listener.subscription.presenceStats()).toEqual({ numClients: 2, numUsers: 2 })
        expect(await stage.result('presence_stats', { channel })).toEqual({ num_clients: 2, num_users: 2 })
      },
    },
    {
      name: 'info and channels count what is there',
      async run(stage) {
        const channel = stage.channel('open')
        const peers = await Promise.all(numbers(3).map(() => stage.connect()))
        await Promise.all(peers.map((peer) => peer.subscribe(channel)))
        const { channels } = await stage.result<{ channels: object }>('channels', { pattern: channel })
        expect(channels).toEqual({ [channel]: { num_clients: 3 } })
        const { nodes } = await stage.result<{ nodes: object[] }>('info', {})
        expect(nodes).toHaveLength(1)
        expect(nodes[0]).toMatchObject({ uid: expect.any(String) as string, name: expect.any(String) as string })
      },
    },
  ],
}

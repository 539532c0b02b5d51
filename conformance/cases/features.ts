import { expect } from 'vitest'

import type { Area } from '../suite/case.ts'
import { type Event, type Peer, received } from '../support/peer.ts'
import { inSeconds, signToken } from '../support/tokens.ts'
import { waitFor } from '../support/wait-for.ts'

const history = { history_size: 10, history_ttl: '300s' }
const long = (n: number) => ({ n, text: 'äé😀'.repeat(100) })

/** What the official client offers beside subscriptions. */
export const features: Area = {
  name: 'features',
  config: {
    channel: {
      namespaces: [
        { name: 'open', allow_subscribe_for_client: true, allow_publish_for_client: true },
        {
          name: 'patched',
          allow_subscribe_for_client: true,
          ...history,
          force_recovery: true,
          allowed_delta_types: ['fossil'],
          delta_publish: true,
        },
        {
          name: 'room',
          allow_subscribe_for_client: true,
          ...history,
          presence: true,
          join_leave: true,
          force_push_join_leave: true,
          allow_presence_for_subscriber: true,
          allow_history_for_subscriber: true,
        },
      ],
    },
    rpc: { ping: { enabled: true } },
  },
  cases: [
    {
      name: 'patches give what was published, live and recovered',
      async run(stage) {
        const channel = stage.channel('patched')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel, { delta: 'fossil' })
        for (const n of [1, 2, 3]) await stage.publish(channel, long(n))
        await listener.hears(3)
        const seen = listener.events.length
        listener.subscription.unsubscribe()
        await listener.event('unsubscribed', seen)
        for (const n of [4, 5]) await stage.publish(channel, long(n))
        listener.subscription.subscribe()
        await listener.event('subscribed', seen)
        await stage.publish(channel, long(6))
        await listener.hears(6)
        expect(listener.data).toEqual([1, 2, 3, 4, 5, 6].map(long))
      },
    },
    {
      name: 'joins and leaves are told',
      async run(stage) {
        const channel = stage.channel('room')
        const [here, other] = await Promise.all([stage.connect(), stage.connect()])
        const listener = await here.subscribe(channel)
        const coming = await other.subscribe(channel)
        const clientOf = ({ info }: Event) => String((info as { client: string } | undefined)?.client)
        const heard = (name: string) => listener.events.filter((event) => event.name === name).map(clientOf)
        const clients = [await idOf(here), await idOf(other)]
        await waitFor('both joins', () => heard('join').length === 2)
        expect(heard('join').toSorted()).toEqual(clients.toSorted())
        coming.subscription.unsubscribe()
        await waitFor('the leave', () => heard('leave').length === 1)
        expect(heard('leave')).toEqual([clients[1]])
      },
    },
    {
      name: 'presence and its numbers',
      async run(stage) {
        const channel = stage.channel('room')
        const [one, two] = await Promise.all([stage.connect(), stage.connect()])
        const listener = await one.subscribe(channel)
        await two.subscribe(channel)
        const { clients } = await listener.subscription.presence()
        expect(Object.keys(clients).toSorted()).toEqual([await idOf(one), await idOf(two)].toSorted())
        expect(Object.values(clients).map(({ user }) => user)).toEqual([stage.name, stage.name])
        expect(await listener.subscription.presenceStats()).toMatchObject({ numClients: 2, numUsers: 1 })
      },
    },
    {
      name: 'history, forwards and backwards',
      async run(stage) {
        const channel = stage.channel('room')
        const listener = await (await stage.connect()).subscribe(channel)
        for (const n of [1, 2, 3]) await stage.publish(channel, n)
        const forwards = await listener.subscription.history({ limit: 2 })
        expect(forwards.publications.map(({ data }) => received(data))).toEqual([1, 2])
        const since = { offset: 3, epoch: forwards.epoch }
        const backwards = await listener.subscription.history({ limit: 10, since, reverse: true })
        expect(backwards.publications.map(({ data }) => received(data))).toEqual([2, 1])
        expect(backwards.offset).toBe(3)
      },
    },
    {
      name: 'a remote procedure is called',
      async run(stage) {
        const peer = await stage.connect()
        await peer.client.rpc('ping', peer.toSend({}))
        await expect(peer.client.rpc('unknown', peer.toSend({}))).rejects.toMatchObject({ code: 104 })
      },
    },
    {
      name: 'a client publishes, and hears it',
      async run(stage) {
        const channel = stage.channel('open')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel)
        await listener.subscription.publish(peer.toSend({ hello: 'ä' }))
        await listener.hears(1)
        expect(listener.data).toEqual([{ hello: 'ä' }])
      },
    },
    {
      name: 'a token is refreshed before it expires',
      async run(stage) {
        let asked = 0
        const getToken = () => {
          asked += 1
          return Promise.resolve(
            signToken({ sub: stage.name, exp: inSeconds(asked === 1 ? 2 : 600) }, { key: stage.server.tokenKey }),
          )
        }
        const peer = await stage.connect({ getToken })
        await waitFor('a second token', () => asked === 2)
        expect(await peer.subscribe(stage.channel('open'))).toBeDefined()
        expect(peer.events.filter(({ name }) => name === 'connected')).toHaveLength(1)
      },
    },
    {
      name: 'a disconnection by the server is final where its code is',
      async run(stage) {
        const peer = await stage.connect()
        await stage.result('disconnect', { user: stage.name, disconnect: { code: 4500, reason: 'enough' } })
        expect(await peer.event('disconnected')).toMatchObject({ code: 4500, reason: 'enough' })
      },
    },
    {
      name: 'a disconnection by the server is overcome where its code allows',
      async run(stage) {
        const channel = stage.channel('patched')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel)
        const seen = listener.events.length
        await stage.result('disconnect', { user: stage.name, disconnect: { code: 4000, reason: 'come back' } })
        await stage.publish(channel, long(1))
        expect(await listener.event('subscribed', seen)).toMatchObject({ recovered: true })
        await listener.hears(1)
        expect(listener.data).toEqual([long(1)])
      },
    },
  ],
}

/** What filters by tags let through. */
export const filtered: Area = {
  name: 'filters by tags',
  config: { channel: { namespaces: [{ name: 'tagged', allow_subscribe_for_client: true, allow_tags_filter: true }] } },
  cases: [
    {
      name: 'only what fits is heard',
      needs: 'tags filter',
      async run(stage) {
        const channel = stage.channel('tagged')
        const tagsFilter = { key: 'room', cmp: 'eq', val: 'a' } as const
        const listener = await (await stage.connect()).subscribe(channel, { tagsFilter })
        for (const room of ['b', 'a', 'c', 'a']) await stage.publish(channel, room, { tags: { room } })
        await listener.hears(2)
        expect(listener.data).toEqual(['a', 'a'])
      },
    },
  ],
}

/** The id that the server gave the client of a peer. */
async function idOf(peer: Peer): Promise<string> {
  return String((await peer.event('connected')).client)
}

import { State, UnauthorizedError } from 'centrifuge'
import { expect } from 'vitest'

import type { Area } from '../suite/case.ts'
import type { Peer } from '../support/peer.ts'
import type { Stage } from '../support/stage.ts'
import { inSeconds } from '../support/tokens.ts'
import { waitFor } from '../support/wait-for.ts'

/** A subscription that is refused: the event that ends it. */
async function refused(peer: Peer, channel: string) {
  const listener = peer.subscription(channel)
  listener.subscription.subscribe()
  return listener.event('unsubscribed')
}

const subscriptionToken = (stage: Stage, channel: string, exp = inSeconds(600)) => stage.token({ channel, exp })

/** Who may hear what, for how long. */
export const subscriptions: Area = {
  name: 'subscriptions',
  config: { client: { presence_update_interval: '1s' } },
  cases: [
    {
      name: 'an open channel may be subscribed to',
      async run(stage) {
        const peer = await stage.connect()
        const listener = await peer.subscribe(stage.channel('open'))
        expect(await listener.event('subscribed')).toMatchObject({
          recoverable: false,
          positioned: false,
          wasRecovering: false,
        })
      },
    },
    {
      name: 'what no option, token or rule allows is denied, and the connection lives on',
      async run(stage) {
        const peer = await stage.connect()
        expect(await refused(peer, stage.channel('closed'))).toMatchObject({ code: 103, reason: 'permission denied' })
        expect(await refused(peer, stage.name)).toMatchObject({ code: 103 })
        expect(await refused(peer, 'nowhere:a')).toMatchObject({ code: 102, reason: 'unknown channel' })
        expect(await refused(peer, stage.channel('limited', '#somebody'))).toMatchObject({ code: 103 })
        expect(await refused(peer, 'open:ä')).toMatchObject({ code: 107, reason: 'bad request' })
        expect(peer.client.state).toBe(State.Connected)
      },
    },
    {
      name: 'a token opens a closed channel',
      async run(stage) {
        const channel = stage.channel('closed')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel, {
          getToken: () => Promise.resolve(subscriptionToken(stage, channel)),
        })
        await stage.publish(channel, { secret: true })
        await listener.hears(1)
        expect(listener.data).toEqual([{ secret: true }])
      },
    },
    {
      name: 'an expired subscription token makes the client ask for another',
      async run(stage) {
        const channel = stage.channel('closed')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel, {
          token: subscriptionToken(stage, channel, inSeconds(-60)),
          getToken: () => Promise.resolve(subscriptionToken(stage, channel)),
        })
        expect(await listener.event('error')).toMatchObject({ code: 109 })
      },
    },
    {
      name: 'a subscription token is renewed before it expires, and the subscription stays',
      async run(stage) {
        const channel = stage.channel('closed')
        const peer = await stage.connect()
        let asked = 0
        const listener = await peer.subscribe(channel, {
          getToken: () => {
            asked += 1
            return Promise.resolve(subscriptionToken(stage, channel, inSeconds(asked === 1 ? 3 : 600)))
          },
        })
        await waitFor('a renewed token', () => asked === 2)
        await stage.publish(channel, 1)
        await listener.hears(1)
        expect(listener.events.map(({ name }) => name)).toEqual(['subscribing', 'subscribed'])
      },
    },
    {
      name: 'an app that refuses a token ends the subscription alone',
      async run(stage) {
        const peer = await stage.connect()
        const listener = peer.subscription(stage.channel('closed'), {
          getToken: () => Promise.reject(new UnauthorizedError('not yours')),
        })
        listener.subscription.subscribe()
        expect(await listener.event('unsubscribed')).toMatchObject({ code: 1, reason: 'unauthorized' })
        expect(peer.client.state).toBe(State.Connected)
      },
    },
    {
      name: "somebody else's subscription token ends the connection",
      async run(stage) {
        const channel = stage.channel('closed')
        const peer = await stage.connect()
        const listener = peer.subscription(channel, { token: stage.token({ sub: 'somebody', channel }) })
        listener.subscription.subscribe()
        expect(await peer.event('disconnected')).toMatchObject({ code: 3500, reason: 'invalid token' })
      },
    },
    {
      name: 'a user-limited channel is open to its users',
      async run(stage) {
        const channel = `limited:room#somebody,${stage.name}`
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel)
        await stage.publish(channel, 1)
        await listener.hears(1)
      },
    },
    {
      name: 'the product: everybody hears the sandbox, only the owner of a token a personal channel',
      async run(stage) {
        const personal = `personal:${stage.name}`
        const sandbox = `sandbox:${stage.name}`
        const owner = await stage.connect()
        const other = await stage.connect({ token: stage.token({ sub: 'somebody' }) })
        const [mine, ...shared] = await Promise.all([
          owner.subscribe(personal, { token: subscriptionToken(stage, personal) }),
          owner.subscribe(sandbox),
          other.subscribe(sandbox),
        ])
        expect(await refused(other, personal)).toMatchObject({ code: 103 })
        await stage.publish(personal, 'for the owner')
        await stage.publish(sandbox, 'for all')
        await Promise.all([mine, ...shared].map((listener) => listener.hears(1)))
        expect(shared.map(({ data }) => data)).toEqual([['for all'], ['for all']])
        expect(mine.data).toEqual(['for the owner'])
      },
    },
    {
      name: 'after unsubscribing nothing more is heard, after subscribing again it is',
      async run(stage) {
        const channel = stage.channel('open')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel)
        await stage.publish(channel, 1)
        await listener.hears(1)
        listener.subscription.unsubscribe()
        // The answer to the next command tells that the one before has been carried out.
        await peer.subscribe(stage.channel('open', '-2'))
        await stage.publish(channel, 2)
        listener.subscription.subscribe()
        await listener.subscription.ready()
        await stage.publish(channel, 3)
        await listener.hears(2)
        expect(listener.data).toEqual([1, 3])
      },
    },
    {
      name: 'unsubscribed by the server API, the client hears nothing more',
      async run(stage) {
        const channel = stage.channel('open')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel)
        await stage.result('unsubscribe', { user: stage.name, channel })
        expect(await listener.event('unsubscribed')).toMatchObject({ code: 2000, reason: 'server unsubscribe' })
        await stage.publish(channel, 1)
        const other = await peer.subscribe(stage.channel('open', '-2'))
        await stage.publish(stage.channel('open', '-2'), 2)
        await other.hears(1)
        expect(listener.data).toEqual([])
      },
    },
    {
      name: 'subscribed by the server API, the client hears',
      async run(stage) {
        const channel = stage.channel('closed')
        const peer = await stage.connect()
        await stage.result('subscribe', { user: stage.name, channel })
        expect(await peer.event('subscribed')).toMatchObject({ channel })
        await stage.publish(channel, { a: 1 })
        expect(await peer.event('publication')).toMatchObject({ channel, data: { a: 1 } })
      },
    },
    {
      name: 'channels of the token are subscribed to without asking',
      async run(stage) {
        const channel = stage.channel('closed')
        const peer = await stage.connect({ token: stage.token({ channels: [channel] }) })
        expect(await peer.event('subscribed')).toMatchObject({ channel })
        await stage.publish(channel, { a: 1 })
        expect(await peer.event('publication')).toMatchObject({ channel, data: { a: 1 } })
      },
    },
  ],
}

/** A server with low limits. */
export const limited: Area = {
  name: 'limits',
  config: { client: { channel_limit: 2, user_connection_limit: 2 } },
  cases: [
    {
      name: 'a subscription above the limit is refused, the others stay',
      async run(stage) {
        const peer = await stage.connect()
        const listeners = [
          await peer.subscribe(stage.channel('open', '-1')),
          await peer.subscribe(stage.channel('open', '-2')),
        ]
        expect(await refused(peer, stage.channel('open', '-3'))).toMatchObject({ code: 106, reason: 'limit exceeded' })
        await stage.result('broadcast', {
          channels: [stage.channel('open', '-1'), stage.channel('open', '-2')],
          data: 1,
        })
        await Promise.all(listeners.map((listener) => listener.hears(1)))
      },
    },
    {
      name: 'a connection above the limit of its user is refused, the others stay',
      async run(stage) {
        const peers = [await stage.connect(), await stage.connect()]
        const third = stage.peer()
        third.client.connect()
        expect(await third.event('disconnected')).toMatchObject({ code: 3504, reason: 'connection limit' })
        expect(peers.map(({ client }) => client.state)).toEqual([State.Connected, State.Connected])
      },
    },
  ],
}

import { State } from 'centrifuge'
import { expect } from 'vitest'

import { suiteConfig } from '../config.ts'
import type { Area } from '../suite/case.ts'
import { Stage } from '../support/stage.ts'
import { inSeconds } from '../support/tokens.ts'
import { waitFor } from '../support/wait-for.ts'

/** How the client comes in, stays, and goes. */
export const connections: Area = {
  name: 'connections',
  cases: [
    {
      name: 'a client with a token connects',
      async run(stage) {
        const peer = await stage.connect()
        const connected = await peer.event('connected')
        expect(connected).toMatchObject({
          transport: 'websocket',
          client: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        })
        expect(peer.client.state).toBe(State.Connected)
      },
    },
    {
      name: 'a client without a token asks its app for one',
      async run(stage) {
        let asked = 0
        const peer = await stage.connect({
          getToken: () => {
            asked += 1
            return Promise.resolve(stage.token())
          },
        })
        expect(asked).toBe(1)
        expect(peer.client.state).toBe(State.Connected)
      },
    },
    {
      name: 'a client with an expired token asks its app for another',
      async run(stage) {
        const peer = await stage.connect({
          token: stage.token({ exp: inSeconds(-60) }),
          getToken: () => Promise.resolve(stage.token()),
        })
        expect(await peer.event('error')).toMatchObject({ code: 109, message: 'token expired' })
        expect(peer.client.state).toBe(State.Connected)
      },
    },
    {
      name: 'a token is renewed before it expires, and the connection stays',
      async run(stage) {
        let asked = 0
        const peer = await stage.connect({
          token: stage.token({ exp: inSeconds(3) }),
          getToken: () => {
            asked += 1
            return Promise.resolve(stage.token())
          },
        })
        await waitFor('a renewed token', () => asked === 1)
        const listener = await peer.subscribe(stage.channel('open'))
        await stage.publish(stage.channel('open'), 'still here')
        await listener.hears(1)
        expect(peer.events.filter(({ name }) => name === 'connected')).toHaveLength(1)
      },
    },
    {
      name: 'a client whose app has no more token is turned away for good',
      async run(stage) {
        const { UnauthorizedError } = await import('centrifuge')
        const peer = stage.peer({ getToken: () => Promise.reject(new UnauthorizedError('signed out')) })
        peer.client.connect()
        expect(await peer.event('disconnected')).toMatchObject({ code: 1, reason: 'unauthorized' })
      },
    },
    {
      name: 'a bad token is final',
      async run(stage) {
        const peer = stage.peer({ token: 'nonsense' })
        peer.client.connect()
        expect(await peer.event('disconnected')).toMatchObject({ code: 3500, reason: 'invalid token' })
      },
    },
    {
      name: 'no token is final',
      async run(stage) {
        const peer = stage.peer({})
        peer.client.connect()
        expect(await peer.event('disconnected')).toMatchObject({ code: 3501, reason: 'bad request' })
      },
    },
    {
      name: 'a cut line heals by itself',
      async run(stage) {
        const peer = await stage.connect()
        const before = await peer.event('connected')
        const seen = peer.events.length
        peer.cut()
        const after = await peer.event('connected', seen)
        expect(after.client).not.toBe(before.client)
      },
    },
    {
      name: 'disconnected by the server API, the client stays away',
      async run(stage) {
        const peer = await stage.connect()
        await stage.result('disconnect', { user: stage.name })
        expect(await peer.event('disconnected')).toMatchObject({ code: 3503, reason: 'force disconnect' })
      },
    },
    {
      name: 'disconnected by the server API with a code for coming back, it comes back',
      async run(stage) {
        const peer = await stage.connect()
        const seen = peer.events.length
        await stage.result('disconnect', { user: stage.name, disconnect: { code: 4100, reason: 'come back' } })
        expect(await peer.event('connecting', seen)).toMatchObject({ code: 4100, reason: 'come back' })
        await peer.event('connected', seen)
      },
    },
    {
      name: 'only the connections of that user are disconnected',
      async run(stage) {
        const [one, other] = await Promise.all([
          stage.connect({ token: stage.token({ sub: `${stage.name}-one` }) }),
          stage.connect({ token: stage.token({ sub: `${stage.name}-other` }) }),
        ])
        await stage.result('disconnect', { user: `${stage.name}-one` })
        await one.event('disconnected')
        const listener = await other.subscribe(stage.channel('open'))
        await stage.publish(stage.channel('open'), 1)
        await listener.hears(1)
      },
    },
    {
      name: 'a server that goes down sends its clients away to come back',
      async run(stage, target) {
        const server = await target.start(suiteConfig())
        const own = new Stage(server, 'shutdown')
        const peer = await own.connect()
        const seen = peer.events.length
        await Promise.all([
          server.stop(),
          peer.event('connecting', seen).then((event) => {
            expect(event).toMatchObject({ code: 3001, reason: 'shutdown' })
            peer.client.disconnect()
          }),
        ])
        await own.end()
      },
    },
  ],
}

/** A server whose pings come every second. */
export const pings: Area = {
  name: 'pings',
  config: { client: { ping_interval: '1s', pong_timeout: '500ms' } },
  cases: [
    {
      name: 'the client answers pings and stays connected',
      async run(stage) {
        const peer = await stage.connect()
        peer.countPings()
        await waitFor('three pings', () => peer.pings >= 3)
        await peer.client.ready()
        expect(peer.events.filter(({ name }) => name !== 'connecting')).toMatchObject([{ name: 'connected' }])
      },
    },
  ],
}

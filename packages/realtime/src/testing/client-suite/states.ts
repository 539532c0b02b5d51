/** What the app is told of connection and subscription. */
import { describe, expect, test } from 'vitest'
import type { RealtimeHandle, SubscriptionStatus } from '../../client/index.ts'
import * as server from '../../index.ts'
import type { ClientHarness } from './harness.ts'

export function statesCases(harness: ClientHarness): void {
  const { openOne, connect, token, until, subscribed, channelIn } = harness

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

    test('a connection that ends for good ends its subscriptions, with its own code and reason', async () => {
      const user = 'state-4'
      const told: string[] = []
      const tell = (name: string) => (status: SubscriptionStatus) =>
        told.push(`${name} ${status.state} ${status.code} ${status.reason}`.trim())
      const connection = connect({
        token: token(user),
        onConnection: ({ state, code }) => told.push(`${state} ${code}`),
      })
      const channels = [channelIn('sandbox'), channelIn('sandbox')] as const
      const one = connection.subscribe({ channel: channels[0], onSubscription: tell('one') })
      const two = connection.subscribe({ channel: channels[1], onSubscription: tell('two') })
      await until(() => expect([one.status.state, two.status.state]).toEqual(['subscribed', 'subscribed']))
      told.length = 0
      await server.disconnect(user)
      const ended = { state: 'unsubscribed', code: 3503, reason: 'force disconnect' }
      await until(() => expect([one.status, two.status]).toEqual([ended, ended]))
      expect(told.filter((line) => !line.includes('subscribing'))).toEqual([
        'disconnected 3503',
        'one unsubscribed 3503 force disconnect',
        'two unsubscribed 3503 force disconnect',
      ])

      // Whoever comes later is told the same, and not before the handle is in hand.
      told.length = 0
      const late = connection.subscribe({ channel: channels[0], onSubscription: tell('late') })
      const other = connection.subscribe({ channel: channelIn('sandbox'), onSubscription: tell('other') })
      expect([late.status, other.status]).toEqual([ended, ended])
      expect(told).toEqual([])
      await until(() =>
        expect(told).toEqual(['late unsubscribed 3503 force disconnect', 'other unsubscribed 3503 force disconnect']),
      )
      connection.close()
      expect(told).toHaveLength(2)
      expect(one.status).toEqual({ state: 'unsubscribed', code: 0, reason: 'closed' })
    })

    test('a connection that is refused ends its subscription, too', async () => {
      const told: SubscriptionStatus[] = []
      const wrong = `${token().split('.').slice(0, 2).join('.')}.AAAA`
      const handle = openOne({
        token: wrong,
        channel: channelIn('sandbox'),
        onSubscription: (status) => told.push(status),
      })
      await until(() => expect(handle.connection.state).toBe('disconnected'))
      expect(handle.subscription).toEqual({ state: 'unsubscribed', code: 3500, reason: 'invalid token' })
      expect(told).toEqual([handle.subscription])
    })

    test('no token to be had ends the subscription as it ends the connection', async () => {
      const told: SubscriptionStatus[] = []
      const handle = openOne({
        getToken: () => new Response('', { status: 401 }),
        channel: channelIn('sandbox'),
        onSubscription: (status) => told.push(status),
      })
      const ended = { code: 1, reason: 'unauthorized', tokenStatus: 401 }
      await until(() => expect(handle.connection).toMatchObject({ state: 'disconnected', ...ended }))
      expect(told).toEqual([{ state: 'unsubscribed', ...ended }])
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
}

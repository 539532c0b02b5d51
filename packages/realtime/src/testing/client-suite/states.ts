/** What the app is told of connection and subscription. */
import { describe, expect, test } from 'vitest'
import type { RealtimeHandle } from '../../client/index.ts'
import * as server from '../../index.ts'
import type { ClientHarness } from './harness.ts'

export function statesCases(harness: ClientHarness): void {
  const { openOne, token, until, subscribed, channelIn } = harness

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
}

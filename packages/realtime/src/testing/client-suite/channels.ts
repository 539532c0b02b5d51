/** Several channels, and several listeners of one. */
import { describe, expect, test, vi } from 'vitest'
import * as server from '../../index.ts'
import { answer } from '../api-server.ts'
import type { ClientHarness } from './harness.ts'

export function channelsCases(harness: ClientHarness): void {
  const { connect, token, until, channelIn } = harness

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
      harness.tokens.behave(answer(403))
      const refused = connection.subscribe({ channel: 'personal:ada', getToken: harness.tokens.url })
      await until(() => expect(refused.status.state).toBe('unsubscribed'))
      harness.tokens.behave(
        answer(200, JSON.stringify({ token: server.issueSubscriptionToken('ada', 'personal:ada') })),
      )
      const next = connection.subscribe({ channel: 'personal:ada' })
      await until(() => expect(next.status.state).toBe('subscribed'))
    })

    test('with the options of the new listener, when the first one had no token', async () => {
      const connection = connect()
      const denied = connection.subscribe({ channel: 'personal:ada' })
      await until(() => expect(denied.status).toMatchObject({ state: 'unsubscribed', code: 103 }))
      const allowed = connection.subscribe({
        channel: 'personal:ada',
        getToken: () => server.issueSubscriptionToken('ada', 'personal:ada'),
      })
      await until(() => expect(allowed.status.state).toBe('subscribed'))
      expect(denied.status).toBe(allowed.status)
    })

    test('those that the server subscribes to have a callback of their own', async () => {
      const channel = channelIn('personal')
      const seen: unknown[] = []
      const connection = connect({
        token: server.issueConnectionToken('several-2', { channels: [channel] }),
        onServerPublication: (publication) => {
          seen.push(publication)
          throw new Error('mine')
        },
        onError: ({ stage, channel }) => seen.push([stage, channel]),
      })
      await until(() => expect(connection.status.connected).toBe(true))
      await server.publish(channel, 'unasked')
      await until(() => expect(seen).toMatchObject([{ channel, data: 'unasked', offset: 1 }, ['callback', channel]]))
      expect(connection.status.connected).toBe(true)
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
}

/** What comes after close(): nothing. */
import { describe, expect, test, vi } from 'vitest'
import type { RealtimeHandle } from '../../client/index.ts'
import * as server from '../../index.ts'
import { answer } from '../api-server.ts'
import type { ClientHarness } from './harness.ts'

export function closingCases(harness: ClientHarness): void {
  const { openOne, token, until, subscribed, channelIn } = harness

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
      harness.tokens.behave(answer(401))
      const onUnauthorized = vi.fn()
      const states: string[] = []
      const handle: RealtimeHandle = openOne({
        getToken: harness.tokens.url,
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
}

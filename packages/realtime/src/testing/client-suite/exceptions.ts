/** An app's own exceptions, and what is told on the console. */
import { describe, expect, test, vi } from 'vitest'
import * as server from '../../index.ts'
import type { ClientHarness } from './harness.ts'

export function exceptionsCases(harness: ClientHarness): void {
  const { openOne, token, until, subscribed, channelIn } = harness

  describe("an app's own exceptions", () => {
    test('end nothing: they are reported, and the next message arrives', async () => {
      const channel = channelIn('sandbox')
      const errors: unknown[] = []
      const messages: unknown[] = []
      const handle = openOne({
        token: token('thrower'),
        channel,
        onMessage: (data) => {
          messages.push(data)
          throw new Error(`onMessage ${String(data)}`)
        },
        onPublication: () => Promise.reject(new Error('onPublication')),
        onSubscription: () => {
          throw new Error('onSubscription')
        },
        onState: () => {
          throw new Error('onState')
        },
        onConnection: () => {
          throw new Error('onConnection')
        },
        onError: ({ stage, message, channel, error }) => {
          errors.push([stage, message, channel, error instanceof Error])
        },
      })
      await subscribed(handle)
      await server.publish(channel, 1)
      await server.publish(channel, 2)
      await until(() => expect(messages).toEqual([1, 2]))
      await until(() =>
        expect(errors).toEqual([
          ['callback', 'onConnection', undefined, true],
          ['callback', 'onState', undefined, true],
          ['callback', 'onSubscription', channel, true],
          ['callback', 'onMessage 1', channel, true],
          ['callback', 'onPublication', channel, true],
          ['callback', 'onMessage 2', channel, true],
          ['callback', 'onPublication', channel, true],
        ]),
      )
      expect(handle.connection.connected).toBe(true)
      expect(handle.subscription.state).toBe('subscribed')
    })

    test('go to the console when nobody listens, as does an onError that throws', async () => {
      const consoleError = vi.spyOn(console, 'error').mockImplementation(() => {})
      const channel = channelIn('sandbox')
      const messages: unknown[] = []
      const failing = (data: unknown) => {
        messages.push(data)
        throw new Error('mine')
      }
      const silent = openOne({ token: token(), channel, onMessage: failing })
      const broken = openOne({
        token: token(),
        channel,
        onMessage: failing,
        onError: () => {
          throw new Error('onError')
        },
      })
      await subscribed(silent)
      await subscribed(broken)
      await server.publish(channel, 1)
      await server.publish(channel, 2)
      await until(() => expect([...messages].sort((a, b) => Number(a) - Number(b))).toEqual([1, 1, 2, 2]))
      expect(consoleError).toHaveBeenCalledTimes(4)
      expect(silent.connection.connected && broken.connection.connected).toBe(true)
    })
  })

  describe('debug', () => {
    test('tells what happens, without the tokens', async () => {
      const lines: unknown[][] = []
      for (const method of ['debug', 'log', 'info'] as const) {
        vi.spyOn(console, method).mockImplementation((...args) => lines.push(args))
      }
      const first = token()
      const handle = openOne({ token: first, getToken: () => token(), channel: channelIn('sandbox'), debug: true })
      await subscribed(handle)
      expect(lines.length).toBeGreaterThan(3)
      expect(JSON.stringify(lines)).not.toContain(first)
      handle.close()
      await until(() => expect(JSON.stringify(lines)).toContain('close callback'))
      const count = lines.length
      await subscribed(openOne({ token: first, channel: channelIn('sandbox') }))
      expect(lines).toHaveLength(count)
    })
  })
}

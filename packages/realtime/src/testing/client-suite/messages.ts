/** Publications on their way to the callbacks. */
import { describe, expect, test, vi } from 'vitest'
import * as server from '../../index.ts'
import type { ClientHarness } from './harness.ts'

export function messagesCases(harness: ClientHarness): void {
  const { openOne, token, until, subscribed, channelIn } = harness

  describe('messages', () => {
    test('every publication arrives, in order, as the only argument', async () => {
      const onMessage = vi.fn<(...args: unknown[]) => void>()
      const channel = channelIn('sandbox')
      await subscribed(openOne({ token: token(), channel, onMessage }))
      for (let i = 0; i < 20; i++) expect(await server.publish(channel, { i })).toBe(true)
      await until(() => expect(onMessage).toHaveBeenCalledTimes(20))
      expect(onMessage.mock.calls).toEqual(Array.from({ length: 20 }, (_, i) => [{ i }]))
    })

    test('onPublication has offset and tags as well', async () => {
      const seen: unknown[] = []
      const channel = channelIn('sandbox')
      await subscribed(openOne({ token: token(), channel, onPublication: (publication) => seen.push(publication) }))
      await server.broadcast([channel], 'hello', { tags: { kind: 'greeting' } })
      await until(() => expect(seen).toEqual([{ channel, data: 'hello', offset: 1, tags: { kind: 'greeting' } }]))
    })

    test('payloads are typed by the callback or by the registry', async () => {
      const texts: string[] = []
      const channel = channelIn('sandbox')
      await subscribed(
        openOne({ token: token(), channel, onMessage: (data: { text: string }) => texts.push(data.text) }),
      )
      await server.publish(channel, { text: 'typed' })
      await until(() => expect(texts).toEqual(['typed']))
    })
  })
}

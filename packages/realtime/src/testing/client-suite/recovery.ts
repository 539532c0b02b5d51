/** What was missed while away. */
import { describe, expect, test } from 'vitest'
import * as server from '../../index.ts'
import type { ClientHarness } from './harness.ts'

export function recoveryCases(harness: ClientHarness): void {
  const { openOne, connect, token, until, subscribed, channelIn } = harness

  describe('recovery', () => {
    test('what was published while the client was away arrives once, in order', async () => {
      const user = 'recovery-1'
      const channel = channelIn('sandbox')
      const messages: unknown[] = []
      const recoveries: string[] = []
      let away = false
      /** Finds nobody at the other end while the client is to be away. */
      class GatedWebSocket extends WebSocket {
        constructor(url: string | URL, protocols?: string | string[]) {
          super(away ? 'ws://127.0.0.1:1/' : url, protocols)
        }
      }
      const handle = openOne({
        token: token(user),
        channel,
        onMessage: (data) => messages.push(data),
        onSubscription: (status) => status.state === 'subscribed' && recoveries.push(status.recovery),
        websocket: GatedWebSocket,
      })
      await subscribed(handle)
      await server.publish(channel, 1)
      await until(() => expect(messages).toEqual([1]))
      away = true
      await server.disconnect(user, { code: 4000, reason: 'come back' })
      await until(() => expect(handle.connection.connected).toBe(false))
      for (const data of [2, 3, 4]) await server.publish(channel, data)
      expect(handle.connection.connected).toBe(false)
      away = false
      await until(() => expect(messages).toEqual([1, 2, 3, 4]))
      expect(recoveries).toEqual(['none', 'recovered'])
    })

    test('when the stream was lost the app is told, so that it can reload', async () => {
      const channel = channelIn('sandbox')
      const recoveries: string[] = []
      const handle = openOne({
        token: token('recovery-2'),
        channel,
        onSubscription: (status) => status.state === 'subscribed' && recoveries.push(status.recovery),
      })
      await subscribed(handle)
      await server.publish(channel, 1)
      await harness.real.kill()
      await until(() => expect(handle.connection.connected).toBe(false))
      await harness.real.restart()
      await until(() => expect(recoveries).toEqual(['none', 'failed']))
      expect(handle.subscription).toMatchObject({ state: 'subscribed', position: { offset: 0 } })
    })

    test('can be asked for where the channel only allows it', async () => {
      const channel = channelIn('optional')
      const connection = connect()
      const handle = connection.subscribe({ channel, recoverable: true })
      await until(() => expect(handle.status).toMatchObject({ state: 'subscribed', position: { offset: 0 } }))
    })

    test('a position that the app kept is where it goes on from', async () => {
      const channel = channelIn('sandbox')
      for (const data of [1, 2, 3]) await server.publish(channel, data)
      const { epoch } = await server.history(channel)
      const messages: unknown[] = []
      openOne({ token: token(), channel, since: { offset: 1, epoch }, onMessage: (data) => messages.push(data) })
      await until(() => expect(messages).toEqual([2, 3]))
    })
  })

  test('the client comes back by itself when the server does', async () => {
    const channel = channelIn('sandbox')
    const messages: unknown[] = []
    const handle = openOne({ token: token('back'), channel, onMessage: (data) => messages.push(data) })
    await subscribed(handle)
    await harness.real.kill()
    await until(() => expect(handle.connection.connected).toBe(false))
    await harness.real.restart()
    await subscribed(handle)
    expect(await server.publish(channel, 'again')).toBe(true)
    await until(() => expect(messages).toEqual(['again']))
  })
}

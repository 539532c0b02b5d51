import { expect } from 'vitest'
import { WebSocket } from 'ws'

import type { Area } from '../suite/case.ts'
import type { Listener } from '../support/peer.ts'
import type { Stage } from '../support/stage.ts'
import { waitFor } from '../support/wait-for.ts'

/** What clients send that is none of the protocol's. */
const nonsense = [
  '',
  '\n',
  '{',
  'null',
  '[]',
  '{"id":1}',
  '{"id":1,"connect":{"token":"x"}}',
  '{"id":1,"ping":{}}',
  'x'.repeat(70_000),
]

const largeText = 'x'.repeat(60_000)

const numbersOf = ({ data }: Listener) => data.map((one) => (one as { n: number }).n)

async function clientsIn(stage: Stage, channel: string): Promise<number> {
  const { channels } = await stage.result<{ channels: Record<string, { num_clients: number }> }>('channels', {
    pattern: channel,
  })
  return channels[channel]?.num_clients ?? 0
}

/** One client's trouble is nobody else's. */
export const robustness: Area = {
  name: 'robustness',
  cases: [
    {
      name: 'a client that does not read is closed, the others hear everything',
      async run(stage) {
        const channel = stage.channel('open')
        const [slow, quick] = await Promise.all([stage.connect(), stage.connect()])
        const [slowListener, quickListener] = await Promise.all([slow.subscribe(channel), quick.subscribe(channel)])
        const seen = slow.events.length
        slow.pause()
        // Until the queue of 1 MiB, and all the buffers on the way to it, are full.
        let sent = 0
        while ((await clientsIn(stage, channel)) === 2) {
          await Promise.all(
            Array.from({ length: 10 }, () => stage.publish(channel, { n: (sent += 1), text: largeText })),
          )
          expect(sent, 'publications to a client that does not read').toBeLessThan(2000)
        }
        slow.resume()
        expect(await slow.event('connecting', seen)).toMatchObject({ code: 3008, reason: 'slow' })
        await quickListener.hears(sent)
        const heard = numbersOf(slowListener)
        expect(heard).toEqual(numbersOf(quickListener).slice(0, heard.length))
      },
    },
    {
      name: 'bad input disturbs nobody else',
      async run(stage) {
        const channel = stage.channel('stream')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel)
        for (const [n, text] of nonsense.entries()) {
          const socket = new WebSocket(stage.server.wsUrl)
          socket.on('open', () => socket.send(text))
          await new Promise((resolve) => socket.on('close', resolve))
          await stage.publish(channel, n)
        }
        await listener.hears(nonsense.length)
        expect(listener.data).toEqual(nonsense.map((_, n) => n))
        expect(peer.events.filter(({ name }) => name !== 'connecting')).toMatchObject([{ name: 'connected' }])
      },
    },
    {
      name: 'clients that vanish leave nothing behind',
      async run(stage) {
        const channel = stage.channel('open')
        const peers = await Promise.all(Array.from({ length: 20 }, () => stage.connect()))
        await Promise.all(peers.map((peer) => peer.subscribe(channel)))
        for (const peer of peers) peer.holdUntil(new Promise(() => {}))
        for (const peer of peers) peer.cut()
        await waitFor('an empty channel', async () => (await clientsIn(stage, channel)) === 0)
      },
    },
  ],
}

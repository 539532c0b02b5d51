import { SubscriptionState } from 'centrifuge'
import { expect } from 'vitest'

import type { Area } from '../suite/case.ts'
import type { Listener, Peer } from '../support/peer.ts'
import type { Stage } from '../support/stage.ts'
import { generator, seed } from '../support/random.ts'
import { waitFor } from '../support/wait-for.ts'

const offsets = ({ publications }: Listener) => publications.map(({ offset }) => offset)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** Cuts the line, publishes while nobody listens, and waits until the client is back. */
async function missing(stage: Stage, peer: Peer, listener: Listener, count: number) {
  const seen = listener.events.length
  // It may come back once everything is published.
  let release = () => {}
  const published = new Promise<void>((resolve) => (release = resolve))
  peer.holdUntil(published)
  peer.cut()
  await listener.event('subscribing', seen)
  for (let n = 0; n < count; n += 1) await stage.publish(listener.subscription.channel, 'missed')
  release()
  return listener.event('subscribed', seen)
}

/** What a client missed while it was away. */
export const recovery: Area = {
  name: 'recovery',
  cases: [
    {
      name: 'what was missed comes once, in order, before what is new',
      async run(stage) {
        const channel = stage.channel('stream')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel)
        await stage.publish(channel, 'heard')
        await listener.hears(1)
        expect(await missing(stage, peer, listener, 5)).toMatchObject({
          wasRecovering: true,
          recovered: true,
          hasRecoveredPublications: true,
        })
        await stage.publish(channel, 'new')
        await listener.hears(7)
        expect(offsets(listener)).toEqual(upTo(7))
      },
    },
    {
      name: 'nothing missed is recovered too',
      async run(stage) {
        const channel = stage.channel('stream')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel)
        await stage.publish(channel, 'heard')
        await listener.hears(1)
        expect(await missing(stage, peer, listener, 0)).toMatchObject({
          wasRecovering: true,
          recovered: true,
          hasRecoveredPublications: false,
        })
      },
    },
    {
      name: 'more missed than the history holds is not recovered, and what is new comes',
      async run(stage) {
        const channel = stage.channel('small')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel)
        await stage.publish(channel, 'heard')
        await listener.hears(1)
        expect(await missing(stage, peer, listener, 4)).toMatchObject({ wasRecovering: true, recovered: false })
        await stage.publish(channel, 'new')
        await listener.hears(2)
        expect(offsets(listener)).toEqual([1, 6])
      },
    },
    {
      name: 'without a kept history nothing is recovered',
      async run(stage) {
        const channel = stage.channel('open')
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel)
        expect(await missing(stage, peer, listener, 2)).toMatchObject({ wasRecovering: false, recovered: false })
        await stage.publish(channel, 'new')
        await listener.hears(1)
        expect(listener.data).toEqual(['new'])
      },
    },
    {
      name: 'the epoch of a lost stream is not recovered',
      async run(stage) {
        const channel = stage.channel('stream')
        await stage.publish(channel, 1)
        const peer = await stage.connect()
        const listener = await peer.subscribe(channel, { since: { offset: 1, epoch: 'lost' } })
        expect(await listener.event('subscribed')).toMatchObject({
          wasRecovering: true,
          recovered: false,
          streamPosition: { offset: 1 },
        })
      },
    },
    {
      name: 'a position from elsewhere is recovered from',
      async run(stage) {
        const channel = stage.channel('stream')
        const { epoch } = await stage.publish(channel, 1)
        await stage.publish(channel, 2)
        const listener = await (await stage.connect()).subscribe(channel, { since: { offset: 1, epoch } })
        await listener.hears(1)
        expect(offsets(listener)).toEqual([2])
      },
    },
    {
      name: 'a client may ask for recovery where that is allowed',
      async run(stage) {
        const channel = stage.channel('optional')
        const peer = await stage.connect()
        const [with_, without] = await Promise.all([
          peer.subscribe(channel, { recoverable: true }),
          (await stage.connect()).subscribe(channel),
        ])
        expect(await with_.event('subscribed')).toMatchObject({ recoverable: true, positioned: true })
        expect(await without.event('subscribed')).toMatchObject({ recoverable: false, positioned: false })
        await stage.publish(channel, 1)
        await with_.hears(1)
        expect(await missing(stage, peer, with_, 2)).toMatchObject({ recovered: true })
        expect(offsets(with_)).toEqual(upTo(3))
      },
    },
    {
      name: 'history is read by a client that may',
      async run(stage) {
        const channel = stage.channel('readable')
        const listener = await (await stage.connect()).subscribe(channel)
        const positions = []
        for (const n of upTo(4)) positions.push(await stage.publish(channel, n))
        const epoch = positions[0]?.epoch ?? ''
        const all = await listener.subscription.history({ limit: 100 })
        expect(all).toMatchObject({ offset: 4, epoch })
        expect(all.publications.map(({ data }) => data as number)).toEqual([1, 2, 3, 4])
        const page = await listener.subscription.history({ limit: 2, since: { offset: 1, epoch } })
        expect(page.publications.map(({ offset }) => offset)).toEqual([2, 3])
        const back = await listener.subscription.history({ limit: 2, reverse: true })
        expect(back.publications.map(({ offset }) => offset)).toEqual([4, 3])
        expect(await listener.subscription.history({ limit: 0 })).toMatchObject({ publications: [], offset: 4 })
      },
    },
    {
      name: 'history is not read by a client that may not',
      async run(stage) {
        const peer = await stage.connect()
        await expect(peer.client.history(stage.channel('stream'), { limit: 1 })).rejects.toMatchObject({ code: 103 })
        await expect(peer.client.history(stage.channel('open'), { limit: 1 })).rejects.toMatchObject({ code: 108 })
      },
    },
    {
      name: 'lines that are cut at random lose nothing, double nothing, and keep the order',
      async run(stage) {
        const channel = stage.channel('large')
        const random = generator(seed)
        const peers = await Promise.all([stage.connect(), stage.connect(), stage.connect()])
        const listeners = await Promise.all(peers.map((peer) => peer.subscribe(channel)))
        const total = 250
        for (let n = 1; n <= total; n += 1) {
          const publishing = stage.publish(channel, n)
          if (random() < 0.05) peers[Math.floor(random() * peers.length)]?.cut()
          if (random() < 0.7) await publishing
          if (random() < 0.1) {
            await waitFor('a client that is back', () =>
              listeners.some(({ subscription }) => subscription.state === SubscriptionState.Subscribed),
            )
          }
        }
        for (const listener of listeners) {
          await listener.hears(total)
          expect(offsets(listener), `SEED=${seed}`).toEqual(upTo(total))
        }
      },
    },
  ],
}

// What every broker has to do, run against each of them: the contract in `broker.ts`.
import type { ClientInfo, Publication } from '@backchannel/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Broker, BrokerPublishOptions, HistoryPage, PublishOutcome } from '../broker/broker.ts'

interface BrokerUnderTest {
  readonly broker: Broker
  /** Lets time pass; with a broker that keeps its own time, waits. */
  advance(ms: number): Promise<void> | void
}

const plain: BrokerPublishOptions = {
  historySize: 0,
  historyTtlMs: 0,
  historyMetaTtlMs: 60_000,
  idempotencyKey: '',
  delta: false,
  version: 0,
  versionEpoch: '',
}
const kept: BrokerPublishOptions = { ...plain, historySize: 5, historyTtlMs: 10_000 }

export function brokerSuite(name: string, create: () => BrokerUnderTest): void {
  describe(name, () => {
    let broker: Broker
    let underTest: BrokerUnderTest
    let delivered: { channel: string; publication: Publication; epoch: string; delta: boolean }[]
    let memberships: { channel: string; event: 'join' | 'leave'; info: ClientInfo }[]

    beforeEach(async () => {
      underTest = create()
      broker = underTest.broker
      delivered = []
      memberships = []
      await broker.open({
        publication: (channel, publication, epoch, delta) => delivered.push({ channel, publication, epoch, delta }),
        membership: (channel, event, info) => memberships.push({ channel, event, info }),
      })
      await broker.subscribe('c')
    })

    afterEach(() => broker.close())

    const publish = async (data: unknown, options = kept, channel = 'c'): Promise<PublishOutcome> =>
      broker.publish(channel, { data: JSON.stringify(data) }, options)

    const read = async (query: Partial<Parameters<Broker['history']>[1]> = {}): Promise<HistoryPage> =>
      broker.history('c', { limit: -1, reverse: false, historyMetaTtlMs: 60_000, ...query })

    const offsets = (page: HistoryPage): number[] => page.publications.map(({ offset }) => offset)

    test('without history nothing is kept and nothing has an offset', async () => {
      expect(await publish(1, plain)).toEqual({ offset: 0, epoch: '' })
      expect(delivered.map(({ publication }) => publication.offset)).toEqual([0])
    })

    test('offsets are dense, the epoch stays, the first publication carries it', async () => {
      const outcomes = [await publish('a'), await publish('b'), await publish('c')]
      expect(outcomes.map(({ offset }) => offset)).toEqual([1, 2, 3])
      expect(new Set(outcomes.map(({ epoch }) => epoch)).size).toBe(1)
      expect(delivered.map(({ publication }) => publication.epoch !== undefined)).toEqual([true, false, false])
      expect(delivered.map(({ publication }) => publication.data)).toEqual(['"a"', '"b"', '"c"'])
    })

    test('what was published with delta is delivered with it', async () => {
      await publish('a', { ...kept, delta: true })
      await publish('b')
      expect(delivered.map(({ delta }) => delta)).toEqual([true, false])
    })

    test('who comes and goes is told, and kept nowhere', async () => {
      const info = { user: 'u', client: 'x' }
      await broker.publishMembership('c', 'join', info)
      await broker.publishMembership('c', 'leave', info)
      expect(memberships).toEqual([
        { channel: 'c', event: 'join', info },
        { channel: 'c', event: 'leave', info },
      ])
      expect((await read()).position.offset).toBe(0)
    })

    test('only the newest are kept', async () => {
      for (let index = 0; index < 500; index++) await publish(index)
      expect(offsets(await read())).toEqual([496, 497, 498, 499, 500])
    })

    test('history reads forward and backward, from a position on, with a limit', async () => {
      for (let index = 0; index < 5; index++) await publish(index)
      const { epoch } = (await read()).position
      expect(offsets(await read({ limit: 2 }))).toEqual([1, 2])
      expect(offsets(await read({ since: { offset: 2, epoch } }))).toEqual([3, 4, 5])
      expect(offsets(await read({ since: { offset: 2, epoch }, limit: 1 }))).toEqual([3])
      expect(offsets(await read({ since: { offset: 9, epoch } }))).toEqual([])
      expect(offsets(await read({ reverse: true, limit: 2 }))).toEqual([5, 4])
      expect(offsets(await read({ reverse: true, since: { offset: 3, epoch } }))).toEqual([2, 1])
      expect(offsets(await read({ limit: 0 }))).toEqual([])
      expect((await read({ limit: 0 })).position.offset).toBe(5)
    })

    test('a read makes the stream: the epoch that it saw is the one of what comes', async () => {
      const { position } = await read({ limit: 0 })
      expect(position.offset).toBe(0)
      expect((await publish('a')).epoch).toBe(position.epoch)
    })

    test('the time to live slides with every publication; the position outlives it', async () => {
      await publish('a')
      await underTest.advance(8000)
      await publish('b')
      await underTest.advance(8000)
      expect(offsets(await read())).toEqual([1, 2])
      await underTest.advance(2500)
      const { publications, position } = await read()
      expect(publications).toEqual([])
      expect(position.offset).toBe(2)
      expect((await publish('c')).offset).toBe(3)
    })

    test('position and epoch go when the stream was not used for long', async () => {
      const first = await publish('a')
      await underTest.advance(50_000)
      await read()
      await underTest.advance(50_000)
      expect((await read()).position).toEqual(first)
      await underTest.advance(61_000)
      const second = await publish('b')
      expect(second.offset).toBe(1)
      expect(second.epoch).not.toBe(first.epoch)
    })

    test('removing the history keeps the position', async () => {
      const { epoch } = await publish('a')
      await broker.removeHistory('c')
      expect(await read()).toEqual({ publications: [], position: { offset: 1, epoch } })
    })

    test('a repeat by idempotency key answers the first result and delivers nothing', async () => {
      const first = await publish('a', { ...kept, idempotencyKey: 'k' })
      expect(await publish('b', { ...kept, idempotencyKey: 'k' })).toEqual(first)
      expect(await publish('x', { ...kept, idempotencyKey: 'k' }, 'other')).toMatchObject({ offset: 1 })
      await underTest.advance(4 * 60_000)
      expect(await publish('c', { ...kept, idempotencyKey: 'k' })).toEqual(first)
      await underTest.advance(2 * 60_000)
      await publish('d', { ...kept, idempotencyKey: 'k' })
      const inChannel = delivered.filter(({ channel }) => channel === 'c')
      expect(inChannel.map(({ publication }) => publication.data)).toEqual(['"a"', '"d"'])
    })

    test('a repeat without history delivers nothing either', async () => {
      await publish('a', { ...plain, idempotencyKey: 'k' })
      await publish('a', { ...plain, idempotencyKey: 'k' })
      expect(delivered).toHaveLength(1)
    })

    test('a version that was overtaken is skipped and answers the top; another version epoch begins anew', async () => {
      const versioned = (version: number, versionEpoch = ''): BrokerPublishOptions => ({
        ...kept,
        version,
        versionEpoch,
      })
      await publish('v5', versioned(5))
      expect(await publish('v5 again', versioned(5))).toMatchObject({ offset: 1 })
      expect(await publish('v4', versioned(4))).toMatchObject({ offset: 1 })
      expect(await publish('v6', versioned(6))).toMatchObject({ offset: 2 })
      expect(await publish('v1 of x', versioned(1, 'x'))).toMatchObject({ offset: 3 })
      expect(delivered.map(({ publication }) => publication.data)).toEqual(['"v5"', '"v6"', '"v1 of x"'])
      expect(delivered.map(({ publication }) => publication.version)).toEqual([5, 6, 1])
    })
  })
}

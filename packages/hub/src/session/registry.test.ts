import { expect, test } from 'vitest'
import type { Broker } from '../broker/broker.ts'
import { Flusher } from '../fanout/fanout.ts'
import { Registry } from './registry.ts'
import { failOnReport } from '../testing/fail-on-report.ts'
import { TestClock } from '../testing/test-clock.ts'

/** A broker whose answers the test gives, one by one. */
function recordingBroker(): {
  broker: Broker
  calls: string[]
  answer: () => Promise<void>
  fail: () => Promise<void>
} {
  const calls: string[] = []
  const open: { resolve: () => void; reject: (error: Error) => void }[] = []
  const call = (name: string): Promise<void> => {
    calls.push(name)
    return new Promise((resolve, reject) => open.push({ resolve, reject }))
  }
  const settle = async (how: (entry: (typeof open)[number]) => void): Promise<void> => {
    const entry = open.shift()
    if (entry) how(entry)
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  return {
    calls,
    answer: () => settle((entry) => entry.resolve()),
    fail: () => settle((entry) => entry.reject(new Error('connection lost'))),
    broker: {
      open: () => {},
      close: () => {},
      subscribe: (channel) => call(`subscribe ${channel}`),
      unsubscribe: (channel) => call(`unsubscribe ${channel}`),
      publish: () => ({ offset: 0, epoch: '' }),
      publishMembership: () => {},
      history: () => ({ publications: [], position: { offset: 0, epoch: '' } }),
      removeHistory: () => {},
    },
  }
}

test('a channel that is left and wanted again waits until the broker has let go', async () => {
  const { broker, calls, answer } = recordingBroker()
  const registry = new Registry(broker, new Flusher(new TestClock(), failOnReport), () => {})
  const { channel } = registry.acquire('c')
  await answer()
  registry.release(channel)
  expect(registry.channelCount).toBe(0)
  registry.acquire('c')
  await answer()
  expect(calls).toEqual(['subscribe c', 'unsubscribe c', 'subscribe c'])
})

test('a channel that is left before the broker has answered is left in this order too', async () => {
  const { broker, calls, answer } = recordingBroker()
  const registry = new Registry(broker, new Flusher(new TestClock(), failOnReport), () => {})
  registry.release(registry.acquire('c').channel)
  expect(calls).toEqual(['subscribe c'])
  await answer()
  expect(calls).toEqual(['subscribe c', 'unsubscribe c'])
})

test('a failing unsubscribe is reported and the channel can be had again', async () => {
  const { broker, calls, answer, fail } = recordingBroker()
  const reported: unknown[] = []
  const registry = new Registry(broker, new Flusher(new TestClock(), failOnReport), (error) => reported.push(error))
  const { channel } = registry.acquire('c')
  await answer()
  registry.release(channel)
  await fail()
  expect(reported).toHaveLength(1)
  registry.acquire('c')
  expect(calls.at(-1)).toBe('subscribe c')
})

test('a broker that throws at once leaves no channel that nothing is delivered to', () => {
  const { broker } = recordingBroker()
  const failure = new Error('not connected')
  const failing = (): never => {
    throw failure
  }
  const reported: unknown[] = []
  const flusher = new Flusher(new TestClock(), failOnReport)
  const registry = new Registry({ ...broker, subscribe: failing }, flusher, () => {})
  expect(() => registry.acquire('c')).toThrow(failure)
  expect(registry.channelCount).toBe(0)
  const leaving = new Registry({ ...broker, subscribe: () => {}, unsubscribe: failing }, flusher, (error) =>
    reported.push(error),
  )
  leaving.release(leaving.acquire('c').channel)
  expect(reported).toEqual([failure])
  expect(leaving.channelCount).toBe(0)
})

test('a second subscriber waits for the first one’s channel and asks the broker nothing', () => {
  const { broker, calls } = recordingBroker()
  const registry = new Registry(broker, new Flusher(new TestClock(), failOnReport), () => {})
  const first = registry.acquire('c')
  const second = registry.acquire('c')
  expect(second.channel).toBe(first.channel)
  expect(second.ready).toBe(first.ready)
  expect(calls).toEqual(['subscribe c'])
})

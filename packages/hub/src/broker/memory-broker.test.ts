import { expect, test } from 'vitest'
import { MemoryBroker } from './memory-broker.ts'
import { brokerSuite } from '../testing/broker-suite.ts'
import { delayedBroker } from '../testing/delayed.ts'
import { TestClock } from '../testing/test-clock.ts'

brokerSuite('in memory', () => {
  const clock = new TestClock()
  return { broker: new MemoryBroker(clock), advance: (ms) => clock.advance(ms) }
})

brokerSuite('in memory, answering late', () => {
  const clock = new TestClock()
  return { broker: delayedBroker(new MemoryBroker(clock)), advance: (ms) => clock.advance(ms) }
})

const kept = {
  historySize: 3,
  historyTtlMs: 1000,
  historyMetaTtlMs: 5000,
  idempotencyKey: '',
  delta: false,
  version: 0,
  versionEpoch: '',
}

test('the memory broker answers at once and has delivered before it returns', () => {
  const broker = new MemoryBroker(new TestClock())
  let delivered = 0
  broker.open({ publication: () => delivered++, membership: () => {} })
  expect(broker.publish('c', { data: '1' }, kept)).toMatchObject({ offset: 1 })
  expect(delivered).toBe(1)
})

test('streams and remembered keys do not stay for ever', () => {
  const clock = new TestClock()
  const broker = new MemoryBroker(clock)
  broker.open({ publication: () => {}, membership: () => {} })
  for (let index = 0; index < 1000; index++) {
    broker.publish(`c${index}`, { data: '1' }, { ...kept, idempotencyKey: 'k' })
    clock.advance(1)
  }
  expect(broker.size).toEqual({ streams: 1000, results: 1000 })
  clock.advance(6000)
  expect(broker.size).toEqual({ streams: 0, results: 1000 })
  clock.advance(5 * 60_000)
  expect(broker.size).toEqual({ streams: 0, results: 0 })
  expect(clock.pending).toBe(0)
})

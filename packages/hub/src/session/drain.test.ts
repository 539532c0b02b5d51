import { expect, test } from 'vitest'
import { createTestHub } from '../testing/test-hub.ts'

/** Lets what waits for a promise go on. */
async function turn(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve()
}

test('clients are told to come back one after the other, and who waits is served', async () => {
  const hub = createTestHub()
  const peers = Array.from({ length: 10 }, (_, index) => hub.connected(`user${index}`))
  const told = (): number => peers.filter(({ closed }) => closed !== undefined).length

  const drained = hub.core.drain(1000)
  expect(hub.core.isOpen).toBe(false)
  expect(told()).toBe(1)
  const counts = [told()]
  for (let step = 0; step < 9; step++) {
    const last = peers.at(-1)
    last?.send({ id: 100 + step, subscribe: { channel: `open:${step}` } })
    hub.clock.advance(100)
    expect(last?.reply(100 + step)).toHaveProperty('subscribe')
    await turn()
    counts.push(told())
  }
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  await drained
  expect(peers.map(({ closed }) => closed?.code)).toEqual(Array.from({ length: 10 }, () => 3001))
  hub.close()
})

test('more clients than steps are told in groups of one size, and nobody waits for nobody', async () => {
  const hub = createTestHub()
  const peers = Array.from({ length: 12 }, (_, index) => hub.connected(`user${index}`))
  const told = (): number => peers.filter(({ closed }) => closed !== undefined).length
  const drained = hub.core.drain(80)
  expect(told()).toBe(3)
  for (const count of [6, 9, 12]) {
    hub.clock.advance(20)
    await turn()
    expect(told()).toBe(count)
  }
  await drained
  hub.close()

  const empty = createTestHub()
  await empty.core.drain(1000)
  empty.close()
})

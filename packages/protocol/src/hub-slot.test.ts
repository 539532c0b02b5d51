import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type * as hubSlot from './hub-slot.ts'
import type { HubSlot } from './hub-slot.ts'

const symbol = Symbol.for('backchannel.hub@1')

type Slot = typeof hubSlot

/** A copy of the module with variables of its own, as a framework's bundle has one. */
async function freshCopy(): Promise<Slot> {
  vi.resetModules()
  return await import('./hub-slot.ts')
}

function hub(id: string): HubSlot {
  return {
    version: 1,
    id,
    call: () => ({ error: { code: 104, message: 'not found' } }),
    batch: () => Promise.resolve({ replies: [] }),
    tokenKey: () => 'key',
    subscriptionTokenKey: () => 'key',
    websocketUrl: () => `ws://${id}`,
  }
}

let slot: Slot

beforeEach(async () => {
  slot = await freshCopy()
})

afterEach(() => {
  Reflect.deleteProperty(globalThis, symbol)
})

test('is empty until a hub starts', () => {
  expect(slot.currentHub()).toBeUndefined()
})

test('the last hub that started is found', () => {
  const [first, second] = [hub('first'), hub('second')]
  slot.occupyHubSlot(first)
  expect(slot.currentHub()).toBe(first)
  slot.occupyHubSlot(second)
  expect(slot.currentHub()).toBe(second)
})

test('only the hub that holds the slot can leave it', () => {
  const [first, second] = [hub('first'), hub('second')]
  slot.occupyHubSlot(first)
  slot.occupyHubSlot(second)
  slot.vacateHubSlot(first)
  expect(slot.currentHub()).toBe(second)
  slot.vacateHubSlot(second)
  expect(slot.currentHub()).toBeUndefined()
  slot.vacateHubSlot(second)
  expect(slot.currentHub()).toBeUndefined()
})

test('two copies of the module share the slot', async () => {
  const other = await freshCopy()
  expect(other.currentHub).not.toBe(slot.currentHub)
  const first = hub('first')
  slot.occupyHubSlot(first)
  expect(other.currentHub()).toBe(first)
  other.vacateHubSlot(hub('another'))
  expect(slot.currentHub()).toBe(first)
  other.vacateHubSlot(hub('first'))
  expect(slot.currentHub()).toBeUndefined()
})

test('it lies where the documents say', () => {
  const first = hub('first')
  slot.occupyHubSlot(first)
  expect(Reflect.get(globalThis, symbol)).toBe(first)
})
